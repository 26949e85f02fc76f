"""A comparison as a job: executed by the real worker, killed, and resumed with the units it had finished."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import torch

from core.jobs import JobQueue, files
from core.registry.records import ComparisonStore
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save
from tests.core.jobs.conftest import until

FAST = {"epochs": 6, "buckets": 1024, "learning_rate": 0.02, "batch_size": 4, "memory_size": 20}
PATIENCE = 150.0  # seconds: the real worker loads torch, twice, perhaps on a busy machine


def test_a_killed_comparison_goes_on_with_what_it_had_finished(evergreen_home: Path) -> None:
    workspace = open_workspace(evergreen_home)
    parts = (reviews(80), reviews(80, seed=1, extra="indeed"))
    config: dict[str, Any] = {
        "datasets": [save(workspace, part, f"part {number}").id for number, part in enumerate(parts)],
        "strategies": ["finetune", "replay"],
        "seeds": 2,
        "jobs": 1,
        "settings": FAST,
    }
    queue = JobQueue(evergreen_home)
    job = queue.submit("compare", title="Reviews", classifier="", config=config)
    folder = evergreen_home / "jobs" / job.id
    until((folder / files.CHECKPOINT).exists, seconds=PATIENCE)
    os.killpg(files.read_json(folder / files.CLAIM)["pid"], signal.SIGKILL)
    until(lambda: queue.get(job.id).state == "interrupted")
    assert queue.get(job.id).resumable
    kept = torch.load(folder / files.CHECKPOINT, weights_only=True)["units"]
    assert 1 <= len(kept) < 4

    queue.resume(job.id)
    until(lambda: queue.get(job.id).ended, seconds=PATIENCE)
    ended = queue.get(job.id)
    assert (ended.state, ended.error) == ("finished", None)
    assert ended.result is not None
    comparison = ComparisonStore(evergreen_home).load(ended.result["comparison"])
    assert [one["strategy"] for one in comparison["strategies"]] == ["finetune", "replay"]
    assert all(len(one["runs"]) == 2 for one in comparison["strategies"])
    # Seconds never come out alike twice: these are the very units of before.
    seconds = [run["seconds_per_experience"] for one in comparison["strategies"] for run in one["runs"]]
    assert all(unit["seconds"] in seconds for unit in kept)
    until(lambda: not (folder / files.CHECKPOINT).exists())
