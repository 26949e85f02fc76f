from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.base.errors import JobError, StorageError
from core.jobs import Job, JobQueue, files
from tests.core.jobs.conftest import SCRIPTED_WORKER

WAITING = {"title": "Reviews", "classifier": "Reviews", "config": {"epochs": 1}}


@pytest.fixture
def no_program(evergreen_home: Path) -> JobQueue:
    return JobQueue(evergreen_home, command=(str(evergreen_home / "no such program"),))


def test_a_start_without_a_process_leaves_no_job_that_runs_later(no_program: JobQueue, evergreen_home: Path) -> None:
    with pytest.raises(JobError, match=r"No process could be started for the run 'Reviews' \(No such file"):
        no_program.submit("train", **WAITING)
    assert no_program.list() == []
    assert JobQueue(evergreen_home, command=(sys.executable, str(SCRIPTED_WORKER))).list() == []


def test_a_start_without_room_on_the_disk_leaves_no_job(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch, evergreen_home: Path
) -> None:
    def full(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(JobError, match="No space left on device"):
        queue.submit("train", **WAITING)
    monkeypatch.undo()
    monkeypatch.setattr(files.whole, "write_json", full)
    with pytest.raises(StorageError, match="No space is left on the disk"):
        queue.submit("train", **WAITING)
    assert queue.list() == []
    assert [path.name for path in (evergreen_home / "jobs").iterdir() if not path.name.endswith(".lock")] == []


def test_a_resume_that_cannot_start_leaves_the_job_as_it_was(
    queue: JobQueue,
    no_program: JobQueue,
    submit: Callable[..., Job],
    wait_for: Callable[[str, str], Job],
    evergreen_home: Path,
) -> None:
    job = submit(epochs=3, hold_at=1, checkpoints=True)
    wait_for(job.id, "running")
    os.kill(files.read_json(evergreen_home / "jobs" / job.id / files.CLAIM)["pid"], 9)
    before = wait_for(job.id, "interrupted")
    with pytest.raises(JobError, match="No process could be started"):
        no_program.resume(job.id)
    assert no_program.look() == [before]
    (evergreen_home / "go").touch()
    queue.resume(job.id)
    assert wait_for(job.id, "finished").result is not None


def test_looking_at_the_list_never_raises(no_program: JobQueue, evergreen_home: Path) -> None:
    folder = evergreen_home / "jobs" / "20250101-000000-aaaaaa"
    folder.mkdir(parents=True)
    files.write_json(folder / files.JOB, {"kind": "train", "created": "2025", **WAITING})
    assert [job.state for job in no_program.list()] == ["queued"]  # it was accepted once; the next look tries again
    for damaged in ('{"pid": Infinity, "began": 1e400}', "[" * 100_000, '{"ended": {}}', "null"):
        for name in (files.CLAIM, files.PROGRESS, files.JOB):
            (folder / name).write_text(damaged, encoding="utf-8")
        no_program.list()
    assert no_program.list() == []


def test_a_running_job_says_that_the_disk_is_full(
    queue: JobQueue, submit: Callable[..., Job], wait_for: Callable[[str, str], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_FAULT", "job.checkpoint!ENOSPC")
    failed = wait_for(submit(epochs=2, checkpoints=True).id, "failed")
    assert str(failed.error).startswith("No space is left on the disk")
    assert failed.resumable
    monkeypatch.delenv("EVERGREEN_FAULT")
    queue.resume(failed.id)
    assert wait_for(failed.id, "finished").result == {"version": 2}


def test_a_job_killed_right_after_its_checkpoint_goes_on_from_it(
    queue: JobQueue,
    submit: Callable[..., Job],
    wait_for: Callable[[str, str], Job],
    monkeypatch: pytest.MonkeyPatch,
    evergreen_home: Path,
) -> None:
    monkeypatch.setenv("EVERGREEN_FAULT", "job.checkpoint:2")
    killed = wait_for(submit(epochs=4, checkpoints=True).id, "interrupted")
    monkeypatch.delenv("EVERGREEN_FAULT")
    queue.resume(killed.id)
    assert wait_for(killed.id, "finished").result == {"version": 4}
    assert (evergreen_home / "starts.txt").read_text(encoding="utf-8").split() == ["1", "3"]
