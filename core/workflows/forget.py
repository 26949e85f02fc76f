"""Forget rows: take them out of everything that is stored, and out of the weights where that can be done exactly.

A closed-form head is a sum over rows, so rows can be subtracted again: the new version equals one that never met them.
Weights learned step by step cannot be cleaned that way; they carry the rows until a joint retrain, and the receipt
names the versions that do.

Plan and receipt are on the disk before anything is changed. Every step can be done again: a killed run is begun again with
its plan, by whoever does it, and finds what is done already. The datasets go last, since the steps before read the texts in
them. Nothing else may be at work in the workspace meanwhile (`core.at_work`); whoever starts this sees to that.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.config import Config
from core.errors import DataError, JobError, RegistryError
from core.events import Ended, RunStarted, StageStarted
from core.faults import reached
from core.messages import message
from core.records import new_id, plans, receipts, remove_plan, save_plan, save_receipt, unfinished
from core.workflows.exact import exact_version
from core.workflows.forget_generators import generator_traces, loses_a_test, scrub_generators, texts_in_generators
from core.workflows.forget_places import (
    copies,
    encoder_traces,
    encoder_words,
    scrub_encoders,
    scrub_queues,
    scrub_vectors,
    sweep_copies,
    waiting,
)
from core.workflows.forget_rows import Wanted, locate, versions_of, versions_of_workspace
from core.workflows.forget_versions import Gone, holds_anything, rewrite, texts_held, traces
from core.workflows.learning import ShouldStop
from core.workflows.producing import Completed
from core.workflows.running import parts_of, recorded_run, run_of
from core.workflows.version import VersionFolder
from core.workflows.workspace import Workspace


class ForgetRequest(Config):
    """Rows to forget, as `find_rows` found them: by number and by hash, so that the request itself holds no text.

    Parameters
    ----------
    rows
        Dataset → row numbers.
    digests
        Of the texts.
    wanted, people
        Digests of the texts and of the groups that were asked for.
    asked
        ``texts`` and ``groups``: how many the person named.
    not_found
        Likewise: which of them are nowhere, by line of the list or place in the request, counted from 1.
    """

    classifier: str
    rows: dict[str, list[int]]
    digests: list[str]
    wanted: list[str] = []
    people: list[str] = []
    asked: dict[str, int] = {}
    not_found: dict[str, list[int]] = {}


@dataclass(frozen=True)
class Forgotten(Ended):
    """The last event: where the receipt is, and the version without the rows, if one could be made."""

    receipt: str
    version: int | None

    def outcome(self) -> dict[str, Any]:
        return {"receipt": self.receipt, "version": self.version}


def forget_rows(
    request: ForgetRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Remove rows from everything that the workspace keeps; `Forgotten` comes last.

    When the champion's head is in closed form, a candidate version without the rows is made first; nothing is promoted.

    Raises
    ------
    RegistryError
        When the versions lie on a server, where their files cannot be rewritten. Nothing has been changed then.
    JobError
        When other rows are only partly forgotten: that must be finished first.
    """
    yield StageStarted(message("stage.forget_read", "Reading the rows to forget."), 0.0)
    _refuse_server(request, workspace)
    run_id = parts_of(resume)[0]
    receipt = next((one for one in receipts(workspace.home) if run_id is not None and one.get("run") == run_id), None)
    plan = _plan_of(request, workspace)
    if plan is None and receipt is not None and not unfinished(receipt):  # killed between the end and saying so
        yield _ended(receipt)
        return
    if plan is None:
        _check_tests(request, _rows(request, {}, workspace), workspace)
    known = run_id if plan is None else plan["run"]
    run_id = run_of(workspace.registry, known, lambda: _start_run(request, workspace))
    yield RunStarted(run_id)
    with recorded_run(workspace.registry, run_id, should_stop):
        receipt = yield from _carry_out(request, plan or {"id": new_id()}, run_id, workspace)
    yield _ended(receipt)


