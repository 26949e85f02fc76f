"""From which probability on a label is given: found on validation rows, for each label where its F1 is largest.

A rare label has a handful of validation rows, and the best threshold for these is luck. So each row counts partly as what it is
and partly as what its calibrated probability expects: the fewer rows a label has, the more. With nothing but probabilities the
best threshold is half of the largest F1 that can be expected (Lipton et al. 2014), which no single row moves.

References
----------
Z. Lipton, C. Elkan, B. Naryanaswamy (2014), "Optimal Thresholding of Classifiers to Maximize F1 Measure", ECML PKDD.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.statistics.intervals import Floats

UNKNOWN = 0.5  # the threshold where nothing tells another
EXPECTED = 30.0  # rows of a label whose own say is as much as that of the probabilities
SMALLEST, LARGEST = 0.01, 0.99


def best_thresholds(probabilities: ArrayLike, truth: ArrayLike, *, expected: float = EXPECTED) -> Floats:
    """A threshold for each label, ``(labels,)``.

    Parameters
    ----------
    probabilities
        Calibrated, ``(rows, labels)``.
    truth
        Which labels each row has, 0 or 1, ``(rows, labels)``.
    """
    stated, has = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    rows, labels = stated.shape
    if not rows:
        return np.full(labels, UNKNOWN)
    support = has.sum(axis=0)
    own = support / (support + expected) if expected else np.ones(labels)
    weighed = own * has + (1 - own) * stated
    order = np.argsort(-stated, axis=0, kind="stable")
    falling = np.take_along_axis(stated, order, axis=0)
    hits = np.cumsum(np.take_along_axis(weighed, order, axis=0), axis=0)
    f1 = 2 * hits / np.maximum(weighed.sum(axis=0) + np.arange(1, rows + 1)[:, None], 1e-12)
    following = np.vstack([falling[1:], np.zeros((1, labels))])
    f1[falling == following] = -1.0  # equal probabilities stand on one side
    best = f1.argmax(axis=0)
    columns = np.arange(labels)
    middle = (falling[best, columns] + following[best, columns]) / 2
    thresholds: Floats = np.clip(middle, SMALLEST, LARGEST)
    return thresholds


def tuned(probabilities: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
    """What these rows are given under thresholds found on themselves, bool ``(rows, labels)``: to compare models by, no more."""
    given: NDArray[np.bool_] = probabilities >= best_thresholds(probabilities, truth)
    return given
