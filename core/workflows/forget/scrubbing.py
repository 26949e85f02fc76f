"""Everything that held forgotten rows, replaced by the same without them; the old datasets go last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.base.faults import reached
from core.base.integrity import add_facts, read_record
from core.workflows.forget.places import point_to, scrub_encoders, scrub_queues, scrub_vectors, sweep_copies
from core.workflows.forget.receipt import concerned
from core.workflows.forget.rows import versions_of_workspace
from core.workflows.forget.versions import Gone, holds_anything, rewrite
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.summary import summary_of
from core.workflows.workspace import Workspace


def scrub(plan: Mapping[str, Any], gone: Gone, receipt: Mapping[str, Any], workspace: Workspace) -> None:
    """Replace datasets and versions by ones without the rows; the old datasets go last."""
    home, registry = workspace.home, workspace.registry
    _replace_datasets(gone, workspace)
    _rewrite_versions(gone, workspace)
    _rewrite_unknown(gone, workspace)
    registry.files.drop_unused()
    scrub_queues(home, gone)
    scrub_encoders(workspace, gone)
    scrub_vectors(workspace, gone)
    point_to(gone.replaced, home)
    sweep_copies(workspace, concerned(plan, receipt), plan["rows"])
    for identity in plan["rows"]:
        workspace.datasets.erase(identity)
        reached("forget.deleted")


def _rewrite_versions(gone: Gone, workspace: Workspace) -> None:
    """Parents come before what was made from them, since these are measured beside them."""
    registry = workspace.registry
    folders: dict[tuple[str, int | None], VersionFolder] = {}
    for version, folder in list(versions_of_workspace(workspace)):
        parent = folders.get((version.classifier, version.parent))
        if holds_anything(folder, gone):
            change = partial(_rewrite, gone=gone, parent=parent)
            registry.rewrite(version.classifier, version.number, change)
        # Also where a killed process had rewritten the files.
        registry.note_summary(version.classifier, version.number, summary_of(folder.report()))
        folders[version.classifier, version.number] = folder
        reached("forget.version")


def _rewrite_unknown(gone: Gone, workspace: Workspace) -> None:
    """The same for versions of which the database knows nothing; who each one's parent is, its record tells."""
    registry = workspace.registry
    paths = [registry.files.place_of(path.name) for path in registry.unknown()]
    known = sorted(((read_record(path), path) for path in paths), key=lambda pair: pair[0].get("number") or 0)
    folders: dict[tuple[Any, Any], VersionFolder] = {}
    for record, path in known:
        folder, classifier = VersionFolder(path), record.get("classifier")
        if holds_anything(folder, gone):
            change = partial(_rewrite, gone=gone, parent=folders.get((classifier, record.get("parent"))))
            registry.files.rewrite(path, change)
        if record:
            add_facts(path, summary=summary_of(folder.report()))
        folders[classifier, record.get("number")] = folder


def _rewrite(copy: Path, gone: Gone, parent: VersionFolder | None) -> None:
    rewrite(VersionFolder(copy), gone, parent)


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