def unfinished_requests(workspace: Workspace) -> list[ForgetRequest]:
    """What was begun to be forgotten and is not; newest first."""
    return [ForgetRequest(**plan["request"]) for plan in plans(workspace.home)]


def _ended(receipt: Mapping[str, Any]) -> Forgotten:
    return Forgotten(receipt["id"], receipt["exact"]["version"] if receipt["exact"] is not None else None)


def _refuse_server(request: ForgetRequest, workspace: Workspace) -> None:
    if workspace.registry.on_server:
        raise RegistryError(
            "forget.on_server",
            "The versions of '{classifier}' lie on an MLflow server, and files there cannot be rewritten from here. "
            "Nothing was changed. Train it again without these rows, and delete the old versions on the server.",
            classifier=request.classifier,
        )


def _plan_of(request: ForgetRequest, workspace: Workspace) -> dict[str, Any] | None:
    """The plan by which this request was begun; None where it was not."""
    begun = plans(workspace.home)
    mine = next((plan for plan in begun if plan["request"] == request.model_dump()), None)
    if begun and mine is None:
        raise JobError(
            "forget.unfinished",
            "Rows of '{classifier}' are only partly forgotten: that run was interrupted. Finish it first: resume the run, or "
            "run 'python -m core forget --classifier NAME' without further options.",
            classifier=begun[0]["request"]["classifier"],
        )
    return mine


def _start_run(request: ForgetRequest, workspace: Workspace) -> str:
    return workspace.registry.start_run("forget", request.classifier, {"rows": len(request.digests)})


def _rows(request: ForgetRequest, planned: Mapping[str, list[int]], workspace: Workspace) -> dict[str, list[int]]:
    """Dataset → numbers of the rows to forget: those of the request, and those in datasets that were made since.

    A dataset that is gone, or was deleted since, has none.
    """
    wanted = Wanted(frozenset(request.wanted), frozenset(request.people), frozenset(request.digests))
    found = {**locate(request.classifier, wanted, workspace), **request.rows, **planned}
    stored = {info.id for info in workspace.datasets.list()}
    return {identity: sorted(set(rows)) for identity, rows in found.items() if identity in stored and rows}


def _check_tests(request: ForgetRequest, rows: Mapping[str, list[int]], workspace: Workspace) -> None:
    """A frozen test must keep some rows, or nothing could be measured on it any more."""
    lost = loses_a_test(workspace.home, request.digests)
    if lost is not None:
        raise _whole_test(*lost)
    for version, folder in versions_of_workspace(workspace):
        for record in folder.experiences():
            left = np.setdiff1d(folder.rows_of(record.number, "test"), rows.get(record.dataset, []))
            if record.dataset in rows and not len(left):
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


def _carry_out(
    request: ForgetRequest, plan: dict[str, Any], run_id: str, workspace: Workspace
) -> Generator[Any, None, dict[str, Any]]:
    """Every step, one after the other; what was done before changes nothing."""
    rows = _rows(request, plan.get("rows", {}), workspace)
    plan |= {"run": run_id, "request": request.model_dump(), "rows": {**plan.get("rows", {}), **rows}}
    gone = _gone(request, rows, workspace)
    receipt = _receipt(plan, gone, workspace)
    save_plan(plan, workspace.home)
    save_receipt(receipt, workspace.home)
    reached("forget.planned")
    champion = workspace.registry.champion(request.classifier)
    if champion is not None and _made_by(run_id, request, workspace) is None:
        for event in exact_version(champion, rows, gone.datasets, workspace, run_id):
            if not isinstance(event, Completed):
                yield event
    receipt["exact"] = _made_by(run_id, request, workspace)
    save_receipt(receipt, workspace.home)
    reached("forget.exact")
    yield StageStarted(message("stage.forget_remove", "Removing the rows from datasets and versions."), 0.99)
    _scrub(plan, gone, receipt, workspace)
    receipt |= {"state": "done", "finished": _now()}
    save_receipt(receipt, workspace.home)
    reached("forget.receipt")
    remove_plan(plan, workspace.home)
    reached("forget.done")
    return receipt


