"""What a line of versions remembers: measures on the accuracy matrix R.

``R[i, j]`` is the score on the frozen test of experience j after learning experience i, shape ``(T, T)``, both counted
from 0 here and from 1 in the papers. The score lies between 0 and 1, and higher is better.

Unknown scores are ``nan`` (usually those above the diagonal: tests that did not exist yet). A mean is taken over the
terms that are known; it is ``nan`` when none is. With a single experience nothing can have been forgotten or
transferred: those measures are ``nan``, not 0. To follow a measure over time, pass ``R[:k, :k]``. A stack of matrices, as of
redrawn rows, ``(…, T, T)``, gives each its own figure, ``(…)``, hundreds of times as fast as one after the other.

Never show forgetting without plasticity beside it: who learns nothing forgets nothing.

References
----------
.. [1] A. Chaudhry, P. Dokania, T. Ajanthan, P. Torr (2018), "Riemannian Walk for Incremental Learning", ECCV.
.. [2] D. Lopez-Paz, M. Ranzato (2017), "Gradient Episodic Memory for Continual Learning", NeurIPS.
.. [3] M. Riemer et al. (2019), "Learning to Learn without Forgetting by Maximizing Transfer and Minimizing
   Interference", ICLR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.statistics.intervals import Floats


def average_accuracy(matrix: ArrayLike) -> Floats:
    """Mean score over all tests after the last experience.

    ``ACC = 1/T · Σ_j R[T, j]``; 0 to 1, higher is better. From [2]_.
    """
    return _mean(_square(matrix)[..., -1, :])


def forgetting_per_experience(matrix: ArrayLike) -> Floats:
    """How far each older test has fallen below the best score it ever had.

    ``f_j = max_{l < T} R[l, j] − R[T, j]`` for j = 1 … T−1, shape ``(…, T − 1)``; −1 to 1, lower is better, positive
    means forgotten, negative means that the last experience gave the best score so far. Not clipped at 0. ``nan``
    for a test without a score before or after. From [1]_.
    """
    scores = _square(matrix)
    earlier, last = scores[..., :-1, :-1], scores[..., -1, :-1]
    # -inf stands for "never scored", so that the maximum ignores it.
    best = np.where(np.isnan(earlier), -np.inf, earlier).max(axis=-2, initial=-np.inf)
    return np.where(np.isinf(best), np.nan, best) - last


def forgetting(matrix: ArrayLike) -> Floats:
    """Mean of `forgetting_per_experience` over the older tests.

    ``F = 1/(T−1) · Σ_{j < T} f_j``; −1 to 1, lower is better; ``nan`` for T = 1. From [1]_.
    """
    return _mean(forgetting_per_experience(matrix))


def backward_transfer(matrix: ArrayLike) -> Floats:
    """What later experiences did to each test since it was learnt.

    ``BWT = 1/(T−1) · Σ_{i < T} (R[T, i] − R[i, i])``; −1 to 1, higher is better, negative means forgotten; ``nan``
    for T = 1. Differs from forgetting in sign, and in comparing with the score just after learning, not with the
    best one. From [2]_.
    """
    scores = _square(matrix)
    return _mean((scores[..., -1, :] - _diagonal(scores))[..., :-1])


def forward_transfer(matrix: ArrayLike, baseline: ArrayLike) -> Floats:
    """What earlier experiences gave to each test before it was learnt.

    ``FWT = 1/(T−1) · Σ_{i > 1} (R[i−1, i] − b[i])``; −1 to 1, higher is better, 0 means no help; ``nan`` for T = 1.
    Needs the scores just above the diagonal. From [2]_.

    Parameters
    ----------
    baseline
        b, shape ``(…, T)``: score on each test of the model at random start; ``b[0]`` is not used.
    """
    scores, start = _square(matrix), np.asarray(baseline, dtype=np.float64)
    if start.shape != scores.shape[:-1]:
        raise ValueError(
            f"the baseline has shape {start.shape}; one score for each of {scores.shape[-1]} tests is needed"
        )
    return _mean(_diagonal(scores, above=1) - start[..., 1:])


def plasticity(matrix: ArrayLike) -> Floats:
    """How well each experience was learnt at the time: the mean of the diagonal.

    ``LA = 1/T · Σ_j R[j, j]``; 0 to 1, higher is better. "Learning accuracy" in [3]_.
    """
    return _mean(_diagonal(_square(matrix)))


def intransigence(matrix: ArrayLike, reference: ArrayLike) -> Floats:
    """How far each experience was learnt less well than by joint training on everything up to it.

    ``I = 1/T · Σ_j (a*[j] − R[j, j])``; −1 to 1, lower is better, negative means better than the reference. The first
    term is 0 where both begin with the same model. From [1]_.

    Parameters
    ----------
    reference
        a*, shape ``(…, T)``: score on test j of a model trained jointly on the rows of experiences 1 … j.
    """
    scores, best = _square(matrix), np.asarray(reference, dtype=np.float64)
    if best.shape != scores.shape[:-1]:
        raise ValueError(
            f"the reference has shape {best.shape}; one score for each of {scores.shape[-1]} tests is needed"
        )
    return _mean(best - _diagonal(scores))


def forgetting_per_stratum(strata: ArrayLike, rows: ArrayLike) -> Floats:
    """How far the score of each stratum of rows has fallen below its earlier best, on the older tests.

    ``f_s = Σ_{j < T} n[j, s] · (max_{l < T} r[l, j, s] − r[T, j, s]) / Σ_{j < T} n[j, s]``, shape ``(strata,)``; −1 to 1,
    lower is better, positive means forgotten. `forgetting` of [1]_, with scores of strata in the place of a test's; every
    older test counts by its rows of the stratum. ``nan`` for a stratum that no older test has, or without a score.

    Parameters
    ----------
    strata
        r, shape ``(T, T, strata)``: score on the rows of stratum s in test j after learning experience i.
    rows
        n, shape ``(T, strata)``: how many rows of each stratum each test has.
    """
    scores, counts = np.asarray(strata, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    if scores.ndim != 3 or scores.shape[0] != scores.shape[1] or scores.shape[1:] != counts.shape:
        raise ValueError(f"scores have shape {scores.shape}, rows {counts.shape}; (T, T, strata) and (T, strata)")
    earlier, last, weights = scores[:-1, :-1], scores[-1, :-1], counts[:-1]
    best = np.where(np.isnan(earlier), -np.inf, earlier).max(axis=0, initial=-np.inf)
    lost = np.where(np.isinf(best), np.nan, best) - last
    known = ~np.isnan(lost) & (weights > 0)
    total = np.where(known, weights, 0.0).sum(axis=0)
    weighted = np.where(known, weights * lost, 0.0).sum(axis=0)
    mean: Floats = np.divide(weighted, total, out=np.full(counts.shape[1], np.nan), where=total > 0)
    return mean


def _square(matrix: ArrayLike) -> Floats:
    scores = np.asarray(matrix, dtype=np.float64)
    if scores.ndim < 2 or scores.shape[-2] != scores.shape[-1] or not scores.shape[-1]:
        raise ValueError(f"the accuracy matrix has shape {scores.shape}; it must be (T, T) with T >= 1")
    return scores


def _diagonal(scores: Floats, above: int = 0) -> Floats:
    return np.diagonal(scores, above, axis1=-2, axis2=-1)


def _mean(values: Floats) -> Floats:
    """Mean over the last axis of what is known; a plain number for a single row."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    mean: Floats = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)[()]
    return mean
