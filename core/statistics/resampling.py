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

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from core.statistics.additive import Score, Statistics
from core.statistics.intervals import Floats, percentiles

RESAMPLES = 1000
_CELLS = 4_000_000  # drawn at a time: bounds the memory for large tests
_ONE_BY_ONE = (
    20_000  # rows of a test; of larger ones, some rows by chance are redrawn together, which changes no interval
)


def resampled_means(values: Sequence[ArrayLike], *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Means of redrawn rows, shape ``(resamples, models, tests)``; of hits, 0 or 1, that is the share of hits.

    Parameters
    ----------
    values
        For each test, what each row is worth by each model: shape ``(models, rows)``; a row of ``nan`` for a model whose
        answers are not known, which gives ``nan``.
    """
    columns = []
    for test, rows in enumerate(values):
        each = np.asarray(rows, dtype=np.float64)
        together = _together(each.shape[1], seed, test)
        parts = [counts @ (together @ each.T) for counts in _draws(together.shape[0], resamples, seed, test)]
        columns.append(np.concatenate(parts) / each.shape[1])
    return np.stack(columns, axis=2)


def resampled_scores(
    statistics: Sequence[Sequence[Statistics]], score: Score, *, resamples: int = RESAMPLES, seed: int = 0
) -> Floats:
    """A score of redrawn rows, shape ``(resamples, models, tests)``.

    Parameters
    ----------
    statistics
        For each test and each model, the statistics of its rows, ``(rows, k)``.
    """
    columns = []
    for test, models in enumerate(statistics):
        together = _together(models[0].shape[0], seed, test)
        draws, sums = _draws(together.shape[0], resamples, seed, test), [together @ rows for rows in models]
        parts = [np.stack([score.of(counts @ rows) for rows in sums], axis=1) for counts in draws]
        columns.append(np.concatenate(parts))
    return np.stack(columns, axis=2)


def redrawn_rows(strata: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """Row numbers of redrawn tests, each stratum within itself, for measures that have no shorter way to be redrawn."""
    own = np.asarray(strata, dtype=np.int64)
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(own == stratum) for stratum in np.unique(own)]
    for _ in range(resamples):
        yield np.concatenate([rows[generator.integers(len(rows), size=len(rows))] for rows in members])


def enclosing(value: float, resampled: ArrayLike) -> tuple[float, float]:
    """The ends of a figure's 95 % interval, ``low <= value <= high``, from its values on redrawn rows.

    A maximum over noisy scores, as in forgetting, is larger on redrawn rows than on the test itself; the interval
    then leans to that side, but never leaves out what was measured.
    """
    low, high = percentiles(np.asarray(resampled, dtype=np.float64))
    return min(low, value), max(high, value)


def _together(rows: int, seed: int, test: int) -> sparse.csr_array:
    """Which rows are redrawn together, (units, rows): each by itself, or some by chance where there are very many."""
    size = max(1, -(-rows // _ONE_BY_ONE))
    order = np.arange(rows) if size == 1 else np.random.default_rng([seed, test, 1]).permutation(rows)
    return sparse.csr_array((np.ones(rows), (np.arange(rows) // size, order)), (-(-rows // size), rows))


def _draws(rows: int, resamples: int, seed: int, test: int) -> Iterator[Floats]:
    """How often each row of a test was drawn, in parts of shape ``(some of the resamples, rows)``."""
    generator = np.random.default_rng([seed, test])
    step = max(1, _CELLS // max(rows, 1))
    for first in range(0, resamples, step):
        count = min(step, resamples - first)
        drawn = generator.integers(rows, size=(count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
