"""A worker whose only workflow does what the job's config says; started by tests as a process of its own.

Config: ``epochs`` to go through; ``hold_at`` an epoch after which to wait until a file ``go`` is in the workspace or
the job is stopped; ``checkpoints`` whether to hand out states; ``print`` what to write to the standard output.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from core.base import events  # noqa: E402
from core.base.events import Ended  # noqa: E402
from core.base.messages import message  # noqa: E402
from core.jobs.worker import main  # noqa: E402


@dataclass(frozen=True)
class Completed(Ended):
    """Stands for the event of core.workflows."""

    version: int

    def outcome(self) -> dict[str, Any]:
        return {"version": self.version}


def workflow(
    config: dict[str, Any], home: Path, *, should_stop: Callable[[], bool], resume: dict[str, Any] | None
) -> Iterator[Any]:
    first = resume["epoch"] + 1 if resume else 1
    with (home / "starts.txt").open("a", encoding="utf-8") as file:
        file.write(f"{config.get('name', '')}{first}\n")
    sys.stdout.write(config.get("print", ""))
    yield events.StageStarted(message("test.learning", "Learning."), 0.1)
    last = config["epochs"]
    epoch = first
    for epoch in range(first, last + 1):
        yield events.StepDone(epoch, last, 1, 1, 0.5, 100.0)
        yield events.EpochDone(epoch, 0.5, 0.5, {"macro_f1": 0.5, "accuracy": 0.5}, True, 0.1)
        if config.get("checkpoints"):
            yield events.CheckpointDue({"epoch": epoch})
        while epoch == config.get("hold_at") and not (home / "go").exists() and not should_stop():
            time.sleep(0.01)
        if should_stop():
            break
    yield Completed(version=epoch)


def prepare() -> None:
    """Take as long as a test wants a spare to load."""
    time.sleep(float(os.environ.get("PREPARE_SECONDS", "0")))


if __name__ == "__main__":
    main(sys.argv[1:], {"train": workflow}, (sys.executable, __file__), prepare)
