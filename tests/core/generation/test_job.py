"""A training of a generator as a job: what the worker makes of its events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.base.events import LanguageEpoch
from core.jobs import JobQueue, files
from core.jobs.job import read_job
from core.jobs.kinds import KINDS
from core.jobs.worker import run_job
from core.workflows.generate.run import Generated


def test_the_worker_keeps_each_epoch_and_names_what_came_out(evergreen_home: Path) -> None:
    folder = evergreen_home / "jobs" / "20250131-120000-abc"
    folder.mkdir(parents=True)
    asked = {"kind": "generate", "title": "Shop", "classifier": "", "config": {}, "created": "2025-01-31T12:00:00"}
    files.write_json(folder / files.JOB, asked)
    files.write_json(folder / files.CLAIM, {"queued": "2025-01-31T12:00:00"})

    def workflow(config: Any, home: Path, **_: Any) -> Iterator[Any]:
        yield LanguageEpoch(1, 4.0, 3.5, 33.1, True, 0.5)
        yield LanguageEpoch(2, 3.0, 3.6, 36.6, False, 0.5)
        yield Generated("Shop", 2, {})

    assert "generate" in KINDS
    run_job(folder, {"generate": workflow})
    job = read_job(folder)
    assert job is not None
    assert (job.state, job.result) == ("finished", {"generator": "Shop", "version": 2})
    assert [epoch["validation_perplexity"] for epoch in JobQueue(evergreen_home).epochs(job.id)] == [33.1, 36.6]
