from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.base import events
from core.base.messages import message
from core.jobs import files
from core.jobs.progress import Progress

LEARNING = message("test.learning", "Learning.")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def step(number: int, steps: int = 100, *, loss: float = 0.5) -> Any:
    return events.StepDone(1, 1, number, steps, loss, 250.0)


def stored(folder: Path) -> dict[str, Any]:
    return files.read_json(folder / files.PROGRESS)


def test_the_bar_goes_from_the_stage_to_nine_tenths_while_learning(tmp_path: Path) -> None:
    clock = Clock()
    progress = Progress(tmp_path, clock=clock)
    progress.stage_started(events.StageStarted(LEARNING, 0.1))
    clock.now = 1.0
    progress.step_done(events.StepDone(2, 4, 5, 10, 0.5, 250.0))
    # Learned: one epoch of four and half of the second, 3/8; 0.1 + 0.8 * 3/8.
    assert stored(tmp_path)["fraction"] == pytest.approx(0.4)
    assert stored(tmp_path)["message"]["key"] == "test.learning"


def test_steps_are_written_at_most_four_times_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, written = Clock(), []
    monkeypatch.setattr(files, "write_json", lambda path, value, **_: written.append(clock.now))
    progress = Progress(tmp_path, clock=clock)
    for number in range(1, 101):
        clock.now = number / 64  # in binary, so that quarters are met exactly
        progress.step_done(step(number))
    assert written == [1 / 64 + quarter / 4 for quarter in range(7)]


def test_time_left_follows_from_the_speed(tmp_path: Path) -> None:
    clock = Clock()
    progress = Progress(tmp_path, clock=clock)
    progress.stage_started(events.StageStarted(LEARNING, 0.0))
    for number in range(1, 3):
        clock.now = number * 0.5
        progress.step_done(step(number))
        assert stored(tmp_path)["seconds_left"] is None  # half a second tells nothing
    for number in range(3, 51):
        clock.now = number * 0.5
        progress.step_done(step(number))
    # 0.009 of the job in half a second; at half of the steps 0.45 is done and 0.55 is left: 0.55 / 0.018.
    assert stored(tmp_path)["seconds_left"] == pytest.approx(30.6, abs=0.05)
    progress.stage_started(events.StageStarted(LEARNING, 0.9))
    assert stored(tmp_path)["seconds_left"] is None


def test_a_resumed_bar_never_shrinks_and_its_leap_is_no_speed(tmp_path: Path) -> None:
    files.write_json(tmp_path / files.PROGRESS, {"fraction": 0.6})
    clock = Clock()
    progress = Progress(tmp_path, clock=clock)
    progress.stage_started(events.StageStarted(LEARNING, 0.0))
    for number in range(50, 61):
        clock.now += 1.0
        progress.step_done(step(number))
        assert stored(tmp_path)["fraction"] == pytest.approx(0.6)
    # 0.54 is really done; 0.009 a second.
    assert stored(tmp_path)["seconds_left"] == pytest.approx(0.46 / 0.009, abs=0.1)


def test_figures_that_are_no_numbers_are_stored_as_nothing(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.part_done(events.EpochDone(1, float("nan"), float("inf"), {"macro_f1": 0.25, "accuracy": 0.5}, False, 2.0))
    (line,) = files.read_lines(tmp_path / files.EPOCHS)
    assert (line["training_loss"], line["validation_loss"], line["validation_macro_f1"]) == (None, None, 0.25)


def test_the_device_is_asked_once_learning_has_begun(tmp_path: Path) -> None:
    asked: list[int] = []

    def device() -> str:
        asked.append(1)
        return "H100"

    progress = Progress(tmp_path, device=device)
    progress.stage_started(events.StageStarted(LEARNING, 0.1))
    assert asked == []
    progress.step_done(step(1))
    progress.step_done(step(2))
    progress.write()
    assert (asked, stored(tmp_path)["device"]) == ([1], "H100")


def test_a_job_of_many_parts_is_estimated_by_all_it_has_done_so_far(tmp_path: Path) -> None:
    clock = Clock()
    progress = Progress(tmp_path, clock=clock)
    progress.advanced(events.Advanced(LEARNING, 0.1))
    assert stored(tmp_path)["fraction"] == 0.1
    assert "seconds_left" not in stored(tmp_path)
    clock.now = 4.0
    progress.advanced(events.Advanced(LEARNING, 0.3))
    # 0.2 of the job in 4 seconds, 0.7 are left.
    assert stored(tmp_path)["seconds_left"] == pytest.approx(14.0)
    assert stored(tmp_path)["message"]["key"] == "test.learning"
