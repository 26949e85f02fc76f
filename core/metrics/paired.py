"""Is the new version better than the old one? Measured on the same rows, which sees far smaller differences than two
separate intervals do.

References
----------
Q. McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages".
A. Agresti, Y. Min (2005), "Simple improved confidence intervals for comparing matched proportions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from core.metrics.classification import confusion_matrix, scores_f1
from core.metrics.intervals import Z95, Estimate, Floats, estimate, percentiles

Integers = NDArray[np.int64]

_UNSEEN = 0.1  # rows of each label that got better, and that got worse, beyond those seen: the least that covers by simulation


@dataclass(frozen=True, eq=False)
class Flips:
    """Row numbers whose prediction changed: wrong to right, right to wrong, wrong to another wrong."""

    better: Integers
    worse: Integers
    other: Integers


def flips(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> Flips:
    """Find the rows whose prediction changed; all three arguments are class numbers, shape ``(rows,)``."""
    true, old, new = _checked(truth, before, after)
    was_right, is_right, changed = old == true, new == true, old != new
    return Flips(
        better=np.flatnonzero(~was_right & is_right),
        worse=np.flatnonzero(was_right & ~is_right),
        other=np.flatnonzero(~was_right & ~is_right & changed),
    )


def mcnemar(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> float:
    """Chance of so uneven a split between rows that got better and rows that got worse, were both equally likely.

    The exact two-sided binomial test, for any number of rows; 0 to 1, small means that the versions differ, 1 when no
    row got better or worse.
    """
    changed = flips(truth, before, after)
    return _uneven(len(changed.better), len(changed.worse))


def mcnemar_of_runs(before: ArrayLike, after: ArrayLike) -> float:
    """McNemar's test between two methods that were each run several times, such as with several seeds.

    The rows that only one of the two gets right are counted in each run and averaged over the runs: a test has as many
    rows as it has, however often they were answered. 0 to 1, small means that the methods differ.

    Parameters
    ----------
    before, after
        Whether each row was answered rightly, bool, shape ``(runs, rows)``; run k of both belongs together.
    """
    old, new = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    if old.shape != new.shape or old.ndim != 2 or not len(old):
        raise ValueError(f"shapes {old.shape} and {new.shape}; both must be (runs, rows) with a run at least")
    better, worse = ((new & ~old).sum(axis=1).mean(), (old & ~new).sum(axis=1).mean())
    return _uneven(round(float(better)), round(float(worse)))


def _uneven(better: int, worse: int) -> float:
    return min(1.0, 2 * float(special.bdtr(min(better, worse), better + worse, 0.5))) if better + worse else 1.0


def paired_difference(
    truth: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    *,
    metric: Literal["accuracy", "macro_f1"] = "accuracy",
    seed: int = 0,
    resamples: int = 1000,
) -> Estimate:
    """After − before on the same rows, −1 to 1, positive is better, with its 95 % interval.

    Accuracy has the closed form of Agresti and Min, which needs no seed and stays honest when hardly a row changed.
    Macro-F1 is bootstrapped: whole rows (truth, before and after together) are redrawn, and with them how many each class
    has, one at least; a tenth of a row that got better and of one that got worse are added to each class. Its interval is
    at least as wide as that of accuracy, or it would be 0 to 0 when nothing changed.
    """
    true, old, new = _checked(truth, before, after)
    accuracy = _accuracy_difference(true, old, new)
    if metric == "accuracy":
        return accuracy
    value, resampled = _macro_f1_differences(true, old, new, resamples, np.random.default_rng(seed))
    low, high = percentiles(resampled)
    down, up = accuracy.value - accuracy.low, accuracy.high - accuracy.value
    return estimate(value, min(low, value - down), max(high, value + up), smallest=-1.0)


def _checked(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> tuple[Integers, Integers, Integers]:
    true, old, new = (np.asarray(values, dtype=np.int64) for values in (truth, before, after))
    if not true.shape == old.shape == new.shape or true.ndim != 1:
        raise ValueError(f"shapes {true.shape}, {old.shape} and {new.shape} differ; all must be (rows,)")
    return true, old, new


def _accuracy_difference(truth: Integers, before: Integers, after: Integers) -> Estimate:
    # Half a row is added to each of the four cells of the right-or-wrong table before Wald's formula is used.
    gained = int(((after == truth) & (before != truth)).sum()) + 0.5
    lost = int(((before == truth) & (after != truth)).sum()) + 0.5
    rows = len(truth) + 2
    centre = (gained - lost) / rows
    half = Z95 * float(np.sqrt(gained + lost - (gained - lost) ** 2 / rows)) / rows
    value = (gained - lost) / max(len(truth), 1)
    return estimate(value, centre - half, centre + half, smallest=-1.0)


def _usual_mistake(tables: list[Integers], true: int) -> int:
    """The class that rows of this one are most often taken for; of equals the most frequent one."""
    taken = sum(table[true] for table in tables) + tables[0].sum(axis=1) / (2 * tables[0].sum())
    taken[true] = -1
    return int(np.argmax(taken))


def _macro_f1_differences(
    truth: Integers, before: Integers, after: Integers, resamples: int, generator: np.random.Generator
) -> tuple[float, Floats]:
    """The difference of macro-F1 as it is, and in each resample, shape ``(resamples,)``."""
    count = int(max(values.max(initial=0) for values in (truth, before, after))) + 1
    tables = [confusion_matrix(truth, predicted, count) for predicted in (before, after)]
    support = tables[0].sum(axis=1)
    sizes = np.maximum(generator.multinomial(len(truth), support / len(truth), size=resamples), support > 0)
    hits, guessed = np.zeros((2, resamples, count)), np.zeros((2, resamples, count))
    for true in np.flatnonzero(support):
        rows = truth == true
        pairs, counts = np.unique(np.stack([before[rows], after[rows]]), axis=1, return_counts=True)
        # Of few rows of a label perhaps none changed by luck.
        wrong = _usual_mistake(tables, int(true))
        pairs = np.concatenate([pairs, [[wrong, true], [true, wrong]]], axis=1)
        counts = np.append(counts, [_UNSEEN, _UNSEEN])
        drawn = generator.multinomial(sizes[:, true], counts / counts.sum())
        for version, predicted in enumerate(pairs):
            # Several pairs share a predicted class: add.at adds each of them.
            np.add.at(guessed[version].T, predicted, drawn.T)
            hits[version, :, true] = drawn[:, predicted == true].sum(axis=1)
    values, resampled = [], []
    weights = (support > 0) / (support > 0).sum()
    for version, table in enumerate(tables):
        values.append(float(weights @ scores_f1(np.diag(table), support, table.sum(axis=0))))
        resampled.append(scores_f1(hits[version], sizes, guessed[version]) @ weights)
    return values[1] - values[0], resampled[1] - resampled[0]
