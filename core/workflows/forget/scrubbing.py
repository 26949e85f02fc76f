"""Everything that held forgotten rows, replaced by the same without them; the old datasets go last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from core.base.faults import reached
from core.workflows.forget.places import scrub_encoders, scrub_queues, scrub_vectors, sweep_copies
from core.workflows.forget.receipt import concerned
from core.workflows.forget.rows import versions_of_workspace
from core.workflows.forget.versions import Gone, holds_anything, rewrite
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace


def scrub(plan: Mapping[str, Any], gone: Gone, receipt: Mapping[str, Any], workspace: Workspace) -> None:
    """Replace datasets and versions by ones without the rows; the old datasets go last."""
    home, registry = workspace.home, workspace.registry
    _replace_datasets(gone, workspace)
    for version, folder in list(versions_of_workspace(workspace)):
        if holds_anything(folder, gone):
            registry.rewrite(version.classifier, version.number, lambda path: rewrite(VersionFolder(path), gone))
        reached("forget.version")
    for path in list(registry.unknown()):
        folder = VersionFolder(registry.files.place_of(path.name))
        if holds_anything(folder, gone):
            registry.files.rewrite(folder.path, lambda copy: rewrite(VersionFolder(copy), gone))
    registry.files.drop_unused()
    scrub_queues(home, gone)
    scrub_encoders(workspace, gone)
    scrub_vectors(workspace, gone)
    sweep_copies(workspace, concerned(plan, receipt), plan["rows"])
    for identity in plan["rows"]:
        workspace.datasets.erase(identity)
        reached("forget.deleted")


def _replace_datasets(gone: Gone, workspace: Workspace) -> None:
    for identity in _parents_first(gone.datasets, workspace):
        dataset = gone.datasets[identity]
        kept = np.setdiff1d(np.arange(len(dataset)), gone.rows[identity])
        old = workspace.datasets.info(identity)
        source = {**old.source, "forgotten": len(dataset) - len(kept) + int(old.source.get("forgotten", 0))}
        if old.source.get("parent") in gone.replaced:
            source["parent"] = gone.replaced[old.source["parent"]]
        if len(kept):
            fresh = workspace.datasets.save(
                dataset.take(kept), name=old.name, roles=old.roles, source=source, synthetic=old.synthetic
            )
            gone.replaced[identity] = fresh.id
        reached("forget.dataset")


def _parents_first(datasets: Collection[str], workspace: Workspace) -> list[str]:
    """The datasets in an order in which none comes before the one that it was made of."""
    ordered: list[str] = []

    def add(identity: str) -> None:
        if identity in datasets and identity not in ordered:
            add(str(workspace.datasets.info(identity).source.get("parent", "")))
            ordered.append(identity)

    for identity in datasets:
        add(identity)
    return ordered
