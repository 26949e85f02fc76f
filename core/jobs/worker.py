"""The process that executes one job: ``python -m core.jobs.worker <folder of the job>``.

Consumes the workflow's events and leaves what they say in the job's folder. Knows the names of the workflows, and
nothing of what they compute; imports torch only when a job needs it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from core.base.allocator import keep_freed_memory
from core.base.at_work import at_work
from core.base.audit import RUN, act_as
from core.base.config import home
from core.base.errors import ConfigError, CoreError, DataError, JobError, ModelError
from core.base.events import Advanced, CheckpointDue, Ended, PartDone, RunStarted, StageStarted, StepDone
from core.base.faults import reached
from core.base.files import writing
from core.base.imports import unhindered_imports
from core.base.messages import Message, message
from core.base.processes import identity, is_alive
from core.base.storage import storage_error
from core.jobs import files, spare
from core.jobs.job import EndState
from core.jobs.kinds import KINDS
from core.jobs.progress import Progress
from core.jobs.queue import WORKER, JobQueue, queue_lock
from core.registry import Glance
from core.registry.client import open_client, preload, store_address
from core.registry.records import refuse_half_forgotten


class Workflow(Protocol):
    """What a kind of job calls: settings and workspace in, events out."""

    def __call__(
        self, config: dict[str, Any], home: Path, *, should_stop: Callable[[], bool], resume: dict[str, Any] | None
    ) -> Iterator[Any]: ...


# What is wrong with rows, settings or the model that they make is as wrong the next time: the same request fails again.
OF_THE_REQUEST = (DataError, ConfigError, ModelError)
# Errors of these kinds that are mended outside of the request: something must be installed, downloaded or uploaded again.
MENDED_ELSEWHERE = ("pretrained.", "vectors.", "hub.", "data.dataset_", "data.hub", "update.past_missing", "benchmark.")


def run_job(folder: Path, workflows: Mapping[str, Workflow] = KINDS) -> None:
    """Execute a job to its end, whatever that is; does nothing when another process has it already."""
    if not _claim(folder):
        return
    act_as(f"{RUN} {folder.name}")
    progress = Progress(folder, device=_device)
    try:
        state, result = _consume(folder, workflows, progress)
    except CoreError as error:
        progress.ended("failed", error=error.message, hopeless=_is_hopeless(error))
    except Exception as error:
        with suppress(OSError), (folder / files.LOG).open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc())
        told = storage_error(error)
        progress.ended("failed", error=told.message if told is not None else _crashed(folder))
    else:
        reached("job.completed")
        progress.ended(state, result=result)
        reached("job.ended")
        if result is not None:  # a job that came to something is never resumed
            (folder / files.CHECKPOINT).unlink(missing_ok=True)


def _is_hopeless(error: CoreError) -> bool:
    """Whether another try at the same request would end with the same error."""
    return isinstance(error, OF_THE_REQUEST) and not error.message.key.startswith(MENDED_ELSEWHERE)


def _claim(folder: Path) -> bool:
    """Put this process' name on the job, unless a living one is there.

    The starter does it too; but it may have died after starting this process and before writing it down.
    """
    with queue_lock(folder.parent):
        claim = files.read_json(folder / files.CLAIM)
        if is_alive(claim) and claim["pid"] != os.getpid():
            return False
        files.write_json(folder / files.CLAIM, claim | identity())
    reached("job.claimed")
    return True


def _consume(
    folder: Path, workflows: Mapping[str, Workflow], progress: Progress
) -> tuple[EndState, dict[str, Any] | None]:
    asked = files.read_json(folder / files.JOB)
    progress.write()
    stop = _StopFlag(folder / files.STOP)

    named: list[str] = []

    def wait(others: list[str]) -> bool:
        if others != named:
            named[:] = others
            stage = message("job.waiting_for", "Waiting until this has ended: {others}.", others=others)
            progress.stage_started(StageStarted(stage, 0.0))
        return not stop()

    home, title = folder.parent.parent, str(asked.get("title", folder.name))
    if asked["kind"] not in KINDS:
        raise JobError(
            "job.kind_gone",
            "This run is of an earlier edition, which had a kind of run ('{kind}') that there is no more. Start it anew.",
            kind=asked["kind"],
        )
    alone = KINDS[asked["kind"]].alone
    with at_work(home, title, alone=alone, wait=wait) as inside:
        if inside and not alone:
            refuse_half_forgotten(home)
        return _execute(folder, asked, workflows, progress, stop) if inside else ("stopped", None)


def _execute(
    folder: Path, asked: dict[str, Any], workflows: Mapping[str, Workflow], progress: Progress, stop: _StopFlag
) -> tuple[EndState, dict[str, Any] | None]:
    checkpoint = _load_checkpoint(folder)
    # Without the state the epochs begin again at one; otherwise only a line cut short is cleaned away.
    files.write_lines(folder / files.EPOCHS, files.read_lines(folder / files.EPOCHS) if checkpoint is not None else [])
    known = {**(checkpoint or {}), **files.read_json(folder / files.RUN)}
    with unhindered_imports():  # what computes the job is loaded by the first call
        events = workflows[asked["kind"]](asked["config"], folder.parent.parent, should_stop=stop, resume=known or None)
    result = None
    for event in events:
        match event:
            case StageStarted():
                progress.stage_started(event)
            case Advanced():
                progress.advanced(event)
            case StepDone():
                progress.step_done(event)
            case PartDone():
                progress.part_done(event)
            case RunStarted():  # before anything is stored, so that a resume does not store it twice
                files.write_json(folder / files.RUN, {"run_id": event.run_id})
                reached("run.noted")
            case CheckpointDue():
                _save_checkpoint(folder, event.state)
            case Ended():
                result = event.outcome()
    with suppress(Exception):  # before anybody is told that it has ended, and looks; whatever happens, the work is done
        Glance(folder.parent.parent).look_ahead()
    if result is None and not stop.seen:
        raise JobError("job.no_result", "The run ended without a version. Its log may say why; start it again.")
    return "stopped" if stop.seen else "finished", result


class _StopFlag:
    """Asked by the workflow after each step; remembers whether it ever said yes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen = False

    def __call__(self) -> bool:
        self.seen = self.seen or self._path.exists()
        return self.seen


