"""How unusual is a value beside values from before, with a promise: of values that come as ever, only a stated share is marked.

The p-value of a value is the share of those before that are at least as large, the value itself counted among them. While values
come as they always did, it is at most ``rate`` with a probability of at most ``rate``, whatever they are distributed like. How
many of several new values are marked hangs on the same values from before, so it varies more than by chance alone: it is
beta-binomial.

References
----------
V. Vovk, A. Gammerman, G. Shafer (2005), "Algorithmic Learning in a Random World", chapter 2.
A. Angelopoulos, S. Bates (2023), "Conformal Prediction: A Gentle Introduction", section 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
_UPPER = 0.975  # so that a range of both sides holds 95 %
_ROUNDING = 1e-9


def p_values(values: ArrayLike, known: ArrayLike) -> Floats:
    """Share of the known values that are at least as large, each new value itself among them: 1/(known + 1) to 1.

    Parameters
    ----------
    values
        New values, larger is more unusual: (rows,).
    known
        Values from before, ascending.
    """
    before = np.asarray(known, dtype=np.float64)
    larger = len(before) - np.searchsorted(before, np.asarray(values, dtype=np.float64), side="left")
    ranks: Floats = (1 + larger) / (len(before) + 1)
    return ranks


def most_marked(rows: int, known: int, rate: float) -> int:
    """So many of ``rows`` new values at most have a p-value of ``rate`` or less in 97.5 of 100 cases, if nothing has changed.

    Parameters
    ----------
    known
        How many values there were from before.
    """
    rank = int(np.floor(rate * (known + 1) + _ROUNDING))
    if rank < 1 or rows < 1:
        return 0
    counts = np.arange(rows + 1)
    return int(np.searchsorted(np.cumsum(np.exp(_log_chances(counts, rows, rank, known + 1 - rank))), _UPPER))


def _log_chances(counts: NDArray[Any], rows: int, first: float, second: float) -> Floats:
    """Logarithm of the beta-binomial chance of each count."""
    ways = special.gammaln(rows + 1) - special.gammaln(counts + 1) - special.gammaln(rows - counts + 1)
    logs: Floats = ways + special.betaln(counts + first, rows - counts + second) - special.betaln(first, second)
    return logs
