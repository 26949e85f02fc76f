"""The units of a comparison in processes of their own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.data.dataset.rows import TextDataset
from core.tasks import DEFAULT, TASKS
from core.workflows.compare.pool import Task, TaskReport, run_here, run_parallel, tasks_for
from core.workflows.compare.request import CompareRequest, resolve_comparison
from core.workflows.compare.streams import make_stream
from core.workflows.compare.unit import Plan, Unit, UnitResult
from tests.core.conftest import reviews

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "memory_size": 20, "learning_rate": 0.02, "batch_size": 8}


def plan(*strategies: str, model: str = "ngrams", **settings: object) -> Plan:
    asked = CompareRequest(datasets=[], strategies=list(strategies), model=model, settings=settings or FAST)
    resolved = resolve_comparison(asked, TASKS[DEFAULT])
    pieces: list[tuple[str, TextDataset]] = [("one", reviews(60)), ("two", reviews(60, seed=1, third_label=True))]
    return Plan(make_stream(pieces, resolved.settings.data), model, resolved.settings, resolved.own)


def results(reports: list[TaskReport]) -> list[UnitResult]:
    finished = [report.event for report in reports if isinstance(report.event, UnitResult)]
    return sorted(finished, key=lambda result: (result.strategy, result.number))


def test_what_all_share_comes_before_each_seed_and_dear_units_first(tmp_path: Path) -> None:
    asked = plan("finetune", "joint", "si")
    units = [Unit(name, number) for number in (0, 1) for name in asked.own]
    tasks = tasks_for(asked, units, tmp_path)
    shared = tmp_path / "si-0"
    assert tasks[:4] == [
        Task(Unit("si", 0), shared, first=True),
        Task(Unit("joint", 0), shared, first=False),
        Task(Unit("finetune", 0), shared, first=False),
        Task(Unit("si", 0), shared, first=False),
    ]
    assert {task.unit.number for task in tasks[4:]} == {1}
    # Without one that has to watch, fine-tuning learns for all.
    assert tasks_for(asked, [Unit("joint", 1)], tmp_path)[0] == Task(Unit("finetune", 1), tmp_path / "finetune-1", True)


def test_processes_change_nothing_and_leave_nothing_behind(tmp_path: Path) -> None:
    asked = plan("finetune", "si")
    units = [Unit(name, 0) for name in asked.own]
    (tmp_path / "here").mkdir()
    (tmp_path / "apart").mkdir()
    here = results(list(run_here(asked, tasks_for(asked, units, tmp_path / "here"), lambda: False)))
    apart = results(list(run_parallel(asked, tasks_for(asked, units, tmp_path / "apart"), 2, lambda: False)))
    assert len(here) == len(apart) == 2
    for alone, other in zip(here, apart, strict=True):
        assert np.array_equal(alone.predicted, other.predicted)
        assert np.array_equal(alone.start, other.start)
        assert (alone.memory_rows, alone.memory_bytes) == (other.memory_rows, other.memory_bytes)
    assert multiprocessing.active_children() == []


def test_an_error_meant_for_the_user_arrives_as_it_is(tmp_path: Path) -> None:
    asked = plan("finetune", model="transformer", heads=3)
    with pytest.raises(ConfigError, match="cannot be shared by 3 heads"):
        list(run_parallel(asked, tasks_for(asked, [Unit("finetune", 0)], tmp_path), 1, lambda: False))
    assert multiprocessing.active_children() == []


def test_a_stop_gives_up_what_is_at_work(tmp_path: Path) -> None:
    asked = plan("finetune", "joint", **{**FAST, "epochs": 50, "patience": 20})
    reports: list[TaskReport] = []
    tasks = tasks_for(asked, [Unit("finetune", 0), Unit("joint", 0)], tmp_path)
    for report in run_parallel(asked, tasks, 1, lambda: bool(reports)):
        reports.append(report)
    assert results(reports) == []
    assert multiprocessing.active_children() == []


def test_a_unit_survives_a_checkpoint(tmp_path: Path) -> None:
    asked = plan("finetune")
    (result,) = results(list(run_here(asked, tasks_for(asked, [Unit("finetune", 0)], tmp_path), lambda: False)))
    again = UnitResult.from_state(result.to_state())
    assert np.array_equal(again.predicted, result.predicted)
    assert {**vars(again), "start": 0, "predicted": 0} == {**vars(result), "start": 0, "predicted": 0}
