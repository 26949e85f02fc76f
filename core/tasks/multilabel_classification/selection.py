"""Which texts a person should look at first where a text may have several labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.statistics.intervals import Floats


def doubt_of_sets(probabilities: ArrayLike, given: ArrayLike) -> Floats:
    """How probable it is that a row's most doubtful label is wrongly there or wrongly missing, 0 to 1, ``(rows,)``.

    Parameters
    ----------
    probabilities
        Calibrated, ``(rows, labels)``.
    given
        Which labels each row has, 0 or 1, ``(rows, labels)``.
    """
    stated, has = np.asarray(probabilities, dtype=np.float64), np.asarray(given, dtype=np.float64)
    doubts: Floats = np.abs(stated - has).max(axis=1, initial=0.0)
    return doubts


def doubt_of_thresholds(probabilities: ArrayLike, thresholds: ArrayLike) -> Floats:
    """How near the nearest probability is to where its label is just given: 1 at its threshold, 0 at 0 or 1; ``(rows,)``."""
    stated, limits = np.asarray(probabilities, dtype=np.float64), np.asarray(thresholds, dtype=np.float64)
    below = stated / np.maximum(limits, 1e-9)
    above = (1 - stated) / np.maximum(1 - limits, 1e-9)
    doubts: Floats = np.minimum(below, above).max(axis=1, initial=0.0)
    return doubts
