"""How two models are weighed against each other, from what they answer on validation rows: a logarithmic opinion pool, whose
log-probabilities are the weighted sum of theirs. Knows nothing of models and files.

References
----------
C. Genest, J. V. Zidek (1986), "Combining Probability Distributions: A Critique and an Annotated Bibliography".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_softmax

from core.statistics.intervals import Estimate, Floats

DOUBT = 2.0  # nats that doubling a weight, or dropping its model, has to gain over all rows
EVEN = (0.5, 0.5)
FOLDS = 5
SMALLEST = 1e-6  # of a probability, before its logarithm is taken
Z = 1.96  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Trial:
    """What a blend is worth on rows that its weights were not fitted on.

    Parameters
    ----------
    probabilities
        Its answers, ``(rows, classes)``, with the weights of each fold fitted on the other folds.
    surprise
        Mean of −log p(truth); lower is better.
    gain
        By how much that is lower than the first model's, in nats, with its 95 % interval; above 0 is better.
    """

    probabilities: Floats
    surprise: float
    gain: Estimate


def fit_weights(truth: ArrayLike, logits: Sequence[ArrayLike], before: Sequence[float] = EVEN) -> Floats:
    """The weights of models' logits with which the truth surprises least: the smallest sum of −log softmax(Σ weight · logits).

    Parameters
    ----------
    truth
        Class numbers, ``(rows,)``.
    logits
        Logits of each model, or the logarithms of its probabilities, ``(rows, classes)``.
    before
        Weights to begin from, above 0, which few rows hardly change: `DOUBT`.

    Returns
    -------
    array
        One weight a model, 0 or more. Their ratio says which counts more, their size how sure the whole is.
    """
    labels, start = np.asarray(truth, dtype=np.int64), np.asarray(before, dtype=np.float64)
    stacked = np.stack([np.asarray(own, dtype=np.float64) for own in logits])  # (models, rows, classes)
    rows = np.arange(len(labels))
    of_truth = stacked[:, rows, labels]  # (models, rows)

    def surprise(weights: Floats) -> tuple[float, Floats]:
        logarithms = log_softmax(np.tensordot(weights, stacked, axes=1), axis=1)
        moved = (weights - start) / start
        expected = (np.exp(logarithms) * stacked).sum(axis=2)
        slope = (expected - of_truth).sum(axis=1) + 2 * DOUBT * moved / start
        return -float(logarithms[rows, labels].sum()) + DOUBT * float(moved @ moved), slope

    bounds = [(0.0, None)] * len(start)
    return np.asarray(minimize(surprise, start, jac=True, bounds=bounds, method="L-BFGS-B").x, dtype=np.float64)


def pooled(logits: Sequence[ArrayLike], weights: ArrayLike) -> Floats:
    """What models answer together, ``(rows, classes)``, with these weights of their logits."""
    total = np.tensordot(np.asarray(weights), np.stack([np.asarray(own, dtype=np.float64) for own in logits]), axes=1)
    return np.asarray(np.exp(log_softmax(total, axis=1)))


def logarithms(probabilities: ArrayLike) -> Floats:
    """Logits of these probabilities, up to a constant a row."""
    return np.asarray(np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)))


def try_blend(truth: ArrayLike, first: ArrayLike, second: ArrayLike) -> Trial:
    """Blend what two models answer, ``(rows, classes)`` each, every row under weights that were fitted on other rows, and hold it
    against the first alone.
    """
    labels, own = np.asarray(truth, dtype=np.int64), [logarithms(first), logarithms(second)]
    folds = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    blended = np.zeros_like(own[0])
    for fold in range(FOLDS):
        inside, others = folds == fold, folds != fold
        weights = fit_weights(labels[others], [part[others] for part in own])
        blended[inside] = pooled([part[inside] for part in own], weights)
    return Trial(blended, float(_surprises(labels, blended).mean()), less_surprised(labels, first, blended))


def less_surprised(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> Estimate:
    """By how much less the truth surprises one model than another: the difference of their means of −log p(truth), in nats.

    Parameters
    ----------
    truth
        Class numbers, ``(rows,)``.
    before, after
        The models' probabilities, ``(rows, classes)``.

    Returns
    -------
    Estimate
        Paired over the rows, with its 95 % interval; above 0 the second model is the better one.
    """
    gained = _surprises(truth, before) - _surprises(truth, after)
    value = float(gained.mean())
    error = Z * float(gained.std(ddof=1)) / math.sqrt(len(gained)) if len(gained) > 1 else math.inf
    return Estimate(value, value - error, value + error)


def _surprises(truth: ArrayLike, probabilities: ArrayLike) -> Floats:
    labels = np.asarray(truth, dtype=np.int64)
    return np.asarray(-logarithms(probabilities)[np.arange(len(labels)), labels])
