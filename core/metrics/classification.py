"""What a classifier's answers on one test are worth: accuracy, precision, recall and F1, each with its 95 % interval.

Conventions (scikit-learn's, with ``zero_division=0``):

- the predicted class is the most probable one, the first of equals;
- precision of a class that was never predicted, recall of a class without rows and F1 of a class with neither is 0;
- macro averages run over the classes that occur in the truth of this test: a label it has no rows of, such as one learned later,
  costs precision and recall of others when it is predicted, and has no F1 of its own here;
- weighted F1 weighs each class by its rows.

Intervals: accuracy, precision and recall by Wilson's formula; F1 of a class likewise, through the rate
``hits / (rows or predictions of the class)`` of which F1 is a rising function; averages over classes by a bootstrap
of rows, class by class, at least as wide as the intervals of the classes imply (see `core.metrics.intervals`).

A row's statistics (`statistics`) are three of each class: whether the row is of the class, whether it also was found, and
whether it was taken for the class; every score is a function of their sum.

Knows nothing of texts, models and files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from core.errors import DataError, ModelError
from core.metrics.additive import Patterns, Score, Statistics, estimates, rate_score
from core.metrics.intervals import MINIMUM_ROWS, Estimate, Floats, combined, estimate, ratio, wilson

__all__ = [
    "ACCURACY",
    "MACRO_F1",
    "MINIMUM_SUPPORT",
    "ClassScores",
    "Report",
    "answered",
    "averages",
    "confusion_matrix",
    "distinct_rows",
    "evaluate",
    "evaluate_predictions",
    "macro_f1",
    "patterns_of",
    "predicted_classes",
    "scores_f1",
    "statistics",
]

Integers = NDArray[np.int64]

MINIMUM_SUPPORT = 10  # rows of a class below which a screen says "too few rows to judge" of it
_DENSE = 30  # columns up to which statistics are no sparse matrix


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class, each between 0 and 1, higher is better; ``support`` is its number of rows in the test."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int

    @property
    def too_few(self) -> bool:
        """Whether the class has too few rows to judge it."""
        return self.support < MINIMUM_SUPPORT

    def to_dict(self) -> dict[str, Any]:
        scores = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {**{name: score.to_dict() for name, score in scores.items()}, "support": self.support}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> ClassScores:
        precision, recall, f1 = (Estimate.from_dict(stored[name]) for name in ("precision", "recall", "f1"))
        return ClassScores(precision, recall, f1, stored["support"])


@dataclass(frozen=True, eq=False)
class Report:
    """Everything measured on one test; all scores between 0 and 1, higher is better.

    Parameters
    ----------
    per_class
        One entry for each class, in the order of ``classes``, also for classes that this test lacks.
    confusion
        Counts, shape ``(classes, classes)``: row = truth, column = prediction.
    """

    rows: int
    classes: tuple[str, ...]
    accuracy: Estimate
    macro_f1: Estimate
    macro_precision: Estimate
    macro_recall: Estimate
    weighted_f1: Estimate
    per_class: dict[str, ClassScores]
    confusion: Integers

    @property
    def too_few(self) -> bool:
        """Whether the test has too few rows to judge anything by it."""
        return self.rows < MINIMUM_ROWS

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` gives back exactly the same figures."""
        return {
            "rows": self.rows,
            "classes": list(self.classes),
            **{name: getattr(self, name).to_dict() for name in _AVERAGES},
            "per_class": {label: scores.to_dict() for label, scores in self.per_class.items()},
            "confusion": self.confusion.tolist(),
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Report:
        classes = tuple(stored["classes"])
        return Report(
            rows=stored["rows"],
            classes=classes,
            **{name: Estimate.from_dict(stored[name]) for name in _AVERAGES},
            per_class={label: ClassScores.from_dict(scores) for label, scores in stored["per_class"].items()},
            confusion=np.array(stored["confusion"], dtype=np.int64).reshape(len(classes), len(classes)),
        )


_AVERAGES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")


def evaluate(
    truth: ArrayLike, probabilities: ArrayLike, classes: Sequence[str], *, seed: int = 0, resamples: int = 1000
) -> Report:
    """Compare probabilities with the truth.

    Parameters
    ----------
    truth
        Class numbers, shape ``(rows,)``.
    probabilities
        Shape ``(rows, classes)``. Columns for the last classes may be missing: a version that never learnt them
        gives them no probability, and counts as wrong on their rows.
    seed
        For the bootstrap; the same seed gives the same intervals.

    Raises
    ------
    DataError
        When there are no rows.
    ModelError
        When a probability is not a number.
    """
    predicted = predicted_classes(probabilities)
    return evaluate_predictions(truth, predicted, classes, seed=seed, resamples=resamples)


def predicted_classes(probabilities: ArrayLike) -> Integers:
    """The most probable class of each row; raises `ModelError` when a probability is not a number."""
    values = np.asarray(probabilities, dtype=np.float64)
    broken = int(np.isnan(values).any(axis=1).sum())
    if broken:
        raise ModelError(
            "metrics.not_a_number",
            "The model gave no usable probabilities for {broken} of {rows} rows: its numbers ran off during training. "
            "Train again with a lower learning rate.",
            broken=broken,
            rows=len(values),
        )
    return values.argmax(axis=1).astype(np.int64) if len(values) else np.zeros(0, dtype=np.int64)


def evaluate_predictions(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str], *, seed: int = 0, resamples: int = 1000
) -> Report:
    """Compare predicted class numbers with the truth; see `evaluate`."""
    confusion = confusion_matrix(truth, predicted, len(classes))
    rows, columns = np.nonzero(confusion)
    patterns = patterns_of(rows, [columns], confusion[rows, columns], len(classes))
    (sums,), support = patterns.sums(), confusion.sum(axis=1)
    scores = [ACCURACY, *averages(support).values()]
    figures = estimates(patterns, scores, seed=seed, resamples=resamples)
    precision, recall, f1 = (kind.measured(sums) for kind in (_PRECISION, _RECALL, _F1))
    return Report(
        rows=int(support.sum()),
        classes=tuple(classes),
        **{score.name: figure for score, figure in zip(scores, figures, strict=True)},
        per_class={
            label: ClassScores(precision.of(index), recall.of(index), f1.of(index), int(support[index]))
            for index, label in enumerate(classes)
        },
        confusion=confusion,
    )


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, classes: int) -> Integers:
    """Count rows by true class (row) and predicted class (column); raises `DataError` when there are no rows."""
    true, guess = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if true.shape != guess.shape or true.ndim != 1:
        raise ValueError(f"truth has shape {true.shape}, predictions have {guess.shape}; both must be (rows,)")
    if not len(true):
        raise DataError("metrics.no_rows", "There are no rows to measure on. Choose a test with at least one row.")
    smallest, largest = min(true.min(), guess.min()), max(true.max(), guess.max())
    if smallest < 0 or largest >= classes:
        raise ValueError(f"class numbers run from {smallest} to {largest}, but there are {classes} classes")
    return np.bincount(true * classes + guess, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def macro_f1(truth: ArrayLike, predicted: ArrayLike, classes: int) -> float:
    """The macro-F1 of `evaluate_predictions` alone, 0 to 1, higher is better, without its interval."""
    confusion = confusion_matrix(truth, predicted, classes)
    support = confusion.sum(axis=1)
    return float(scores_f1(np.diag(confusion), support, confusion.sum(axis=0))[support > 0].mean())


def scores_f1(hits: NDArray[Any], support: NDArray[Any], guessed: NDArray[Any]) -> Floats:
    """F1 = 2 · hits / (rows + predictions) of each class; 0 where a class has neither."""
    return ratio(2 * hits, support + guessed)


def statistics(truth: ArrayLike, answers: ArrayLike, classes: int) -> Statistics:
    """Of rows, ``(rows, 3 · classes)``: which class each is of, which it was found to be rightly, which it was taken for.

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
class _Scores:
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
class _Kind:
    """A score that every class has: from sums ``(…, 3 · classes)`` to values ``(…, classes)``, and measured on a test."""

    values: Callable[[Floats], Floats]
    measured: Callable[[Floats], _Scores]

    def average(self, name: str, weights: Floats) -> Score:
        """The same averaged over classes."""
        return Score(
            name, lambda sums: self.values(sums) @ weights, implied=lambda sums: self.measured(sums).implied(weights)
        )


def _f1_values(sums: Floats) -> Floats:
    support, hits, guessed = _split(sums)
    return scores_f1(hits, support, guessed)


def _f1(sums: Floats) -> _Scores:
    # F1 = 2J / (1 + J) with J = hits / (rows that are of the class or were taken for it): a rate, so Wilson applies.
    support, hits, guessed = _split(sums)
    union = support + guessed - hits
    low, high = wilson(hits, union)
    return _Scores(_f1_values(sums), 2 * low / (1 + low), 2 * high / (1 + high), union > 0)


def _share(columns: Callable[[Floats], tuple[Floats, Floats]]) -> _Kind:
    """A rate of every class: hits and trials of each."""

    def measured(sums: Floats) -> _Scores:
        hits, trials = columns(sums)
        return _Scores(ratio(hits, trials), *wilson(hits, trials), trials > 0)

    return _Kind(lambda sums: ratio(*columns(sums)), measured)


_PRECISION = _share(lambda sums: _split(sums)[1:])
_RECALL = _share(lambda sums: _split(sums)[1::-1])
_F1 = _Kind(_f1_values, _f1)


def averages(support: ArrayLike) -> dict[str, Score]:
    """The averages of a `Report` by name, for a test that has so many rows of each class, ``(classes,)``.

    When its rows are redrawn, the classes are weighed as on the test itself.
    """
    rows = np.asarray(support, dtype=np.int64)
    occurs = rows > 0
    macro = occurs / occurs.sum()
    scores = [
        _F1.average("macro_f1", macro),
        _PRECISION.average("macro_precision", macro),
        _RECALL.average("macro_recall", macro),
        _F1.average("weighted_f1", rows / rows.sum()),
    ]
    return {score.name: score for score in scores}
