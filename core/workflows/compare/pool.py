"""Runs the units of a comparison, one after the other or in several processes.

A process of this pool lives no longer than the one that started it: it talks through a pipe, and ends when nobody
listens at the other end. Knows nothing of what a unit computes.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from core.base.allocator import keep_freed_memory
from core.base.errors import CoreError, JobError
from core.base.messages import Message
from core.workflows.compare.unit import SHARED, Plan, Unit, UnitProgress, UnitResult, learn_first, run_unit
from core.workflows.learn.learning import ShouldStop

SECONDS_BETWEEN_REPORTS = 0.25


@dataclass(frozen=True)
class Task:
    """A unit; with ``first``, learning the first experience for all units of its seed. ``folder`` holds the outcome."""

    unit: Unit
    folder: Path
    first: bool


@dataclass(frozen=True)
class TaskReport:
    """What a task says: how far it is, its result, or (None) that it has ended."""

    task: Task
    event: UnitProgress | UnitResult | None


def tasks_for(plan: Plan, units: Sequence[Unit], folder: Path) -> list[Task]:
    """All tasks for these units: seed after seed, so that a comparison that is stopped has whole seeds; dear ones first."""
    tasks = []
    for number in sorted({unit.number for unit in units}):
        wanted = [unit for unit in units if unit.number == number]
        watchers = [name for name in plan.watchers() if any(unit.strategy == name for unit in wanted)]
        learners = watchers or [SHARED]
        tasks += [Task(Unit(name, number), folder / f"{name}-{number}", True) for name in learners]
        for unit in sorted(wanted, key=plan.cost, reverse=True):
            learner = unit.strategy if unit.strategy in watchers else learners[0]
            tasks.append(Task(unit, folder / f"{learner}-{number}", False))
    return tasks


def run_here(plan: Plan, tasks: Sequence[Task], should_stop: ShouldStop) -> Iterator[TaskReport]:
    """One task after the other, in this process."""
    for task in tasks:
        yield from (TaskReport(task, event) for event in _execute(plan, task, should_stop))
        if should_stop():
            return
        yield TaskReport(task, None)


def run_parallel(plan: Plan, tasks: Sequence[Task], processes: int, should_stop: ShouldStop) -> Iterator[TaskReport]:
    """Several tasks at a time, each in a process of its own; a stop lets none of them go on."""
    pool = _Pool(plan, tasks, processes)
    try:
        while pool.busy() and not should_stop():
            yield from pool.reports()
        pool.dismiss()
        while pool.busy():
            yield from pool.reports()
    finally:
        pool.close()


def _execute(plan: Plan, task: Task, should_stop: ShouldStop) -> Iterator[UnitProgress | UnitResult]:
    execute: Callable[..., Iterator[Any]] = learn_first if task.first else run_unit
    yield from execute(plan, task.unit, task.folder, should_stop)


class _Pool:
    """Processes with the task that each is at; the rest waits."""

    def __init__(self, plan: Plan, tasks: Sequence[Task], processes: int) -> None:
        self._waiting = list(tasks)
        self._ready: set[Path] = set()  # folders whose first experience is learned
        self._at: dict[Connection, Task | None] = {}
        self._processes: list[BaseProcess] = []
        context = get_context("spawn")  # a copy of a process with threads may hang
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, plan), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._at[ours] = None
        self._hand_out()

    def busy(self) -> bool:
        return any(task is not None for task in self._at.values())

    def reports(self) -> Iterator[TaskReport]:
        """What the processes have said within the last moment; hands out the next tasks."""
        busy = [connection for connection, task in self._at.items() if task is not None]
        for connection in wait(busy, timeout=SECONDS_BETWEEN_REPORTS):
            assert isinstance(connection, Connection)
            task = self._at[connection]
            assert task is not None
            try:
                event = connection.recv()
            except (EOFError, ConnectionResetError):
                raise _process_died(task.unit) from None
            if isinstance(event, _Refusal):
                raise event.kind(event.message.key, event.message.text, **event.message.facts)
            if isinstance(event, _Crash):
                raise RuntimeError(event.trace)
            if isinstance(event, _Stopped):
                self._at[connection] = None
                continue
            yield TaskReport(task, event)
            if event is None:
                self._ended(connection, task)

    def dismiss(self) -> None:
        """Hand out no more; who is at work stops soon."""
        self._waiting = []
        for connection in self._at:
            _send(connection, None)

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        for connection in self._at:
            connection.close()

    def _ended(self, connection: Connection, task: Task) -> None:
        self._at[connection] = None
        if task.first:
            self._ready.add(task.folder)
        self._hand_out()

    def _hand_out(self) -> None:
        for connection, task in self._at.items():
            if task is None:
                following = next(
                    (waiting for waiting in self._waiting if waiting.first or waiting.folder in self._ready), None
                )
                if following is not None:
                    self._waiting.remove(following)
                    self._at[connection] = following
                    _send(connection, following)


@dataclass(frozen=True)
class _Refusal:
    """An error meant for the user, on its way to the process that asked."""

    kind: type[CoreError]
    message: Message


@dataclass(frozen=True)
class _Crash:
    """Any other error, with its trace."""

    trace: str


class _Stopped:
    """A task was given up because nobody wants it any more."""


def _serve(connection: Connection, plan: Plan) -> None:
    """What each process does: wait for a task, tell how it goes, until it is dismissed or left alone."""
    keep_freed_memory()
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the starter ends us
    torch.set_num_threads(1)
    try:
        while (task := connection.recv()) is not None:
            connection.send(_work(connection, plan, task))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _work(connection: Connection, plan: Plan, task: Task) -> _Refusal | _Crash | _Stopped | None:
    reported = time.monotonic()
    try:
        # While a task is at work, the only thing that can arrive is the dismissal.
        for event in _execute(plan, task, connection.poll):
            if isinstance(event, UnitResult) or time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                connection.send(event)
    except CoreError as error:
        return _Refusal(type(error), error.message)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception:
        return _Crash(traceback.format_exc())
    return _Stopped() if connection.poll() else None


def _send(connection: Connection, what: Task | None) -> None:
    try:
        connection.send(what)
    except (BrokenPipeError, ConnectionResetError):
        return  # a process that died is noticed where its answer is awaited


def _process_died(unit: Unit) -> JobError:
    return JobError(
        "compare.process_died",
        "The process that ran '{strategy}' was ended from outside, most likely because memory ran out. "
        "Compare again with fewer processes; what was finished is kept when you resume.",
        strategy=unit.strategy,
    )
