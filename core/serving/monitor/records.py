"""What is kept of answers: counts of a day, and rows of its sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = 256  # rows of a version and day
MOST_NUMBERS = 20_000  # of a day's sample: of many outputs fewer rows are kept
_SIGN = 1 << 63  # SQLite has no unsigned numbers


@dataclass(frozen=True)
class Row:
    """One answer of a day's sample.

    Parameters
    ----------
    key
        A random number by which the sample was drawn.
    answer
        What was answered, as a task writes it.
    numbers
        What the version computed, ``(outputs,)``; empty where these are no numbers.
    mark
        What tells the text from others; None where none may be kept.
    text
        The text; None likewise.
    novelty
        Share of usual texts that are as unlike what the version learned; None where nobody has told.
    """

    key: float
    language: str
    answer: str
    numbers: NDArray[np.float32]
    mark: int | None = None
    text: str | None = None
    novelty: float | None = None


@dataclass(frozen=True)
class Tally:
    """What is added to a version's day: counts by what they count and a name, and rows of the sample."""

    model: str
    run: str
    version: int
    day: date
    outputs: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    rows: Sequence[Row] = ()


@dataclass
class Day:
    """What one version answered on one day.

    Parameters
    ----------
    counts
        What is counted → name → how often.
    """

    run: str
    version: int
    day: date
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def total(self, what: str) -> int:
        return sum(self.counts.get(what, {}).values())


@dataclass(frozen=True)
class Sampled:
    """A row of the sample with the day and, where somebody said it, its truth."""

    day: date
    row: Row
    truth: str | None


def sample_size(outputs: int) -> int:
    """Rows that a day's sample of a version with so many outputs holds."""
    return max(32, min(SAMPLE, MOST_NUMBERS // max(1, outputs)))


def as_mark(number: Any) -> int:
    """The key of a text, 64 bits, as a number that SQLite holds."""
    return (int(number) ^ _SIGN) - _SIGN
