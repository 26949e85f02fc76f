"""One job as a screen shows it, derived afresh from its folder at every look; nothing is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from core.base.messages import Message, message
from core.base.processes import is_alive
from core.jobs import files

State = Literal["queued", "running", "stopping", "finished", "stopped", "failed", "interrupted"]
EndState = Literal["finished", "stopped", "failed"]

ENDED: tuple[State, ...] = ("finished", "stopped", "failed", "interrupted")


@dataclass(frozen=True)
class Job:
    """A job at one moment.

    Parameters
    ----------
    state
        ``"interrupted"``: the process is gone without having said how it ended.
    created, started, finished
        ISO 8601 in UTC; None when that has not happened.
    fraction
        Share of the whole job that is done, 0 to 1.
    seconds_left
        Estimated from the speed so far; None while nothing can be said.
    message
        What it is doing now, or what it waits for; None once it ended.
    result
        ``{"version": n}`` once a version was made, ``{"comparison": id}``
        of a comparison, ``{"curve": version}`` of a learning curve, ``{"encoder": reference}`` of a pretraining,
        ``{"benchmark": id}`` of a measurement of speed, ``{"search": id}`` of a search for settings; a stopped job has
        one, too, when it got that far.
    error
        Why it failed, or what became of an interrupted one.
    hopeless
        Whether the same request would fail again, since the fault lies in what was asked for.
    titled
        The title with key and facts, for readers of another language than the one it was asked for in; None where the title is
        a name, and of jobs of earlier editions.
    """

    id: str
    kind: str
    title: str
    classifier: str
    config: dict[str, Any]
    state: State
    created: str
    started: str | None
    finished: str | None
    fraction: float
    seconds_left: float | None
    message: Message | None
    texts_per_second: float | None
    memory_mb: float | None
    device: str | None
    result: dict[str, Any] | None
    error: Message | None
    hopeless: bool = False
    told: bool = False
    titled: Message | None = None

    @property
    def resumable(self) -> bool:
        """Whether `JobQueue.resume` takes it: it ended before it made a version, and another try may end better."""
        return self.state in ("stopped", "failed", "interrupted") and self.result is None and not self.hopeless

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless somebody resumes it."""
        return self.state in ENDED


def read_job(folder: Path) -> Job | None:
    """Read a job's folder; None when it is not, or no longer, a job's."""
    # In this order: a process that ends between the looks has written its end before, and is not called interrupted.
    claim = files.read_json(folder / files.CLAIM)
    alive = is_alive(claim)
    progress = files.read_json(folder / files.PROGRESS)
    asked = files.read_json(folder / files.JOB)
    try:
        state = _state(folder, claim, alive, progress)
        return Job(
            id=folder.name,
            kind=str(asked["kind"]),
            title=str(asked["title"]),
            classifier=str(asked["classifier"]),
            config=dict(asked["config"]),
            state=state,
            created=str(asked["created"]),
            started=progress.get("started"),
            finished=progress.get("finished"),
            fraction=1.0 if state == "finished" else float(progress.get("fraction") or 0.0),
            seconds_left=progress.get("seconds_left") if state in ("running", "stopping") else None,
            message=_message(state, progress),
            texts_per_second=progress.get("texts_per_second"),
            memory_mb=progress.get("memory_mb"),
            device=progress.get("device"),
            result=progress.get("result"),
            error=_error(state, folder, progress),
            told=state in ENDED and (folder / files.TOLD).exists(),
            hopeless=state == "failed" and bool(progress.get("hopeless", False)),
            titled=Message.from_dict(asked["titled"]) if "titled" in asked else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _state(folder: Path, claim: dict[str, Any], alive: bool, progress: dict[str, Any]) -> State:
    ended = progress.get("ended")
    for state in get_args(EndState):
        if ended == state:
            return state  # type: ignore[no-any-return]
    if "pid" not in claim:
        return "queued"
    if not alive:
        return "interrupted"
    return "stopping" if (folder / files.STOP).exists() else "running"


def _message(state: State, progress: dict[str, Any]) -> Message | None:
    if state == "queued":
        return message("job.waiting", "Waiting until the run before it is done.")
    if state in ENDED:
        return None
    stored = progress.get("message")
    if state == "running" and stored is None:
        return message("job.starting", "Starting: this takes a few seconds.")
    return Message.from_dict(stored) if stored is not None else None


def _error(state: State, folder: Path, progress: dict[str, Any]) -> Message | None:
    if state == "interrupted":
        if (folder / files.CHECKPOINT).exists():
            return message(
                "job.interrupted",
                "The run's process ended before the run did: it was killed, or the machine was switched off. "
                "Resume continues from its last checkpoint.",
            )
        return message(
            "job.interrupted_early",
            "The run's process ended before it had saved anything: it was killed, or could not start (the log says "
            "more). Resume begins it again.",
        )
    stored = progress.get("error")
    return Message.from_dict(stored) if stored is not None else None
