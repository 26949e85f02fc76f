from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.base import events
from core.base.at_work import at_work
from core.base.errors import ConfigError, DataError, JobError, RegistryError
from core.jobs import Job, JobQueue, files
from core.jobs.job import read_job
from core.jobs.worker import run_job
from core.registry.records import remove_plan, save_plan
from tests.core.jobs.scripted_worker import Completed


@pytest.fixture
def folder(evergreen_home: Path) -> Path:
    folder = evergreen_home / "jobs" / "20250131-120000-abc"
    folder.mkdir(parents=True)
    asked = {
        "kind": "train",
        "title": "Reviews",
        "classifier": "Reviews",
        "config": {},
        "created": "2025-01-31T12:00:00",
    }
    files.write_json(folder / files.JOB, asked)
    files.write_json(folder / files.CLAIM, {"queued": "2025-01-31T12:00:00"})
    return folder


def outcome(folder: Path, workflow: Any) -> Job:
    run_job(folder, {"train": workflow})
    job = read_job(folder)
    assert job is not None
    return job


def test_an_error_meant_for_the_user_is_handed_on_as_it_is(folder: Path) -> None:
    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        raise DataError("data.column_missing", "There is no column '{name}'.", name="标签")
        yield

    job = outcome(folder, workflow)
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.key, str(job.error)) == ("data.column_missing", "There is no column '标签'.")
    assert not (folder / files.LOG).exists()


@pytest.mark.parametrize(
    ("error", "resumable"),
    [
        (DataError("update.too_few", "Too few rows."), False),
        (ConfigError("settings.range", "Out of range."), False),
        (DataError("data.dataset_unknown", "It may come back."), True),
        (ConfigError("pretrained.hub_unreachable", "Check the connection."), True),
        (RegistryError("registry.files_missing", "Put them back from a copy."), True),
        (ZeroDivisionError("a bug"), True),
    ],
)
def test_what_must_fail_again_is_not_offered_to_be_resumed(folder: Path, error: Exception, resumable: bool) -> None:
    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        raise error
        yield

    job = outcome(folder, workflow)
    assert (job.state, job.resumable) == ("failed", resumable)
    if not resumable:
        with pytest.raises(JobError, match="cannot be resumed"):
            JobQueue(folder.parent.parent).resume(job.id)


def test_any_other_error_is_told_plainly_and_traced_in_the_log(folder: Path) -> None:
    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        yield events.StepDone(1, 2, 1, 2, float("nan"), 10.0)
        raise ZeroDivisionError("a bug")

    job = outcome(folder, workflow)
    assert job.state == "failed"
    assert str(folder / files.LOG) in str(job.error)
    assert "Traceback" not in str(job.error)
    assert "ZeroDivisionError: a bug" in (folder / files.LOG).read_text(encoding="utf-8")


def test_a_run_that_makes_no_version_has_failed(folder: Path) -> None:
    job = outcome(folder, lambda config, home, **_: iter(()))
    assert job.state == "failed"
    assert "without a version" in str(job.error)


def test_a_stop_before_anything_was_learned_ends_without_a_version(folder: Path) -> None:
    def workflow(config: Any, home: Path, *, should_stop: Any, **_: Any) -> Iterator[Any]:
        (folder / files.STOP).touch()
        assert should_stop()
        return iter(())

    job = outcome(folder, workflow)
    assert (job.state, job.result, job.error) == ("stopped", None, None)


def test_a_stop_that_comes_too_late_changes_nothing(folder: Path) -> None:
    def workflow(config: Any, home: Path, *, should_stop: Any, **_: Any) -> Iterator[Any]:
        assert not should_stop()
        (folder / files.STOP).touch()
        yield Completed(version=1)

    assert outcome(folder, workflow).state == "finished"


def test_states_come_back_as_they_were_given(folder: Path) -> None:
    import torch

    state = {"weights": {"layer": torch.tensor([1.5, -2.0])}, "epoch": 3, "best": (0.5, -0.25)}
    given: list[Any] = []

    def workflow(config: Any, home: Path, *, resume: Any, **_: Any) -> Iterator[Any]:
        given.append(resume)
        yield events.CheckpointDue(state)
        raise RuntimeError

    outcome(folder, workflow)
    files.write_json(folder / files.PROGRESS, {})
    outcome(folder, workflow)
    assert given[0] is None
    assert torch.equal(given[1]["weights"].pop("layer"), torch.tensor([1.5, -2.0]))
    assert given[1] == {"weights": {}, "epoch": 3, "best": (0.5, -0.25)}


def test_a_state_that_cannot_be_read_is_said_so_and_nothing_is_unpickled(folder: Path) -> None:
    # A pickle that would create a file if it were obeyed.
    planted = folder / "planted"
    (folder / files.CHECKPOINT).write_bytes(f"cbuiltins\nopen\n(V{planted}\nVw\ntR.".encode())
    job = outcome(folder, lambda config, home, **_: iter(()))
    assert job.state == "failed"
    assert "cannot be read any more" in str(job.error)
    assert not planted.exists()


def test_the_workspace_is_the_one_the_job_lies_in(folder: Path, evergreen_home: Path) -> None:
    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        assert home == evergreen_home
        yield Completed(version=1)

    assert outcome(folder, workflow).state == "finished"


@pytest.mark.parametrize(("kind", "alone"), [("train", True), ("forget", False)])
def test_a_job_waits_for_what_it_must_not_run_beside_and_can_be_stopped_meanwhile(
    folder: Path, kind: str, alone: bool
) -> None:
    asked = files.read_json(folder / files.JOB)
    files.write_json(folder / files.JOB, {**asked, "kind": kind})
    began: list[str] = []

    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        began.append(kind)
        yield Completed(version=1)

    def stop(*_: Any) -> None:
        waiting = read_job(folder)
        assert waiting is not None
        assert str(waiting.message) == "Waiting until this has ended: another run."
        (folder / files.STOP).touch()

    with pytest.MonkeyPatch.context() as patch, at_work(folder.parent.parent, "another run", alone=alone):
        patch.setattr("core.base.at_work.time.sleep", stop)
        run_job(folder, {kind: workflow})
    job = read_job(folder)
    assert job is not None
    assert (job.state, began) == ("stopped", [])


def test_a_job_is_refused_while_rows_are_only_partly_forgotten_and_can_be_tried_again(folder: Path) -> None:
    plan = {"id": "20250131-110000-abc", "request": {"classifier": "Shop"}}
    save_plan(plan, folder.parent.parent)
    began: list[str] = []

    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        began.append("learning")
        yield Completed(version=1)

    job = outcome(folder, workflow)
    assert (job.state, job.resumable, began) == ("failed", True, [])
    assert job.error is not None
    assert job.error.key == "forget.unfinished"
    assert "Rows of 'Shop' are only partly forgotten" in str(job.error)
    remove_plan(plan, folder.parent.parent)
    JobQueue(folder.parent.parent, command=("true",)).resume(job.id)
    assert outcome(folder, workflow).state == "finished"


def test_trainings_run_beside_each_other(folder: Path) -> None:
    with at_work(folder.parent.parent, "another run"):
        assert outcome(folder, lambda *_, **__: iter([Completed(version=1)])).state == "finished"
