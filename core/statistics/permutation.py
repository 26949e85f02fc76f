"""Permutation tests: how often chance alone would tell two groups of rows apart as well as they are told apart.

If nothing changed, it is chance which rows came earlier and which came with the batch: every way of dealing the pooled
rows to the two sides is as likely as the one at hand. So the rows are dealt again and again, and the p-value is the
share of deals, the real one among them, whose statistic is at least as large: (1 + larger) / (1 + deals). It is never
0, and under "nothing changed" it is at most 0.05 in at most 5 % of cases, for any statistic and any number of rows.
Only the rows must be independent of each other; copies of one text are not, so callers keep one of each.

References
----------
B. Phipson, G. K. Smyth (2010), "Permutation p-values should never be zero".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.statistics.additive import Score, Statistics
from core.statistics.intervals import Floats

Sides = NDArray[np.bool_]

ROUNDS = 999  # the smallest p-value is then 0.001, small enough after correcting for a handful of tests

_ENTRIES = 2_000_000  # of one block of deals, which bounds the memory
_ROUNDING = 1e-9  # sums in another order differ in the last digits; equal deals must count as equal


def permutation_test(
    statistic: Callable[[Sides], Floats], before: int, after: int, *, seed: int, rounds: int = ROUNDS
) -> tuple[float, float]:
    """The statistic of the rows as they came, and its p-value.

    Parameters
    ----------
    statistic
        A function from deals, bool (deals, before + after), true where a row is dealt to the batch's side, to one number
        a deal (larger: more different). The rows as they came: first those from before, then those of the batch.
    rounds
        Random deals, beside the real one.
    """
    real = np.arange(before + after) >= before
    observed = float(statistic(real[None, :])[0])
    limit = observed - _ROUNDING * max(1.0, abs(observed))
    larger = sum(int((statistic(sides) >= limit).sum()) for sides in _deals(real, rounds, seed))
    return observed, (1 + larger) / (1 + rounds)


def score_gap(statistics: Statistics, score: Score) -> Callable[[Sides], Floats]:
    """The statistic of `permutation_test` that tells how much worse the batch's side scores than the other one.

    Parameters
    ----------
    statistics
        Statistics of all rows, ``(before + after, k)``, in the order of the sides.
    """
    everything = np.ones(statistics.shape[0]) @ statistics

    def gap(sides: Sides) -> Floats:
        dealt = sides.astype(np.float64) @ statistics
        more: Floats = score.of(everything - dealt) - score.of(dealt)
        return more if score.higher_is_better else -more

    return gap


def exchanged_runs(
    before: Sequence[Sequence[Statistics]],
    after: Sequence[Sequence[Statistics]],
    score: Score,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> float:
    """Chance of so large a difference of a score's mean over tests, were both methods alike: approximate randomisation.

    The answers that two methods gave to a row are exchanged or not, as a coin says, in all runs together: if the methods are
    alike, every such exchange is as likely as the answers at hand. Two-sided; 0.001 at the least.

    Parameters
    ----------
    before, after
        Of each run of a method, and in it of each test, the statistics of its rows, ``(rows, k)``; run k of both belongs
        together.

    References
    ----------
    A. Yeh (2000), "More accurate tests for the statistical significance of result differences", COLING.
    """
    generator, observed, drawn = np.random.default_rng(seed), 0.0, np.zeros(rounds)
    for test in range(len(before[0])):
        rows = before[0][test].shape[0]
        block = max(1, _ENTRIES // max(rows, 1))
        for start in range(0, rounds, block):
            some = slice(start, min(start + block, rounds))
            coins = generator.integers(2, size=(some.stop - start, rows)).astype(np.float64)
            for old, new in ((run[test], other[test]) for run, other in zip(before, after, strict=True)):
                moved = coins @ (old - new)
                drawn[some] += score.of(new.sum(axis=0) + moved) - score.of(old.sum(axis=0) - moved)
        observed += sum(
            float(score.of(new[test].sum(axis=0)) - score.of(old[test].sum(axis=0)))
            for old, new in zip(before, after, strict=True)
        )
    limit = abs(observed) - _ROUNDING * max(1.0, abs(observed))
    return float(1 + (np.abs(drawn) >= limit).sum()) / (1 + rounds)


def _deals(real: Sides, rounds: int, seed: int) -> Iterator[Sides]:
    generator = np.random.default_rng(seed)
    block = max(1, _ENTRIES // max(len(real), 1))
    for start in range(0, rounds, block):
        yield generator.permuted(np.tile(real, (min(block, rounds - start), 1)), axis=1)


def holm(p_values: list[float]) -> list[float]:
    """P-values made larger, so that together they raise a false alarm at most as often as one alone would.

    The smallest of m is multiplied by m, the next by m − 1 and so on, and none may fall below one before it. Holding
    each against 0.05 then errs, if nothing changed, in at most 5 % of cases over all tests together, however they
    depend on each other.

    References
    ----------
    S. Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(p_values: Floats) -> Floats:
    """P-values made larger, so that of those that stay at or below a level at most that share is there by chance.

    The i-th smallest of m is multiplied by m / i, and none may rise above one after it. Holds for independent tests and for
    tests that tend to go the same way.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995), "Controlling the False Discovery Rate".
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=np.float64)[order] * count / np.arange(1, count + 1)
    adjusted: Floats = np.empty(count)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted
