"""Forget rows: take them out of everything that is stored, and out of the weights where that can be done exactly.

A closed-form head is a sum over rows, so rows can be subtracted again: the new version equals one that never met them.
Weights learned step by step cannot be cleaned that way; they carry the rows until a joint retrain, and the receipt
names the versions that do.

A killed run is begun again: the new version comes first, while the rows are still there to be subtracted; each dataset
and each version is then replaced whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.config import Config
from core.data import Split, TextDataset
from core.data.corrections import Corrections
from core.data.labelling import LabellingStore
from core.errors import DataError, RegistryError
from core.events import RunStarted, StageStarted
from core.messages import message
from core.records import new_id, save_receipt
from core.registry import VersionInfo
from core.standings.answers import FOLDER as ANSWERS
from core.workflows.exact import exact_version, learned_examples, subtract
from core.workflows.forget_generators import generator_traces, loses_a_test, scrub_generators
from core.workflows.forget_rows import text_digest, versions_of, versions_of_workspace
from core.workflows.producing import Completed
from core.workflows.running import ShouldStop, parts_of, recorded_run, run_of
from core.workflows.version import PARTS, VersionFolder
from core.workflows.workspace import Workspace


class ForgetRequest(Config):
    """Rows to forget, as `find_rows` found them: by number and by hash, so that the request itself holds no text.

    Parameters
    ----------
    rows
        Dataset → row numbers.
    digests
        Of the texts.
    asked
        ``texts`` and ``groups``: how many the person named.
    not_found
        Likewise: which of them are nowhere, by line of the list or place in the request, counted from 1.
    """

    classifier: str
    rows: dict[str, list[int]]
    digests: list[str]
    asked: dict[str, int] = {}
    not_found: dict[str, list[int]] = {}


@dataclass(frozen=True)
class Forgotten:
    """The last event: where the receipt is, and the version without the rows, if one could be made."""

    receipt: str
    version: int | None


def forget_rows(
    request: ForgetRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Remove rows from every dataset, memory, frozen test and queue of the workspace; `Forgotten` comes last.

    When the champion's head is in closed form, a candidate version without the rows is made first; nothing is promoted.

    Raises
    ------
    RegistryError
        When the versions lie on a server, where their files cannot be rewritten. Nothing has been changed then.
    """
    yield StageStarted(message("stage.forget_read", "Reading the rows to forget."), 0.0)
    if workspace.registry.on_server:
        raise RegistryError(
            "forget.on_server",
            "The versions of '{classifier}' lie on an MLflow server, and files there cannot be rewritten from here. "
            "Nothing was changed. Train it again without these rows, and delete the old versions on the server.",
            classifier=request.classifier,
        )
    _check_tests(request, workspace)
    datasets = {identity: workspace.datasets.load(identity) for identity in request.rows}
    run_id = run_of(workspace.registry, parts_of(resume)[0], lambda: _start_run(request, workspace))
    yield RunStarted(run_id)
    with recorded_run(workspace.registry, run_id, should_stop):
        champion = workspace.registry.champion(request.classifier)
        if champion is not None and _made_by(run_id, request, workspace) is None:
            for event in exact_version(champion, request.rows, datasets, workspace, run_id):
                if not isinstance(event, Completed):
                    yield event
        exact = _made_by(run_id, request, workspace)
        yield StageStarted(message("stage.forget_remove", "Removing the rows from datasets and versions."), 0.99)
        receipt = _receipt(request, datasets, workspace, exact)
        _scrub(request, datasets, workspace, receipt)
        shutil.rmtree(workspace.sources.features, ignore_errors=True)  # of all texts; those that stay are encoded again
        shutil.rmtree(workspace.home / ANSWERS, ignore_errors=True)  # to tests that held the rows
        shutil.rmtree(workspace.registry.files.summaries, ignore_errors=True)  # the rows are counted in them
        save_receipt(receipt, workspace.home)
    yield Forgotten(receipt["id"], exact["version"] if exact is not None else None)


def _start_run(request: ForgetRequest, workspace: Workspace) -> str:
    return workspace.registry.start_run("forget", request.classifier, {"rows": len(request.digests)})


def _check_tests(request: ForgetRequest, workspace: Workspace) -> None:
    """A frozen test must keep some rows, or nothing could be measured on it any more."""
    lost = loses_a_test(workspace.home, request.digests)
    if lost is not None:
        raise _whole_test(*lost)
    for version, folder in versions_of_workspace(workspace):
        for record in folder.experiences():
            left = np.setdiff1d(folder.rows_of(record.number, "test"), request.rows.get(record.dataset, []))
            if record.dataset in request.rows and not len(left):
                raise _whole_test(version.classifier, version.number, record.name)


def _whole_test(classifier: str, version: int, name: str) -> DataError:
    return DataError(
        "forget.whole_test",
        "These are all test rows of '{name}', so version {version} of '{classifier}' could not be measured "
        "any more. Nothing was changed. Delete the classifier instead, or forget fewer rows.",
        name=name,
        version=version,
        classifier=classifier,
    )


def _made_by(run_id: str, request: ForgetRequest, workspace: Workspace) -> dict[str, Any] | None:
    """The version without the rows that this run made, perhaps before it was interrupted."""
    for version, folder in versions_of(request.classifier, workspace):
        if version.run_id == run_id:
            return {"version": version.number, "parent": version.parent, **folder.report()["forgotten"]}
    return None


