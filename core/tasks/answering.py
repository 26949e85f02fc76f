"""What answers, and what answers are worth: pieces that every task has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from core.base.messages import Message
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.predict import Answers
from core.statistics.additive import Patterns
from core.statistics.intervals import Estimate

Answer = Callable[[Sequence[str]], Sequence[str]]  # texts → answers


class Engine(Protocol):
    """What a version answers with, whatever it computes."""

    labels: list[str]
    task: str
    precision: str
    provider: str

    @property
    def pipeline(self) -> TextPipeline: ...

    thresholds: NDArray[Any] | None  # the probability of each output from which on it is part of an answer

    @property
    def probable(self) -> bool:
        """Whether it computes probabilities."""
        ...

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> NDArray[Any]:
        """What the model computes of each text, (texts, outputs)."""
        ...

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        """The same, and how much of each text was read for it."""
        ...


class Baseline(NamedTuple):
    """A simple method that a model is shown beside."""

    method: str
    answer: Answer


class Pairs(NamedTuple):
    """Rows answered once or several times, and the names of their strata in order."""

    rows: Patterns
    strata: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """What answers on one test are worth: each score by its name, with its 95 % interval."""

    scores: Mapping[str, Estimate]
    rows: int

    def to_dict(self) -> dict[str, Any]:
        return {**{name: score.to_dict() for name, score in self.scores.items()}, "rows": self.rows}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Figures:
        """The inverse of `to_dict`."""
        scores = {name: Estimate.from_dict(value) for name, value in stored.items() if name != "rows"}
        return Figures(scores, int(stored["rows"]))


@dataclass(frozen=True)
class Foreseen:
    """What answers are worth whose truth nobody knows.

    Parameters
    ----------
    rows
        Answers that it is told from.
    scores
        Scores by name, with their 95 % intervals.
    shares
        How frequent each target is among the texts, the model's own mistakes taken into account; with intervals likewise.
    unknown
        Why nothing can be told; the two before are empty then.
    """

    rows: int
    scores: Mapping[str, Estimate] = field(default_factory=dict)
    shares: Mapping[str, Estimate] = field(default_factory=dict)
    unknown: Message | None = None


Forecaster = Callable[
    [NDArray[Any]], Foreseen
]  # what a version computes of texts whose truth nobody knows, (texts, outputs)
