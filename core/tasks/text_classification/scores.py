"""What a classifier's answers on one test are worth: accuracy, precision, recall and F1, each with its 95 % interval.

Conventions (scikit-learn's, with ``zero_division=0``):

- the predicted class is the most probable one, the first of equals;
- precision of a class that was never predicted, recall of a class without rows and F1 of a class with neither is 0;
- macro averages run over the classes that occur in the truth of this test: a label it has no rows of, such as one learned later,
  costs precision and recall of others when it is predicted, and has no F1 of its own here;
- weighted F1 weighs each class by its rows.

Intervals: accuracy, precision and recall by Wilson's formula; F1 of a class likewise, through the rate
``hits / (rows or predictions of the class)`` of which F1 is a rising function; averages over classes by a bootstrap
of rows, class by class, at least as wide as the intervals of the classes imply (see `core.statistics.intervals`).

Every score is a function of the sum of the rows' statistics (`core.tasks.text_classification.row_statistics`).

Knows nothing of texts, models and files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.base.errors import DataError, ModelError
from core.statistics.additive import estimates
from core.statistics.intervals import MINIMUM_ROWS, Estimate
from core.tasks.text_classification.row_statistics import (
    ACCURACY,
    F1,
    PRECISION,
    RECALL,
    averages,
    patterns_of,
    scores_f1,
)
from core.tasks.text_classification.tree import hierarchical_f1, is_tree

__all__ = [
    "MINIMUM_SUPPORT",
    "ClassScores",
    "Report",
    "confusion_matrix",
    "evaluate",
    "evaluate_predictions",
    "macro_f1",
    "predicted_classes",
]

Integers = NDArray[np.int64]

MINIMUM_SUPPORT = 10  # rows of a class below which a screen says "too few rows to judge" of it


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
    hierarchical_f1
        F1 over the nodes of the tree that labels stand in; None where none stands below another.
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
    hierarchical_f1: Estimate | None = None

    @property
    def scores(self) -> dict[str, Estimate]:
        """The figures that are one number, by their names."""
        tree = {} if self.hierarchical_f1 is None else {"hierarchical_f1": self.hierarchical_f1}
        return {**{name: getattr(self, name) for name in _AVERAGES}, **tree}

    @property
    def too_few(self) -> bool:
        """Whether the test has too few rows to judge anything by it."""
        return self.rows < MINIMUM_ROWS

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` gives back exactly the same figures."""
        return {
            "rows": self.rows,
            "classes": list(self.classes),
            **{name: score.to_dict() for name, score in self.scores.items()},
            "per_class": {label: scores.to_dict() for label, scores in self.per_class.items()},
            "confusion": self.confusion.tolist(),
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Report:
        classes, tree = tuple(stored["classes"]), stored.get("hierarchical_f1")
        return Report(
            rows=stored["rows"],
            classes=classes,
            **{name: Estimate.from_dict(stored[name]) for name in _AVERAGES},
            per_class={label: ClassScores.from_dict(scores) for label, scores in stored["per_class"].items()},
            confusion=np.array(stored["confusion"], dtype=np.int64).reshape(len(classes), len(classes)),
            hierarchical_f1=None if tree is None else Estimate.from_dict(tree),
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
        Probability of each class, ``(rows, classes)``. Columns for the last classes may be missing: a version that
        never learnt them gives them no probability, and counts as wrong on their rows.
    seed
        The seed of the bootstrap; the same seed gives the same intervals.

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
    precision, recall, f1 = (kind.measured(sums) for kind in (PRECISION, RECALL, F1))
    return Report(
        rows=int(support.sum()),
        classes=tuple(classes),
        **{score.name: figure for score, figure in zip(scores, figures, strict=True)},
        per_class={
            label: ClassScores(precision.of(index), recall.of(index), f1.of(index), int(support[index]))
            for index, label in enumerate(classes)
        },
        confusion=confusion,
        hierarchical_f1=_hierarchical_f1(classes, confusion, seed) if is_tree(classes) else None,
    )


def _hierarchical_f1(classes: Sequence[str], confusion: Integers, seed: int) -> Estimate:
    rows, columns = np.nonzero(confusion)
    truth, answers = ([classes[number] for number in numbers.tolist()] for numbers in (rows, columns))
    return hierarchical_f1(truth, answers, confusion[rows, columns].astype(np.float64), seed=seed)


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