def _receipt(
    request: ForgetRequest, datasets: Mapping[str, TextDataset], workspace: Workspace, exact: dict[str, Any] | None
) -> dict[str, Any]:
    """What is about to be removed, and which versions carry it in their weights; no text and no name of a person."""
    versions = [
        _traces(version, folder, request)
        for version, folder in versions_of_workspace(workspace)
        if _concerned(version, folder, request)
        if exact is None or (version.classifier, version.number) != (request.classifier, exact["version"])
    ]
    return {
        "id": new_id(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "classifier": request.classifier,
        "asked": request.asked,
        "not_found": request.not_found,
        "datasets": [
            {
                "name": workspace.datasets.info(identity).name,
                "rows": len(set(rows)),
                "left": len(datasets[identity]) - len(set(rows)),
            }
            for identity, rows in request.rows.items()
        ],
        "versions": [trace for trace in versions if any(trace[part] for part in (*PARTS, "memory"))],
        "generators": generator_traces(workspace.home, request.digests),
        "exact": exact,
        "corrections": 0,
    }


def _traces(version: VersionInfo, folder: VersionFolder, request: ForgetRequest) -> dict[str, Any]:
    """How many of the rows a version was trained, validated and tested on, and remembers."""
    counts = dict.fromkeys(PARTS, 0)
    for record in folder.experiences():
        for part in PARTS:
            gone = request.rows.get(record.dataset, [])
            counts[part] += len(np.intersect1d(folder.rows_of(record.number, part), gone))
    rows = folder.load_state().get("memory", {"rows": {}})["rows"].values()
    memory = sum(text_digest(kept[0]) in set(request.digests) for some in rows for kept in some)
    return {"classifier": version.classifier, "version": version.number, **counts, "memory": memory}


def _scrub(
    request: ForgetRequest, datasets: Mapping[str, TextDataset], workspace: Workspace, receipt: dict[str, Any]
) -> None:
    """Replace datasets and versions by ones without the rows; the old datasets go last."""
    replaced: dict[str, str] = {}
    for identity in _parents_first(datasets, workspace):
        dataset = datasets[identity]
        kept = np.setdiff1d(np.arange(len(dataset)), request.rows[identity])
        old = workspace.datasets.info(identity)
        source = {**old.source, "forgotten": len(dataset) - len(kept) + int(old.source.get("forgotten", 0))}
        if old.source.get("parent") in replaced:
            source["parent"] = replaced[old.source["parent"]]
        if len(kept):
            fresh = workspace.datasets.save(
                dataset.take(kept), name=old.name, roles=old.roles, source=source, synthetic=old.synthetic
            )
            replaced[identity] = fresh.id
    stored = frozenset(dataset.id for dataset in workspace.datasets.list())
    for version, folder in list(versions_of_workspace(workspace)):
        if _concerned(version, folder, request):
            workspace.registry.rewrite(
                version.classifier,
                version.number,
                lambda path: _rewrite(VersionFolder(path), request, datasets, replaced, stored),
            )
    scrub_generators(workspace.home, request.digests)
    wanted = set(request.digests)
    receipt["labelling"] = LabellingStore(workspace.home).forget(lambda text: text_digest(text) in wanted)
    receipt["corrections"] = Corrections(workspace.home).forget(lambda text: text_digest(text) in wanted)
    for identity in datasets:
        workspace.datasets.delete(identity)


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


def _concerned(version: VersionInfo, folder: VersionFolder, request: ForgetRequest) -> bool:
    """Whether a version may keep any of the rows: all of the classifier's, and others that learned from these datasets."""
    return version.classifier == request.classifier or any(one.dataset in request.rows for one in folder.experiences())


def _rewrite(
    folder: VersionFolder,
    request: ForgetRequest,
    datasets: Mapping[str, TextDataset],
    replaced: Mapping[str, str],
    stored: frozenset[str],
) -> None:
    """Take the rows out of sums, memory, the record of each experience and its frozen test; point to the new datasets."""
    digests = set(request.digests)
    subtract(folder, learned_examples(folder, request.rows, datasets))
    state = folder.load_state()
    if "memory" in state:
        rows = state["memory"]["rows"]
        kept = {label: [row for row in some if text_digest(row[0]) not in digests] for label, some in rows.items()}
        folder.save_state({**state, "memory": {**state["memory"], "rows": kept}})
    records, parts = [], {}
    for record in folder.experiences():
        numbers = {part: folder.rows_of(record.number, part) for part in PARTS}
        gone = np.unique(np.array(request.rows.get(record.dataset, []), dtype=np.int64))
        stays = {part: ~np.isin(rows, gone) for part, rows in numbers.items()}
        table = folder.predictions(record.number)
        if record.dataset not in stored:  # it was deleted before: its test can only be searched by text
            stays["test"] = np.array([text_digest(text) not in digests for text in table["text"]], dtype=bool)
        folder.save_predictions(record.number, table[stays["test"]].reset_index(drop=True))
        parts[record.number] = _renumbered(numbers, stays, gone)
        records.append(replace(record, dataset=replaced.get(record.dataset, record.dataset)))
    folder.save_experiences(records, parts)
    report = folder.report()
    for entry in report["experiences"]:
        entry["dataset"] = replaced.get(entry["dataset"], entry["dataset"])
    if folder.experiences()[-1].dataset in replaced.values():
        report["drift"] = None  # it names words and row numbers of the batch as it was
    folder.save_report(report)


def _renumbered(numbers: Mapping[str, np.ndarray], stays: Mapping[str, np.ndarray], gone: np.ndarray) -> Split:
    """The rows that stay, each with its old number less the rows before it that are gone."""
    train, validation, test = (numbers[part][stays[part]] for part in PARTS)
    moved = [rows - np.searchsorted(gone, rows) for rows in (train, validation, test)]
    return Split(moved[0], moved[1], moved[2], np.zeros(0, dtype=np.int64), ())
