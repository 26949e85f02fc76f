"""How two models are weighed against each other, from what they answer on validation rows. Knows nothing of models and files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from core.statistics.intervals import Estimate, Floats

DOUBT = 4.0  # rows that speak for the shares as they were before, so that a few right answers do not give all to one
FOLDS = 5
SMALLEST = 1e-6  # of a share and of a probability
Z = 1.96  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Trial:
    """What a blend is worth on rows that its shares were not fitted on.

    Parameters
    ----------
    probabilities
        Its answers, ``(rows, classes)``, with the shares of each fold fitted on the other folds.
    surprise
        Mean of −log p(truth); lower is better.
    gain
        By how much that is lower than the first model's, in nats, with its 95 % interval; above 0 is better.
    """

    probabilities: Floats
    surprise: float
    gain: Estimate


def fit_shares(truth: ArrayLike, probabilities: Sequence[ArrayLike], before: Sequence[float] = (0.5, 0.5)) -> Floats:
    """The shares of two models with which the truth surprises least: the smallest sum of −log Σ share · p(truth).

    Parameters
    ----------
    truth
        Class numbers, ``(rows,)``.
    probabilities
        What each of the two answers, ``(rows, classes)``.
    before
        Shares to begin from; they count as much as a few rows.

    Returns
    -------
    array
        The shares, ``(2,)``; they add up to 1.
    """
    first, second = (_of_truth(truth, own) for own in probabilities)

    def surprise(share: float) -> float:
        mixed = np.log(share * first + (1 - share) * second).sum()
        return -float(mixed + DOUBT * (before[0] * math.log(share) + before[1] * math.log(1 - share)))

    optimum = minimize_scalar(surprise, bounds=(SMALLEST, 1 - SMALLEST), method="bounded", options={"xatol": 1e-4})
    return np.array([float(optimum.x), 1 - float(optimum.x)])


def mixed(probabilities: Sequence[ArrayLike], shares: ArrayLike) -> Floats:
    """The mean of what models answer, ``(rows, classes)``, under their shares."""
    return np.asarray(np.tensordot(np.asarray(shares), np.stack([np.asarray(own) for own in probabilities]), axes=1))


def try_blend(truth: ArrayLike, first: ArrayLike, second: ArrayLike) -> Trial:
    """Blend two models, each row under shares that were fitted on other rows, and hold it against the first alone."""
    labels, own = np.asarray(truth, dtype=np.int64), [np.asarray(first), np.asarray(second)]
    folds = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    blended = np.zeros_like(own[0], dtype=np.float64)
    for fold in range(FOLDS):
        inside, others = folds == fold, folds != fold
        shares = fit_shares(labels[others], [part[others] for part in own])
        blended[inside] = mixed([part[inside] for part in own], shares)
    surprises = -np.log(_of_truth(labels, blended))
    gained = -np.log(_of_truth(labels, own[0])) - surprises
    value = float(gained.mean())
    error = Z * float(gained.std(ddof=1)) / math.sqrt(len(gained)) if len(gained) > 1 else math.inf
    return Trial(blended, float(surprises.mean()), Estimate(value, value - error, value + error))


def _of_truth(truth: ArrayLike, probabilities: ArrayLike) -> Floats:
    labels = np.asarray(truth, dtype=np.int64)
    chosen = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    return np.asarray(np.maximum(chosen, SMALLEST))
