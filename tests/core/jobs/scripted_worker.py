"""A worker whose only workflow does what the job's config says; started by tests as a process of its own.

Config: ``epochs`` to go through; ``hold_at`` an epoch after which to wait until a file ``go`` is in the workspace or
the job is stopped; ``checkpoints`` whether to hand out states; ``print`` what to write to the standard output.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from core.jobs.worker import main  # noqa: E402
from core.messages import message  # noqa: E402


def load_events() -> Any:
    """Load the module of events by its file, because its package imports torch."""
    spec = importlib.util.spec_from_file_location("training_events", ROOT / "core" / "events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Completed(SimpleNamespace):
    """Stands for the event of core.workflows."""


def workflow(
    config: dict[str, Any], home: Path, *, should_stop: Callable[[], bool], resume: dict[str, Any] | None
) -> Iterator[Any]:
    events = load_events()
    first = resume["epoch"] + 1 if resume else 1
    with (home / "starts.txt").open("a", encoding="utf-8") as file:
        file.write(f"{config.get('name', '')}{first}\n")
    sys.stdout.write(config.get("print", ""))
    yield events.StageStarted(message("test.learning", "Learning."), 0.1)
    last = config["epochs"]
    epoch = first
    for epoch in range(first, last + 1):
        yield events.StepDone(epoch, last, 1, 1, 0.5, 100.0)
        yield events.EpochDone(epoch, 0.5, 0.5, 0.5, 0.5, True, 0.1)
        if config.get("checkpoints"):
            yield events.CheckpointDue({"epoch": epoch})
        while epoch == config.get("hold_at") and not (home / "go").exists() and not should_stop():
            time.sleep(0.01)
        if should_stop():
            break
    yield Completed(version=epoch, report={})


def prepare() -> None:
    """Take as long as a test wants a spare to load."""
    time.sleep(float(os.environ.get("PREPARE_SECONDS", "0")))


if __name__ == "__main__":
    main(sys.argv[1:], {"train": workflow}, (sys.executable, __file__), prepare)
