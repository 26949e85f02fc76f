"""Forget rows: take them out of everything that is stored, and out of the weights where that can be done exactly.

A closed-form head is a sum over rows, so rows can be subtracted again: the new version equals one that never met them.
Weights learned step by step cannot be cleaned that way; they carry the rows until a joint retrain, and the receipt
names the versions that do.

Plan and receipt are on the disk before anything is changed. Every step can be done again: a killed run is begun again with
its plan, by whoever does it, and finds what is done already. The datasets go last, since the steps before read the texts in
them. Nothing else may be at work in the workspace meanwhile (`core.base.at_work`); whoever starts this sees to that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.base.config import Config
from core.base.errors import DataError, RegistryError
from core.base.events import Ended, RunStarted, StageStarted
from core.base.faults import reached
from core.base.messages import message
from core.registry.records import (
    new_id,
    plans,
    receipts,
    refuse_half_forgotten,
    remove_plan,
    save_plan,
    save_receipt,
    solved,
    unfinished,
)
from core.workflows.forget.champions import note_champions, solve_champions
from core.workflows.forget.places import encoder_words
from core.workflows.forget.receipt import begin_receipt, now
from core.workflows.forget.rows import Wanted, locate, versions_of_workspace
from core.workflows.forget.scrubbing import scrub
from core.workflows.forget.versions import Gone, texts_held
from core.workflows.learn.learning import ShouldStop
from core.workflows.learn.running import parts_of, recorded_run, run_of
from core.workflows.workspace import Workspace


class ForgetRequest(Config):
    """Rows to forget, as `find_rows` found them: by number and by hash, so that the request itself holds no text.

    Parameters
    ----------
    rows
        Dataset → row numbers.
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
    """The last event: where the receipt is, and the classifier's own version without the rows, if one could be made."""

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

    Of every champion that learned the rows and whose head is in closed form, whichever classifier it belongs to, a
    candidate version without them is made first; nothing is promoted.

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
    receipt = next(
        (stored for stored in receipts(workspace.home) if run_id is not None and stored.get("run") == run_id), None
    )
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
    own = (made["version"] for made in solved(receipt) if made["classifier"] == receipt["classifier"])
    return Forgotten(receipt["id"], next(own, None))


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
    mine = next((plan for plan in plans(workspace.home) if plan["request"] == request.model_dump()), None)
    if mine is None:
        refuse_half_forgotten(workspace.home)
    return mine


def _start_run(request: ForgetRequest, workspace: Workspace) -> str:
    return workspace.registry.start_run("forget", request.classifier, {"rows": len(request.digests)})


def _rows(request: ForgetRequest, planned: Mapping[str, list[int]], workspace: Workspace) -> dict[str, list[int]]:
    """Dataset → numbers of the rows to forget: those of the request, and those in datasets that were made since.

    A dataset that is gone, or was deleted since, has none.
    """
    wanted = Wanted(frozenset(request.wanted), frozenset(request.people), frozenset(request.digests))
    matches = {**locate(request.classifier, wanted, workspace), **request.rows, **planned}
    stored = {info.id for info in workspace.datasets.list()}
    return {identity: sorted(set(rows)) for identity, rows in matches.items() if identity in stored and rows}


def _check_tests(request: ForgetRequest, rows: Mapping[str, list[int]], workspace: Workspace) -> None:
    """A frozen test must keep some rows, or nothing could be measured on it any more."""
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
    note_champions(plan, rows, workspace)
    receipt = begin_receipt(plan, gone, workspace)
    save_plan(plan, workspace.home)
    save_receipt(receipt, workspace.home)
    reached("forget.planned")
    receipt["exact"] = yield from solve_champions(plan, gone, workspace)
    save_receipt(receipt, workspace.home)
    reached("forget.solved")
    yield StageStarted(message("stage.forget_remove", "Removing the rows from datasets and versions."), 0.99)
    scrub(plan, gone, receipt, workspace)
    receipt |= {"state": "done", "finished": now()}
    save_receipt(receipt, workspace.home)
    reached("forget.receipt")
    facts = {"receipt": receipt["id"], "rows": sum(map(len, plan["rows"].values()))}
    workspace.registry.audit.add("forgotten", model=request.classifier, facts=facts, once=receipt["id"])
    remove_plan(plan, workspace.home)
    reached("forget.done")
    return receipt


def _gone(request: ForgetRequest, rows: dict[str, list[int]], workspace: Workspace) -> Gone:
    datasets = {identity: workspace.datasets.load(identity) for identity in rows}
    texts = {datasets[identity].texts[row] for identity in rows for row in rows[identity]}
    for _, folder in versions_of_workspace(workspace):
        texts.update(texts_held(folder, request.digests))
    return Gone(
        rows=rows,
        digests=frozenset(request.digests),
        datasets=datasets,
        texts=frozenset(texts),
        stored=frozenset(info.id for info in workspace.datasets.list()),
        load=workspace.datasets.load,
        encoders=encoder_words(workspace, rows),
    )
