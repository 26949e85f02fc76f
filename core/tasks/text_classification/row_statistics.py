"""What is added up over the rows of a classifier's test, and its scores as functions of the sum.

A row's statistics (`statistics`) are three of each class: whether the row is of the class, whether it also was found, and
whether it was taken for the class. All classes are numbers here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from core.statistics.additive import Patterns, Score, Statistics, rate_score
from core.statistics.intervals import Estimate, Floats, combined, estimate, ratio, wilson

Integers = NDArray[np.int64]

_DENSE = 30  # columns up to which statistics are no sparse matrix


def scores_f1(hits: NDArray[Any], support: NDArray[Any], guessed: NDArray[Any]) -> Floats:
    """F1 = 2 · hits / (rows + predictions) of each class; 0 where a class has neither."""
    return ratio(2 * hits, support + guessed)


def statistics(truth: ArrayLike, answers: ArrayLike, classes: int) -> Statistics:
    """Statistics, ``(rows, 3 · classes)``: which class a row is of, which it was found to be rightly, which it was taken for.

    Parameters
    ----------
    truth, answers
        Class numbers, shape ``(rows,)``.
    """
    true, guess = np.asarray(truth, dtype=np.int64), np.asarray(answers, dtype=np.int64)
    columns = np.stack([true, classes + true, 2 * classes + guess], axis=1)
    values = np.ones(columns.shape)
    values[:, 1] = true == guess
    if 3 * classes <= _DENSE:
        table = np.zeros((len(true), 3 * classes))
        np.put_along_axis(table, columns, values, axis=1)
        return table
    starts = np.arange(0, columns.size + 1, 3)
    return sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(len(true), 3 * classes))


def answered(truth: ArrayLike, *answers: ArrayLike, classes: int) -> Patterns:
    """Rows with one or more answers, all class numbers, shape ``(rows,)``; each class is a stratum."""
    true, given, counts = distinct_rows(truth, *answers, classes=classes)
    return patterns_of(true, given, counts, classes)


def distinct_rows(
    truth: ArrayLike, *answers: ArrayLike, classes: int
) -> tuple[Integers, list[Integers], NDArray[np.int64]]:
    """Every truth with its answers once, ascending, and how many rows have them; `ValueError` for unequal shapes."""
    true, *given = (np.asarray(values, dtype=np.int64) for values in (truth, *answers))
    if true.ndim != 1 or any(each.shape != true.shape for each in given):
        shapes = " and ".join(str(each.shape) for each in (true, *given))
        raise ValueError(f"shapes {shapes} differ; all must be (rows,)")
    code = true
    for each in given:
        code = code * classes + each
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    return true[first], [each[first] for each in given], counts


def patterns_of(truth: Integers, answers: Sequence[Integers], counts: NDArray[Any], classes: int) -> Patterns:
    """So many rows of each truth, ascending, with each answer, all class numbers ``(patterns,)``."""
    each = tuple(statistics(truth, answer, classes) for answer in answers)
    return Patterns(counts.astype(np.float64), each, truth, classes)


def _split(sums: Statistics) -> tuple[Any, Any, Any]:
    """Rows, hits and predictions of each class, ``(…, classes)``."""
    classes = sums.shape[-1] // 3
    return sums[..., :classes], sums[..., classes : 2 * classes], sums[..., 2 * classes :]


def _right(sums: Statistics) -> tuple[Floats, Floats]:
    support, hits, _ = _split(sums)
    return hits.sum(axis=-1), support.sum(axis=-1)


def _mean_over_present(sums: Floats) -> Floats:
    support, hits, guessed = _split(sums)
    occurs = support > 0
    weights = occurs / occurs.sum(axis=-1, keepdims=True)
    mean: Floats = (weights * scores_f1(hits, support, guessed)).sum(axis=-1)
    return mean


ACCURACY = rate_score("accuracy", _right)
MACRO_F1 = Score("macro_f1", _mean_over_present)  # over the classes that the sum has rows of


@dataclass(frozen=True, eq=False)
class PerClass:
    """One score of every class with the ends of its interval; ``defined`` is False where 0 stands by convention."""

    values: Floats
    low: Floats
    high: Floats
    defined: NDArray[np.bool_]

    def of(self, index: int) -> Estimate:
        return estimate(self.values[index], self.low[index], self.high[index])

    def implied(self, weights: Floats) -> tuple[float, float]:
        """The interval of their average, taken as independent."""
        # A 0 by convention is no measurement: it has no uncertainty to add.
        low = np.where(self.defined, self.low, self.values)
        high = np.where(self.defined, self.high, self.values)
        return combined(self.values, low, high, weights)


@dataclass(frozen=True, eq=False)
class ClassScore:
    """A score that every class has: from sums ``(…, 3 · classes)`` to values ``(…, classes)``, and measured on a test."""

    values: Callable[[Floats], Floats]
    measured: Callable[[Floats], PerClass]

    def average(self, name: str, weights: Floats) -> Score:
        """The same averaged over classes."""
        return Score(
            name, lambda sums: self.values(sums) @ weights, implied=lambda sums: self.measured(sums).implied(weights)
        )


def _f1_values(sums: Floats) -> Floats:
    support, hits, guessed = _split(sums)
    return scores_f1(hits, support, guessed)


def _f1(sums: Floats) -> PerClass:
    # F1 = 2J / (1 + J) with J = hits / (rows that are of the class or were taken for it): a rate, so Wilson applies.
    support, hits, guessed = _split(sums)
    union = support + guessed - hits
    low, high = wilson(hits, union)
    return PerClass(_f1_values(sums), 2 * low / (1 + low), 2 * high / (1 + high), union > 0)


def _share(columns: Callable[[Floats], tuple[Floats, Floats]]) -> ClassScore:
    """A rate of every class: hits and trials of each."""

    def measured(sums: Floats) -> PerClass:
        hits, trials = columns(sums)
        return PerClass(ratio(hits, trials), *wilson(hits, trials), trials > 0)

    return ClassScore(lambda sums: ratio(*columns(sums)), measured)


PRECISION = _share(lambda sums: _split(sums)[1:])
RECALL = _share(lambda sums: _split(sums)[1::-1])
F1 = ClassScore(_f1_values, _f1)


def averages(support: ArrayLike) -> dict[str, Score]:
    """The averages of a `Report` by name, for a test that has so many rows of each class, ``(classes,)``.

    When its rows are redrawn, the classes are weighed as on the test itself.
    """
    rows = np.asarray(support, dtype=np.int64)
    occurs = rows > 0
    macro = occurs / occurs.sum()
    scores = [
        F1.average("macro_f1", macro),
        PRECISION.average("macro_precision", macro),
        RECALL.average("macro_recall", macro),
        F1.average("weighted_f1", rows / rows.sum()),
    ]
    return {score.name: score for score in scores}
