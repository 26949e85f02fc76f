from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.jobs import Job, JobQueue, files
from core.jobs.job import read_job

SCRIPTED_WORKER = Path(__file__).with_name("scripted_worker.py")
DEADLINE_SECONDS = 30.0


@pytest.fixture
def queue(evergreen_home: Path) -> Iterator[JobQueue]:
    """A queue whose jobs do what their config says (see ``scripted_worker.py``)."""
    yield JobQueue(evergreen_home, command=(sys.executable, str(SCRIPTED_WORKER)))
    for claim in (evergreen_home / "jobs").glob(f"*/{files.CLAIM}"):
        pid = files.read_json(claim).get("pid")
        if pid is not None and psutil.pid_exists(pid) and pid != psutil.Process().pid:
            psutil.Process(pid).kill()


@pytest.fixture
def submit(queue: JobQueue) -> Callable[..., Job]:
    def submit(**config: Any) -> Job:
        return queue.submit("train", title="Reviews", classifier="Reviews", config={"epochs": 2} | config)

    return submit


@pytest.fixture
def wait_for(evergreen_home: Path) -> Callable[[str, str], Job]:
    """Look at a job, without acting on the queue, until it is in the given state."""

    def wait(job_id: str, state: str) -> Job:
        job: Job | None = None

        def reached() -> bool:
            nonlocal job
            job = read_job(evergreen_home / "jobs" / job_id)
            return job is not None and job.state == state

        until(reached, lambda: f"{job_id} is {job and job.state}, not {state}")
        assert job is not None
        return job

    return wait


def until(
    reached: Callable[[], bool],
    complaint: Callable[[], str] = lambda: "not reached",
    *,
    seconds: float = DEADLINE_SECONDS,
) -> None:
    """Ask again and again until it is so, or the deadline has passed."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)
