"""A test that looks every day and still keeps its promise: so many false alarms a year, however often one looks.

Each new value is ranked among all values before it. While values come as they always did, every rank is as probable as every
other, whatever they are distributed like (conformal p-values). Bets against that are multiplied up; a sum over all days on which
betting may have begun is an e-detector: until something changes its expectation grows by one a day, so that within ``n`` days it
exceeds ``n / rate`` with a probability of at most ``rate``.

References
----------
V. Vovk, A. Gammerman, G. Shafer (2005), "Algorithmic Learning in a Random World", chapter 7.
J. Shin, A. Ramdas, A. Rinaldo (2022), "E-detectors: a nonparametric framework for sequential change detection".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAYS = 365
FALSE_ALARMS = 0.2  # a year, at most: one in five years
LIMIT = DAYS / FALSE_ALARMS
_BETS = np.array([0.3, 0.5, 0.7, 0.85, 0.95])  # κ of the bets κ p^(κ-1), on small ranks and on large ones
_LEAST, _LARGEST = 1e-12, 600.0  # a rank, and a logarithm of what bets are worth


@dataclass(frozen=True)
class Watched:
    """What came of watching.

    Parameters
    ----------
    evidence
        Worth of the bets after each day, ``(days,)``; `LIMIT` is what alarms.
    alarm
        The first day on which it was reached, counted from 0; None while it was not.
    """

    evidence: NDArray[np.float64]
    alarm: int | None


def watch(reference: Sequence[float], days: Sequence[Sequence[float]], *, seed: int = 0) -> Watched:
    """Whether values of these days come from where the values of a reference came from.

    Parameters
    ----------
    reference
        Values from before the first day, at least one.
    days
        Values of each day, in order; a day may have none.
    seed
        Seed of what breaks ties between equal values: the same seed gives the same answer.
    """
    generator = np.random.default_rng(seed)
    known = sorted(map(float, reference))
    worth = np.zeros(2 * len(_BETS))
    evidence = np.zeros(len(days))
    for number, values in enumerate(days):
        gained = np.zeros(2 * len(_BETS))
        for value in map(float, values):
            rank = _rank(value, known, generator.random())
            insort(known, value)
            gained += np.concatenate([_won(rank), _won(1 - rank)])
        worth = np.exp(np.minimum(np.log1p(worth) + gained, _LARGEST))
        evidence[number] = worth.mean()
    reached = np.flatnonzero(evidence >= LIMIT)
    return Watched(evidence, int(reached[0]) if len(reached) else None)


def _rank(value: float, known: Sequence[float], chance: float) -> float:
    """Share of the known values that are larger; equal ones, the value itself among them, count by chance."""
    after = bisect_right(known, value)
    equal = after - bisect_left(known, value)
    return (len(known) - after + chance * (equal + 1)) / (len(known) + 1)


def _won(rank: float) -> NDArray[np.float64]:
    """Logarithm of what each bet on small ranks is worth after this one, in multiples of what was put in."""
    won: NDArray[np.float64] = np.log(_BETS) + (_BETS - 1) * np.log(max(rank, _LEAST))
    return won
