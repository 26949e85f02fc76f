"""95 % intervals: the value every measure comes with, and the few ways to find its ends.

A single rate has a closed form, Wilson's, which stays honest where a bootstrap does not: with few rows, and near 0 and 1,
where resampling thirty hits of thirty gives "1.000 to 1.000". Averages of several scores have no closed form; they are
bootstrapped (`percentiles`) and made at least as wide as the intervals of their parts allow (`combined`). In simulations
with 15 to 500 rows a part this covers the true value 93 to 99 times in 100.

Knows nothing of what is measured.

References
----------
E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference".
R. G. Newcombe (1998), "Interval estimation for the difference between independent proportions: comparison of eleven
methods", method 10.
G. Zou, A. Donner (2008), "Construction of confidence limits about effect measures: a general approach".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Two-sided 95 % of the normal distribution.
Z95 = 1.959963984540054
# Below this a screen says "too few rows to judge" instead of praising or blaming.
MINIMUM_ROWS = 30


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; ``low <= value <= high``, and the ends may be equally far away or not."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Estimate:
        return Estimate(stored["value"], stored["low"], stored["high"])


def estimate(value: float, low: float, high: float, *, smallest: float = 0.0, largest: float = 1.0) -> Estimate:
    """Make an `Estimate` whose ends lie between ``smallest`` and ``largest`` and enclose the value."""
    value = float(value)
    return Estimate(value, min(value, max(float(low), smallest)), max(value, min(float(high), largest)))


def unpaired_difference(value: Estimate, other: Estimate) -> Estimate:
    """The first minus the second where only their intervals are known, −1 to 1.

    Taken as independent: for two methods on the same rows, the noise is rather over- than underestimated.
    """
    noise = float(np.hypot((value.high - value.low) / 2, (other.high - other.low) / 2))
    gap = value.value - other.value
    return estimate(gap, gap - noise, gap + noise, smallest=-1.0)


def wilson(hits: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """Ends of Wilson's 95 % interval for rates ``hits / trials``; 0 to 1 (nothing is known) where there are no trials.

    Parameters
    ----------
    hits, trials
        Counts, numbers or arrays of one shape.
    """
    number = np.asarray(trials, dtype=np.float64)
    known = np.maximum(number, 1.0)
    rate = np.asarray(hits, dtype=np.float64) / known
    centre = (rate + Z95**2 / (2 * known)) / (1 + Z95**2 / known)
    half = Z95 / (1 + Z95**2 / known) * np.sqrt(rate * (1 - rate) / known + Z95**2 / (4 * known**2))
    low = np.where(number > 0, np.maximum(centre - half, 0.0), 0.0)
    high = np.where(number > 0, np.minimum(centre + half, 1.0), 1.0)
    return low, high


def rate_estimate(hits: float, trials: float) -> Estimate:
    """Wilson's interval around one rate; the rate of no trials is 0 by convention, its interval 0 to 1."""
    low, high = wilson(hits, trials)
    return estimate(hits / trials if trials else 0.0, float(low), float(high))


def rate_of(hits: ArrayLike) -> Estimate:
    """The share of rows that are hits, bool, shape ``(rows,)``, with Wilson's interval."""
    rows = np.asarray(hits, dtype=bool)
    return rate_estimate(int(rows.sum()), len(rows))


def rate_difference(before: tuple[int, int], after: tuple[int, int]) -> Estimate:
    """After − before of two rates of different rows, −1 to 1, with Newcombe's interval made of Wilson's two.

    Parameters
    ----------
    before, after
        Hits and trials, at least one trial each.
    """
    old, new = rate_estimate(*before), rate_estimate(*after)
    value = new.value - old.value
    down = float(np.hypot(new.value - new.low, old.high - old.value))
    up = float(np.hypot(new.high - new.value, old.value - old.low))
    return estimate(value, value - down, value + up, smallest=-1.0)


def percentiles(resampled: Floats) -> tuple[float, float]:
    """The ends of a 95 % percentile interval of bootstrapped values, shape ``(resamples,)``."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), float(high)


def combined(values: Floats, low: Floats, high: Floats, weights: Floats) -> tuple[float, float]:
    """Ends of the interval of ``sum(weights * values)`` from the intervals of its parts, taken as independent."""
    value = float(weights @ values)
    down = float(np.sqrt(np.sum((weights * (values - low)) ** 2)))
    up = float(np.sqrt(np.sum((weights * (high - values)) ** 2)))
    return value - down, value + up


def ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> Floats:
    """Divide; 0 where the denominator is 0."""
    quotient = np.zeros(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)))
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) > 0)
    return quotient
