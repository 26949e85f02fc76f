"""How fast: percentiles of single answers, and ratios of contenders that took turns, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A figure over several rounds: its median, and the lowest and highest round."""

    median: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Latency:
    """How long one answer takes, over all answers of all rounds; milliseconds."""

    p50: float
    p95: float
    p99: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def spread(rounds: Sequence[float]) -> Spread:
    """Median and extremes of one figure a round; at least one."""
    return Spread(float(np.median(rounds)), float(min(rounds)), float(max(rounds)))


def latency(rounds: Sequence[Sequence[float]]) -> Latency:
    """Percentiles (linear interpolation) of all milliseconds of all rounds."""
    p50, p95, p99 = np.quantile(
        np.concatenate([np.asarray(times, dtype=np.float64) for times in rounds]), (0.5, 0.95, 0.99)
    )
    return Latency(float(p50), float(p95), float(p99))


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """How many times as large, computed in each round by itself: what slows a whole round slows both, and cancels out."""
    return spread([high / low for high, low in zip(above, below, strict=True)])
