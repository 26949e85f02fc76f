"""Which text should a person look at next? Scores of doubt from probabilities, 0 to 1, higher is earlier.

References
----------
B. Settles (2009), "Active Learning Literature Survey".
A. McCallum, K. Nigam (1998), "Employing EM and Pool-Based Active Learning for Text Classification": disagreement of a
committee as the mean divergence of its members from their mean.
C. Northcutt, L. Jiang, I. Chuang (2021), "Confident Learning", on the margin of a given label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def margin_doubt(probabilities: ArrayLike) -> Floats:
    """One minus the distance between the two most probable labels: 1 when they are equal, 0 when one is certain."""
    values = _checked(probabilities)
    top = np.sort(values, axis=1)[:, -2:]
    return np.asarray(1.0 - (top[:, 1] - top[:, 0]), dtype=np.float64)


def entropy_doubt(probabilities: ArrayLike) -> Floats:
    """Shannon entropy as a share of the largest possible: 1 when all labels are equally probable."""
    values = _checked(probabilities)
    return np.asarray(_entropy(values) / np.log(values.shape[1]), dtype=np.float64)


def disagreement(first: ArrayLike, second: ArrayLike) -> Floats:
    """Jensen-Shannon divergence of two classifiers in bits: 0 when they say the same, 1 when each excludes the other."""
    left, right = _checked(first), _checked(second)
    if left.shape != right.shape:
        raise ValueError(f"shapes {left.shape} and {right.shape} differ; both must be (rows, classes)")
    divergence = _entropy((left + right) / 2) - (_entropy(left) + _entropy(right)) / 2
    return np.asarray(np.clip(divergence / np.log(2), 0.0, 1.0), dtype=np.float64)


def doubt_of_labels(probabilities: ArrayLike, given: ArrayLike) -> Floats:
    """How much more probable another label is than the given one: 1 when another is certain, 0 when the given one is.

    Parameters
    ----------
    given
        Class number of each row's label, shape ``(rows,)``; −1 for a label that the classifier does not know, whose doubt
        is ½: nothing can be said of it.
    """
    values, labels = _checked(probabilities), np.asarray(given, dtype=np.int64)
    known = labels >= 0
    rows = np.arange(len(values))
    own = values[rows, np.where(known, labels, 0)]
    others = values.copy()
    others[rows, np.where(known, labels, 0)] = -1.0
    doubts = (1.0 + others.max(axis=1) - own) / 2
    return np.asarray(np.where(known, doubts, 0.5), dtype=np.float64)


def most_doubtful_first(doubts: ArrayLike) -> Integers:
    """Row numbers by falling doubt; equal ones keep their order."""
    return np.argsort(-np.asarray(doubts, dtype=np.float64), kind="stable").astype(np.int64)


def _entropy(values: Floats) -> Floats:
    logs = np.log(values, out=np.zeros_like(values), where=values > 0)
    return np.asarray(-(values * logs).sum(axis=1), dtype=np.float64)


def _checked(probabilities: ArrayLike) -> Floats:
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"shape {values.shape}; expected (rows, classes) with two classes at least")
    return values
