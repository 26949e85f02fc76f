"""Turns the events of a workflow into the figures that a screen shows; knows nothing of queues and processes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core.base.messages import Message
from core.jobs import files

if TYPE_CHECKING:
    from core.base.events import Advanced, PartDone, StageStarted, StepDone
    from core.jobs.job import EndState

SECONDS_BETWEEN_WRITES = 0.25
# Learning is by far the longest part; what follows it (measuring, export) has the rest of the bar.
LEARNING_ENDS = 0.9
RESERVED = 8192  # bytes
_MEMORY_OF_SPEED = 10.0  # seconds after which an earlier speed counts for a third
_TOO_EARLY = 1.0  # seconds of learning before an estimate is shown


class Progress:
    """Figures of one executing job, written to its folder at most four times a second while it learns.

    Parameters
    ----------
    clock
        Seconds, as of `time.monotonic`.
    device
        Function that names the device the model lies on; called at the first learning step.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], float] = time.monotonic, device: Callable[[], str] | None = None
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._device = device
        self._process = psutil.Process()
        # A resumed job shows how far it had come until it has caught up.
        fraction = float(files.read_json(folder / files.PROGRESS).get("fraction") or 0.0)
        self._figures: dict[str, Any] = {"started": now(), "fraction": fraction}
        self._written_at = -math.inf
        with suppress(OSError):
            (folder / files.RESERVE).write_bytes(bytes(RESERVED))
        self._stage_began = 0.0
        self._done = 0.0  # of the whole job; unlike the bar, behind what was shown before a resume
        self._step_at: float | None = None
        self._learning_since: float | None = None
        self._advanced_from: tuple[float, float] | None = None  # when, and where
        self._speed: float | None = None  # fraction of the job per second

    def stage_started(self, event: StageStarted) -> None:
        self._stage_began = self._done = event.fraction
        self._step_at = self._learning_since = self._speed = None
        self._advance(event.fraction)
        self._figures |= {"message": event.message.to_dict(), "seconds_left": None, "texts_per_second": None}
        self.write()

    def advanced(self, event: Advanced) -> None:
        at = self._clock()
        self._advance(event.fraction)
        self._figures["message"] = event.message.to_dict()
        # The parts of such a job differ much and may end early: the speed of all so far says more than the latest.
        if self._advanced_from is None:
            self._advanced_from = (at, event.fraction)
        passed, gained = at - self._advanced_from[0], event.fraction - self._advanced_from[1]
        if passed >= _TOO_EARLY and gained > 0:
            self._figures["seconds_left"] = round((1.0 - event.fraction) * passed / gained, 1)
        if at - self._written_at >= SECONDS_BETWEEN_WRITES:
            self.write()

    def step_done(self, event: StepDone) -> None:
        at = self._clock()
        learned = (event.epoch - 1 + event.step / max(event.steps, 1)) / max(event.epochs, 1)
        before, self._done = self._done, self._stage_began + max(LEARNING_ENDS - self._stage_began, 0.0) * learned
        self._advance(self._done)
        self._measure_speed(self._done - before, at)
        if self._device is not None and "device" not in self._figures:
            self._figures["device"] = self._device()
        self._figures["texts_per_second"] = event.texts_per_second
        if at - self._written_at >= SECONDS_BETWEEN_WRITES:
            self.write()

    def part_done(self, event: PartDone) -> None:
        files.append_line(self._folder / files.EPOCHS, event.to_dict())

    def ended(
        self,
        state: EndState,
        *,
        result: dict[str, Any] | None = None,
        error: Message | None = None,
        hopeless: bool = False,
    ) -> None:
        """Write how the job ended, and whether another try at the same request would only end the same way."""
        self._figures |= {
            "ended": state,
            "finished": now(),
            "result": result,
            "error": error.to_dict() if error is not None else None,
            "hopeless": hopeless,
        }
        try:
            self._write(durable=True)
        except OSError:  # the disk is full: what was kept free for this very line
            (self._folder / files.RESERVE).unlink(missing_ok=True)
            self._write(durable=True)
        with suppress(OSError):
            (self._folder / files.RESERVE).unlink(missing_ok=True)

    def write(self) -> None:
        """Show the figures; a disk that is full keeps nobody from learning."""
        with suppress(OSError):
            self._write(durable=False)

    def _write(self, *, durable: bool) -> None:
        self._written_at = self._clock()
        self._figures["memory_mb"] = round(self._process.memory_info().rss / 2**20, 1)
        files.write_json(self._folder / files.PROGRESS, self._figures, durable=durable)

    def _advance(self, fraction: float) -> None:
        """Never backwards: a bar that shrinks reads as an error."""
        self._figures["fraction"] = min(1.0, max(self._figures["fraction"], fraction))

    def _measure_speed(self, gained: float, at: float) -> None:
        # The first step after a start or a resume covers time or progress that is not its own.
        if self._step_at is None or self._learning_since is None:
            self._step_at = self._learning_since = at
            return
        passed = at - self._step_at
        if passed <= 0:
            return
        self._step_at = at
        share = math.exp(-passed / _MEMORY_OF_SPEED)
        current = gained / passed
        self._speed = current if self._speed is None else share * self._speed + (1 - share) * current
        if at - self._learning_since >= _TOO_EARLY and self._speed > 0:
            self._figures["seconds_left"] = round((1.0 - self._done) / self._speed, 1)


def now() -> str:
    """ISO 8601 in UTC, with microseconds, so that jobs sort by it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
