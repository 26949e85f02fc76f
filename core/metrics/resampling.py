"""Bootstrap of the accuracy matrix: how much every measure on R would change with other test rows of the same kind.

The rows of each frozen test are redrawn with replacement, each test within itself. The same seed draws the same rows
whatever is measured on them, so that differences between two methods are paired: luck with the rows cancels out.
What it does not cover is chance in learning; for that, look at the spread over seeds.

References
----------
B. Efron, R. Tibshirani (1993), "An Introduction to the Bootstrap", chapters 13 and 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from core.metrics.classification import scores_f1
from core.metrics.intervals import Floats, percentiles

RESAMPLES = 1000
_CELLS = 4_000_000  # drawn at a time: bounds the memory for large tests


def resampled_accuracy(right: Sequence[ArrayLike], *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Accuracy on redrawn rows, shape ``(resamples, models, tests)``, 0 to 1.

    Parameters
    ----------
    right
        For each test, which rows each model answered rightly: shape ``(models, rows)``; a row of ``nan`` for a model
        whose answers are not known, which gives ``nan``.
    """
    columns = []
    for test, answers in enumerate(right):
        scores = np.asarray(answers, dtype=np.float64)
        parts = [counts @ scores.T for counts in _draws(scores.shape[1], resamples, seed, test)]
        columns.append(np.concatenate(parts) / scores.shape[1])
    return np.stack(columns, axis=2)


def resampled_macro_f1(
    truth: Sequence[ArrayLike],
    predicted: Sequence[ArrayLike],
    classes: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats:
    """Macro-F1 on redrawn rows, shape ``(resamples, models, tests)``, over the classes that the redrawn rows have.

    Parameters
    ----------
    truth
        For each test, the class numbers of its rows.
    predicted
        For each test, the class numbers that each model answers, shape ``(models, rows)``.
    """
    columns = []
    for test, (true, answers) in enumerate(zip(truth, predicted, strict=True)):
        labels, guesses = np.asarray(true, dtype=np.int64), np.asarray(answers, dtype=np.int64)
        members = _members(labels, np.ones(len(labels), dtype=bool), classes)
        hits = [_members(labels, guess == labels, classes) for guess in guesses]
        guessed = [_members(guess, np.ones(len(labels), dtype=bool), classes) for guess in guesses]
        parts = []
        for counts in _draws(len(labels), resamples, seed, test):
            support = counts @ members
            occurs = support > 0
            weights = occurs / occurs.sum(axis=1, keepdims=True)
            scores = [
                (weights * scores_f1(counts @ hit, support, counts @ guess)).sum(axis=1)
                for hit, guess in zip(hits, guessed, strict=True)
            ]
            parts.append(np.stack(scores, axis=1))
        columns.append(np.concatenate(parts))
    return np.stack(columns, axis=2)


def redrawn_rows(labels: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """Row numbers of redrawn tests, each label within itself, for measures that have no shorter way to be redrawn."""
    true = np.asarray(labels, dtype=np.int64)
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(true == label) for label in np.unique(true)]
    for _ in range(resamples):
        yield np.concatenate([rows[generator.integers(len(rows), size=len(rows))] for rows in members])


def enclosing(value: float, resampled: ArrayLike) -> tuple[float, float]:
    """The ends of a figure's 95 % interval, ``low <= value <= high``, from its values on redrawn rows.

    A maximum over noisy scores, as in forgetting, is larger on redrawn rows than on the test itself; the interval
    then leans to that side, but never leaves out what was measured.
    """
    low, high = percentiles(np.asarray(resampled, dtype=np.float64))
    return min(low, value), max(high, value)


def _draws(rows: int, resamples: int, seed: int, test: int) -> Iterator[Floats]:
    """How often each row of a test was drawn, in parts of shape ``(some of the resamples, rows)``."""
    generator = np.random.default_rng([seed, test])
    step = max(1, _CELLS // max(rows, 1))
    for first in range(0, resamples, step):
        count = min(step, resamples - first)
        drawn = generator.integers(rows, size=(count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)


def _members(labels: NDArray[np.int64], counted: NDArray[np.bool_], classes: int) -> Any:
    """A sparse matrix (rows, classes) with a 1 for each counted row in the column of its label."""
    rows = np.flatnonzero(counted)
    ones = np.ones(len(rows))
    return sparse.csr_array((ones, (rows, labels[rows])), shape=(len(labels), classes))
