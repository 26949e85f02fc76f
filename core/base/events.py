"""What a run tells whoever consumes it; the run itself knows no progress bar, file or registry."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.base.messages import Message

_VALIDATION = "validation_"


@dataclass(frozen=True)
class StageStarted:
    """A new part of the job begins; ``fraction`` of the whole job, 0 to 1, is done."""

    message: Message
    fraction: float


@dataclass(frozen=True)
class Advanced:
    """A little more of a job of many parts is done: ``fraction`` of the whole job, 0 to 1, and what it is at now."""

    message: Message
    fraction: float


@dataclass(frozen=True)
class StepDone:
    """One learning step; ``epoch`` and ``step`` count from 1, ``loss`` is the running mean of this epoch."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    texts_per_second: float


@dataclass(frozen=True)
class PartDone:
    """One of many equal parts of a run is over, and has figures that are kept, one line each."""

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class EpochDone(PartDone):
    """One pass over the training texts, with figures of the validation split: the loss, and the task's scores by name."""

    epoch: int
    training_loss: float
    validation_loss: float
    scores: Mapping[str, float]
    best: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values; a score stands as ``validation_<name>``."""
        scores = {f"{_VALIDATION}{name}": value for name, value in self.scores.items()}
        losses = {"training_loss": self.training_loss, "validation_loss": self.validation_loss}
        return {"epoch": self.epoch, **losses, **scores, "best": self.best, "seconds": self.seconds}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> EpochDone:
        """The inverse of `to_dict`."""
        own = {name: stored[name] for name in ("epoch", "training_loss", "validation_loss", "best", "seconds")}
        scores = {
            name.removeprefix(_VALIDATION): value
            for name, value in stored.items()
            if name.startswith(_VALIDATION) and name != "validation_loss"
        }
        return EpochDone(**own, scores=scores)


@dataclass(frozen=True)
class LanguageEpoch(PartDone):
    """One pass over texts whose tokens are guessed; losses in nats per guessed token, perplexity is e to the second.

    ``validation_accuracy`` is the share of tokens guessed exactly, 0 to 1, where that is counted.
    """

    epoch: int
    training_loss: float
    validation_loss: float
    validation_perplexity: float
    best: bool
    seconds: float
    validation_accuracy: float | None = None


@dataclass(frozen=True)
class RunStarted:
    """The id under which what this run makes will be stored, told before anything is.

    Keep it and pass it back in ``resume`` as ``{"run_id": …}``: then a run that was killed at its very end makes nothing twice.
    """

    run_id: str


@dataclass(frozen=True)
class CheckpointDue:
    """State of the loop; store it, pass it back as ``resume`` and the run goes on as if never interrupted."""

    state: dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """The loop ended; the model holds the weights of ``best_epoch`` (0: stopped before the first epoch ended)."""

    best_epoch: int
    epochs: int
    reason: Message


class Ended:
    """A workflow came to something; the last thing that it tells."""

    def outcome(self) -> dict[str, Any]:
        """What a job's folder keeps of it: where that something lies."""
        raise NotImplementedError


Event = StageStarted | Advanced | RunStarted | StepDone | PartDone | CheckpointDue | Finished


def last_of(events: Iterable[Any]) -> Any:
    """The last event of a run that is carried out for it; no other is kept, since checkpoints hold all weights."""
    return deque(events, maxlen=1).pop()