def _gone(request: ForgetRequest, rows: dict[str, list[int]], workspace: Workspace) -> Gone:
    datasets = {identity: workspace.datasets.load(identity) for identity in rows}
    texts = {datasets[identity].texts[row] for identity in rows for row in rows[identity]}
    for _, folder in versions_of_workspace(workspace):
        texts.update(texts_held(folder, request.digests))
    texts.update(texts_in_generators(workspace.home, request.digests))
    return Gone(
        rows=rows,
        digests=frozenset(request.digests),
        datasets=datasets,
        texts=frozenset(texts),
        stored=frozenset(info.id for info in workspace.datasets.list()),
        load=workspace.datasets.load,
        encoders=encoder_words(workspace, rows),
    )


def _made_by(run_id: str, request: ForgetRequest, workspace: Workspace) -> dict[str, Any] | None:
    """The version without the rows that this run made, perhaps before it was interrupted."""
    for version, folder in versions_of(request.classifier, workspace):
        if version.run_id == run_id:
            return {"version": version.number, "parent": version.parent, **folder.report()["forgotten"]}
    return None


def _receipt(plan: Mapping[str, Any], gone: Gone, workspace: Workspace) -> dict[str, Any]:
    """What is about to be removed, and which versions carry it in their weights; no text and no name of a person.

    Of an interrupted run, what it had counted stays; what has come since is added.
    """
    holders = {
        "datasets": (_datasets(gone, workspace), ("id",)),
        "versions": (_versions(gone, plan["run"], workspace), ("classifier", "version")),
        "generators": (generator_traces(workspace.home, gone.digests), ("generator", "version")),
        "encoders": (encoder_traces(workspace, gone.rows), ("encoder",)),
    }
    begun = next((one for one in receipts(workspace.home) if one["id"] == plan["id"]), None)
    if begun is None:
        counted = {name: entries for name, (entries, _) in holders.items()}
        begun = {
            **{name: plan["request"][name] for name in ("classifier", "asked", "not_found")},
            **{"id": plan["id"], "run": plan["run"], "created": _now(), "exact": None, **counted},
            **waiting(workspace.home, gone),
            **copies(workspace, _concerned(plan, counted)),
        }
    joined = {name: _joined(begun[name], entries, key) for name, (entries, key) in holders.items()}
    return {**begun, "state": "begun", **joined}


def _versions(gone: Gone, run_id: str, workspace: Workspace) -> list[dict[str, Any]]:
    """Every version that holds something, but for the one that this run makes."""
    return [
        {"classifier": version.classifier, "version": version.number, **counts}
        for version, folder in versions_of_workspace(workspace)
        if version.run_id != run_id and any((counts := traces(folder, gone)).values())
    ]


def _datasets(gone: Gone, workspace: Workspace) -> list[dict[str, Any]]:
    return [
        {
            "id": identity,
            "name": workspace.datasets.info(identity).name,
            "rows": len(rows),
            "left": len(gone.datasets[identity]) - len(rows),
        }
        for identity, rows in gone.rows.items()
    ]


def _joined(before: list[dict[str, Any]], now: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What was counted before, followed by what is counted now for the first time."""
    known = {tuple(entry[name] for name in names) for entry in before}
    return [*before, *(entry for entry in now if tuple(entry[name] for name in names) not in known)]


def _concerned(plan: Mapping[str, Any], receipt: Mapping[str, Any]) -> set[str]:
    """Names and ids by which runs were asked for something that holds the rows."""
    names = {str(one["classifier"]) for one in receipt["versions"]}
    names |= {str(one["generator"]) for one in receipt["generators"]}
    return {str(plan["request"]["classifier"]), *plan["rows"], *names}


def _scrub(plan: Mapping[str, Any], gone: Gone, receipt: Mapping[str, Any], workspace: Workspace) -> None:
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
    scrub_generators(home, gone)
    scrub_queues(home, gone)
    scrub_encoders(workspace, gone)
    scrub_vectors(workspace, gone)
    sweep_copies(workspace, _concerned(plan, receipt), plan["rows"])
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
