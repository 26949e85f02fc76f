"""What a workspace keeps: datasets, waiting corrections, and whatever else has a list and can be deleted."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from core.base.config import home, parse_assignments
from core.base.errors import DataError
from core.cli.printing import show, tell
from core.cli.progress import consume, working
from core.cli.tables import load, load_unlabelled, save
from core.cli.workflow import version_of
from core.data.dataset.label_tree import placed
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.data.quality import Finding, steps_of
from core.data.recipe import DropLabels, RenameLabels
from core.networks.pretrained import EncoderStore
from core.registry import Registry
from core.registry.records import ComparisonStore, InspectionStore, SearchStore
from core.tasks import DEFAULT, TASKS, task_of
from core.upkeep.deleting import delete_model
from core.workflows.recipes import save_cleaned
from core.workflows.requests import DataConfig
from core.workflows.workspace import open_workspace

if TYPE_CHECKING:
    from core.data.recipe import Step

# Command → what keeps things of a kind, and the facts that make a line of a list; the first names it.
KEPT: dict[str, tuple[Any, tuple[str, ...]]] = {
    "datasets": (DatasetStore, ("id", "name", "rows", "created")),
    "classifiers": (Registry, ("name", "versions", "champion", "created")),
    "encoders": (EncoderStore, ("reference", "parameters", "installed", "licence")),
    "comparisons": (ComparisonStore, ("id", "name", "created", "best")),
    "searches": (SearchStore, ("id", "model", "best")),
    "sessions": (LabellingStore, ("id", "name", "rows", "created")),
}


def kept(asked: argparse.Namespace) -> None:
    """List what there is of a kind, or delete one of it by its id or name."""
    kind, columns = KEPT[asked.command]
    store = kind(home())
    infos = store.classifiers() if isinstance(store, Registry) else store.list()
    entries = [info if isinstance(info, dict) else asdict(info) for info in infos]
    if asked.verb == "list":
        _list(asked, entries, columns)
        return
    names = [str(entry[columns[0]]) for entry in entries]
    wanted = [name for name, entry in zip(names, entries, strict=True) if asked.name in (name, entry.get("name"))]
    if not wanted:
        raise DataError(
            "data.not_kept",
            "There is no '{name}' among the {kind}. There are: {known}.",
            name=asked.name,
            kind=asked.command,
            known=names or ["–"],
        )
    with working(alone=asked.command in ("classifiers", "datasets")):  # a run may still need them
        if asked.command == "classifiers":
            delete_model(home(), wanted[0])
        else:
            store.delete(wanted[0])
    tell(asked, {"kind": asked.command, "deleted": wanted[0]}, f"'{asked.name}' is deleted.")


def datasets(asked: argparse.Namespace) -> None:
    if asked.verb not in ("save", "clean"):
        kept(asked)
        return
    with working():
        if asked.verb == "save":
            loaded = load_unlabelled(asked) if asked.label is None else load(asked)
            name = asked.name or loaded.name
            stored = save(replace(loaded, name=name), open_workspace(home()))
            if stored.name != name:
                sys.stderr.write(
                    f"The very same rows were saved before, as '{stored.name}'; they are kept once, so '{name}' was not added.\n"
                )
        else:
            stored = _cleaned(asked)
    tell(asked, asdict(stored), f"Dataset '{stored.name}' ({stored.id}): {stored.rows:,} rows.")


def encoders(asked: argparse.Namespace) -> None:
    if asked.verb != "recommend":
        kept(asked)
        return
    from core.workflows.train.encoders import Advice, recommend  # loads torch, which a list does without

    workspace = open_workspace(home())
    stored = workspace.datasets.find(asked.dataset)
    dataset = workspace.datasets.load(stored.id)
    task = next(task for task in TASKS.values() if task.reads == stored.kind)
    advice = consume(recommend(dataset, stored.language, task, DataConfig(), asked.minutes, workspace.sources))
    assert isinstance(advice, Advice)
    show(asked, advice.to_dict(), str(advice.reason))


def _cleaned(asked: argparse.Namespace) -> StoredDataset:
    store = DatasetStore(home())
    before = store.find(asked.dataset)
    steps = _fixes(asked.fix, before)
    if asked.drop_labels:
        steps.append(DropLabels(labels=tuple(asked.drop_labels)))
    if asked.rename:
        steps.append(RenameLabels(names=parse_assignments(asked.rename)))
    if asked.parent:
        steps.append(RenameLabels(names=placed(parse_assignments(asked.parent))))
    return save_cleaned(open_workspace(home()), before.id, steps, asked.name)


def _fixes(wanted: list[str], dataset: StoredDataset) -> list[Step]:
    """The steps of these fixes of the last inspection, each named by its finding's kind and its own name."""
    inspection = InspectionStore(home()).get(dataset.id) or {"findings": []}
    findings = [Finding.from_dict(finding) for finding in inspection["findings"]]
    known = {f"{finding.kind}.{fix.name}": fix for finding in findings for fix in finding.fixes}
    for name in wanted:
        if name not in known:
            raise DataError(
                "recipe.no_fix",
                "The last inspection of '{dataset}' offers no fix '{name}'. It offers: {known}.",
                dataset=dataset.name,
                name=name,
                known=list(known) or ["–"],
            )
    return steps_of(known[name] for name in wanted)


def corrections(asked: argparse.Namespace) -> None:
    queue = Corrections(home())
    if asked.verb == "list":
        waiting = [asdict(correction) for correction in queue.list(asked.classifier)]
        _list(asked, waiting, ("label", "predicted", "version", "text"))
        return
    if asked.verb == "add":
        version = version_of(asked)[1]
        task = task_of(str(version.summary.get("task", DEFAULT)))
        if not task.reads_targets:
            raise DataError(
                "data.no_targets",
                "'{classifier}' learns from texts alone, so there is no answer to be corrected.",
                classifier=asked.classifier,
            )
        queue.add(asked.classifier, asked.text, asked.label, predicted=asked.predicted, version=version.number)
    else:
        queue.remove(asked.classifier, {asked.text})
    content = {"classifier": asked.classifier, "waiting": queue.count(asked.classifier)}
    tell(asked, content, f"Corrections that wait for the next update of '{asked.classifier}': {content['waiting']}.")


def _list(asked: argparse.Namespace, entries: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Everything as objects under the command's name, or a line of a few facts each."""
    lines = ["  ".join(str(entry.get(column, "")) for column in columns) for entry in entries]
    show(asked, {asked.command: entries}, "\n".join(lines))
