"""Strategies on the same stream, each with several seeds: what is learned, what is forgotten, what it costs.

Everything happens in memory: no version is stored. An interrupted comparison goes on with the units it had finished.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.device import describe_device
from core.base.events import Advanced, CheckpointDue, Ended, RunStarted, StageStarted
from core.base.files import scratch
from core.base.messages import Message, message
from core.data.loading.load import remarks_of
from core.registry.records import ComparisonStore, new_id
from core.workflows.compare.pool import Task, TaskReport, run_here, run_parallel, tasks_for
from core.workflows.compare.request import CompareRequest, resolve_comparison
from core.workflows.compare.result import assemble
from core.workflows.compare.stream_cuts import task_asked
from core.workflows.compare.streams import read_stream
from core.workflows.compare.unit import Plan, Unit, UnitProgress, UnitResult
from core.workflows.learn.learning import ShouldStop
from core.workflows.learn.running import parts_of
from core.workflows.workspace import Workspace

LEARNING_BEGINS, LEARNING_ENDS = 0.02, 0.97  # of the whole job


@dataclass(frozen=True)
class Compared(Ended):
    """The last event of a comparison: its id in the `ComparisonStore`, and all of it."""

    comparison: str
    result: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"comparison": self.comparison}


def compare_strategies(
    request: CompareRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Run every strategy with every seed over the stream, yielding events; the last one is `Compared`.

    When stopped, the comparison is made of the units that are finished; there is none before the first of them.

    Raises
    ------
    CoreError
        When the request cannot be fulfilled.
    """
    began = time.monotonic()
    run_id, learned = parts_of(resume)
    identity = run_id or new_id()
    yield RunStarted(identity)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    resolved = resolve_comparison(request, task_asked(request, workspace))
    stream = read_stream(request, resolved.settings.data, workspace)
    plan = Plan(stream, resolved.model, resolved.settings, resolved.own, workspace.sources)
    units = [Unit(name, number) for number in range(request.seeds) for name in plan.own]
    results = [UnitResult.from_state(state) for state in learned["units"]] if learned is not None else []
    before = float(learned["seconds"]) if learned is not None else 0.0
    bar = _Bar(plan, units, {Unit(finished.strategy, finished.number) for finished in results})
    for report in _reports(plan, bar.missing(), request.jobs, should_stop):
        yield bar.advance(report)
        if isinstance(report.event, UnitResult):
            results.append(report.event)
            spent = before + time.monotonic() - began
            yield CheckpointDue({"units": [finished.to_state() for finished in results], "seconds": spent})
    if not results:
        return
    yield StageStarted(message("stage.figures", "Computing the figures and their intervals."), LEARNING_ENDS)
    sources = [workspace.datasets.info(identity).source for identity in request.datasets]
    findings = [*remarks_of(*sources), *plan.stream.findings, *_unfinished(units, results)]
    result = {
        "id": identity,
        "name": request.name or _name(request, workspace),
        "created": datetime.now(UTC).isoformat(),
        "seconds": round(before + time.monotonic() - began, 2),
        "request": request.model_dump(),
        **assemble(plan, results, findings),
    }
    ComparisonStore(workspace.home).save(result)
    yield Compared(result["id"], result)


def _reports(plan: Plan, units: list[Unit], jobs: int, should_stop: ShouldStop) -> Iterator[TaskReport]:
    """Learn these units in as many processes as are wanted; what they share lies in a folder that goes with them."""
    if not units:
        return
    with scratch() as folder:
        tasks = tasks_for(plan, units, folder)
        processes = min(jobs or describe_device().cores, len(units))
        if processes == 1:
            yield from run_here(plan, tasks, should_stop)
        else:
            yield from run_parallel(plan, tasks, processes, should_stop)


class _Bar:
    """How much of all units is done, by the rows that they have to read."""

    def __init__(self, plan: Plan, units: list[Unit], finished: set[Unit]) -> None:
        self._plan = plan
        self._units = units
        self._finished = set(finished)
        self._learned: dict[tuple[Unit, bool], float] = {}
        self._seeds = len({unit.number for unit in units})
        needed = {task.unit for task in tasks_for(plan, self.missing(), Path()) if task.first}
        self._total = sum(map(plan.cost, units)) + sum(plan.rows(unit, 1) for unit in needed)

    def missing(self) -> list[Unit]:
        return [unit for unit in self._units if unit not in self._finished]

    def advance(self, report: TaskReport) -> Advanced:
        task, event = report.task, report.event
        if isinstance(event, UnitProgress):
            self._learned[task.unit, task.first] = self._rows(task, event)
        elif isinstance(event, UnitResult):
            self._finished.add(task.unit)
        done = sum(rows for (unit, first), rows in self._learned.items() if first or unit not in self._finished)
        done += sum(map(self._plan.cost, self._finished))
        share = min(1.0, done / self._total)
        return Advanced(self._message(task, event), LEARNING_BEGINS + (LEARNING_ENDS - LEARNING_BEGINS) * share)

    def _rows(self, task: Task, progress: UnitProgress) -> float:
        begins = 1 if task.first else 2
        before = sum(self._plan.rows(task.unit, number) for number in range(begins, progress.experience))
        return before + progress.share * self._plan.rows(task.unit, progress.experience)

    def _message(self, task: Task, event: UnitProgress | UnitResult | None) -> Message:
        facts = {
            "done": len(self._finished),
            "runs": len(self._units),
            "seed": task.unit.number + 1,
            "seeds": self._seeds,
        }
        if task.first:
            return message(
                "compare.learning_first",
                "{done} of {runs} runs done. Learning the first experience, which all strategies share: seed {seed} of "
                "{seeds}.",
                **facts,
            )
        experiences = len(self._plan.stream.experiences)
        return message(
            "compare.learning",
            "{done} of {runs} runs done. {strategy}, seed {seed} of {seeds}, experience {experience} of {experiences}.",
            **facts,
            strategy=task.unit.strategy,
            experience=event.experience if isinstance(event, UnitProgress) else experiences,
            experiences=experiences,
        )


def _unfinished(units: list[Unit], results: list[UnitResult]) -> list[Message]:
    missing = len(units) - len(results)
    if not missing:
        return []
    names = dict.fromkeys(unit.strategy for unit in units)
    without = [name for name in names if name not in {result.strategy for result in results}]
    facts: Mapping[str, Any] = {"done": len(results), "runs": len(units)}
    if not without:
        return [message("compare.stopped", "Stopped by hand: {done} of {runs} runs were finished.", **facts)]
    return [
        message(
            "compare.stopped_without",
            "Stopped by hand: {done} of {runs} runs were finished, and none of {strategies}.",
            **facts,
            strategies=without,
        )
    ]


def _name(request: CompareRequest, workspace: Workspace) -> str:
    """Of the file or the datasets that the stream was made of."""
    stored = [workspace.datasets.info(identity) for identity in request.datasets]
    files = {str(dataset.source.get("file") or "") for dataset in stored if "column" in dataset.source}
    if len(files) == 1 and "" not in files and all("column" in dataset.source for dataset in stored):
        return files.pop()
    names = [dataset.name for dataset in stored]
    return " → ".join(names if len(names) <= 3 else [names[0], "…", names[-1]])
