"""Fisher's exact test: hits of rows on two sides, given the hits of both together."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


def fewer_hits(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Chance of at most so many hits after, given the hits of both sides together: Fisher's exact test, one-sided."""
    hits, rows = before[0] + after[0], before[1] + after[1]
    possible = np.arange(max(0, after[1] - (rows - hits)), after[0] + 1)

    def log_ways(total: int, drawn: np.ndarray | int) -> Any:
        return special.gammaln(total + 1) - special.gammaln(np.add(drawn, 1)) - special.gammaln(total - drawn + 1)

    logs = log_ways(hits, possible) + log_ways(rows - hits, after[1] - possible) - log_ways(rows, after[1])
    return min(1.0, float(np.exp(logs).sum()))
