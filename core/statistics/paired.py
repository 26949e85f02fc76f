"""Is the new version better than the old one? Measured on the same rows, which sees far smaller differences than two
separate intervals do.

References
----------
Q. McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages".
A. Agresti, Y. Min (2005), "Simple improved confidence intervals for comparing matched proportions".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from core.statistics.additive import Patterns, Score, redraw
from core.statistics.intervals import Z95, Estimate, estimate, percentiles

UNSEEN = 0.5  # of a row that got better, and of one that got worse, beyond those seen


def mcnemar(before: ArrayLike, after: ArrayLike) -> float:
    """Chance of so uneven a split between rows that got better and rows that got worse, were both equally likely.

    The exact two-sided binomial test, for any number of rows; 0 to 1, small means that the versions differ, 1 when no
    row got better or worse.

    Parameters
    ----------
    before, after
        Whether each row is a hit, bool, shape ``(rows,)``.
    """
    return mcnemar_of_runs(np.atleast_2d(before), np.atleast_2d(after))


def mcnemar_of_runs(before: ArrayLike, after: ArrayLike) -> float:
    """McNemar's test between two methods that were each run several times, such as with several seeds.

    The rows that only one of the two gets right are counted in each run and averaged over the runs: a test has as many
    rows as it has, however often they were answered. 0 to 1, small means that the methods differ.

    Parameters
    ----------
    before, after
        Whether each row is a hit, bool, shape ``(runs, rows)``; run k of both belongs together.
    """
    old, new = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    if old.shape != new.shape or old.ndim != 2 or not len(old):
        raise ValueError(f"shapes {old.shape} and {new.shape}; both must be (runs, rows) with a run at least")
    better, worse = (round(float(only.sum(axis=1).mean())) for only in (new & ~old, old & ~new))
    return min(1.0, 2 * float(special.bdtr(min(better, worse), better + worse, 0.5))) if better + worse else 1.0


def paired_rate_difference(before: ArrayLike, after: ArrayLike) -> Estimate:
    """After − before of the share of hits on the same rows, −1 to 1, with the 95 % interval of Agresti and Min.

    It needs no seed and stays honest when hardly a row changed.

    Parameters
    ----------
    before, after
        Whether each row is a hit, bool, shape ``(rows,)``.
    """
    old, new = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    if old.shape != new.shape or old.ndim != 1:
        raise ValueError(f"shapes {old.shape} and {new.shape} differ; both must be (rows,)")
    return _of_counts(int((new & ~old).sum()), int((old & ~new).sum()), len(old))


def paired_score_difference(
    pairs: Patterns, score: Score, *, at_least: Estimate | None = None, seed: int = 0, resamples: int = 1000
) -> Estimate:
    """After − before of a score on the same rows, with its 95 % interval; positive means larger.

    A rate has a closed form (`paired_rate_difference`). Any other score is bootstrapped: whole rows, both answers together,
    are redrawn. Where the score knows what a row with one thing is, half of one that was gained and half of one that was lost
    are added to those seen, as in the closed form: without them an interval would have no width where nothing changed.

    Parameters
    ----------
    pairs
        Rows with two answers, before and after.
    at_least
        A difference whose interval reaches no farther to either side than the one that is returned: where no row changed,
        all redrawn differences are 0.
    """
    if score.rate is not None:
        (old, trials), (new, _) = (score.rate(statistics) for statistics in pairs.answers)
        gained, lost, rows = (float(pairs.counts @ which) for which in (new > old, old > new, trials))
        return _of_counts(gained, lost, rows)
    sums = pairs.sums()
    before, after = (float(score.of(each)) for each in sums)
    if score.single is not None:
        hit, missed = score.single(sums[0])
        pairs = pairs.with_unseen((missed, hit), (hit, missed), rows=UNSEEN) if len(hit) else pairs
    old_drawn, new_drawn = redraw(pairs, resamples, np.random.default_rng(seed))
    value = after - before
    low, high = percentiles(score.of(new_drawn) - score.of(old_drawn))
    if at_least is not None:
        low = min(low, value - (at_least.value - at_least.low))
        high = max(high, value + (at_least.high - at_least.value))
    return estimate(value, low, high, smallest=-score.span, largest=score.span)


def _of_counts(gained: float, lost: float, rows: float) -> Estimate:
    # Half a row is added to each of the four cells of the hit-or-miss table before Wald's formula is used.
    more, fewer, number = gained + 0.5, lost + 0.5, rows + 2
    centre = (more - fewer) / number
    half = Z95 * float(np.sqrt(more + fewer - (more - fewer) ** 2 / number)) / number
    return estimate((more - fewer) / max(rows, 1), centre - half, centre + half, smallest=-1.0)