def _device() -> str:
    """What the model really lies on, as torch sees it: a card that is there may still not be used."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized() and torch.cuda.memory_allocated() > 0:
        return str(torch.cuda.get_device_name())
    return "CPU"


def _save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    import torch

    with writing(folder / files.CHECKPOINT) as part, part.open("wb") as stream:
        torch.save(state, stream)
    reached("job.checkpoint")


def _load_checkpoint(folder: Path) -> dict[str, Any] | None:
    path = folder / files.CHECKPOINT
    if not path.exists():
        return None
    import torch

    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise JobError(
            "job.checkpoint_unreadable",
            "What this run had saved cannot be read any more ({reason}), so it cannot go on. "
            "Remove the run and start it again.",
            reason=str(error).strip().partition("\n")[0],
        ) from error
    return state


def _crashed(folder: Path) -> Message:
    return message(
        "job.crashed",
        "Something went wrong inside the program; the run could not go on. The details are at the end of {log}. "
        "Resume tries again from the last checkpoint.",
        log=str(folder / files.LOG),
    )


def warm_up() -> None:
    """Load what nearly every job needs; takes seconds, and leaves nothing open."""
    with unhindered_imports():
        for name in ("torch", "onnxruntime", "core.workflows.train.run", "core.workflows.update.run"):
            import_module(name)
        preload(store_address(home()))


def main(
    arguments: Sequence[str],
    workflows: Mapping[str, Workflow] = KINDS,
    command: Sequence[str] = WORKER,
    prepare: Callable[[], None] = warm_up,
) -> None:
    """Execute the job in the folder that the only argument names, then start the next one that waits.

    After ``--spare`` comes the folder of all jobs: then load everything first, and wait to be handed one.
    """
    keep_freed_memory()
    if arguments[0] == spare.FLAG:
        jobs = Path(arguments[1])
        handed = spare.wait_for_job(jobs, queue_lock(jobs), prepare, _open_store)
        if handed is None:
            return
        folder = handed
    else:
        folder = Path(arguments[0]).resolve()
    run_job(folder, workflows)
    JobQueue(folder.parent.parent, command=command).tick()


def _open_store() -> None:
    """Open a store that is there; a new one is made, and a server asked, when a job needs it."""
    folder, address = home().resolve(), store_address(home().resolve())
    if (folder / "mlflow.db").exists() and not os.environ.get("MLFLOW_TRACKING_URI"):
        with suppress(CoreError):  # the job will say it
            open_client(folder, address)


if __name__ == "__main__":
    main(sys.argv[1:])
