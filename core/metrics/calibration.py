"""Do the stated probabilities mean what they say? Of all rows answered with 0.8, eight in ten should be right.

Knows nothing of texts, models and files.

References
----------
C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics.intervals import Estimate, Floats, estimate, percentiles

BINS = 15

Answers = tuple[ArrayLike, ArrayLike]  # probability of the given answer, and whether it was right; one of each a row


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike, *, bins: int = BINS) -> float:
    """How far stated probabilities are from the share that is right, on average.

    ``ECE = Σ_b |rows in b| / |rows| · |share right in b − mean confidence in b|`` over bins b of equal width,
    ``((b − 1) / B, b / B]``; 0 to 1, lower is better; ``nan`` without rows. It shrinks with more rows even for
    probabilities that are exactly right, so only values on the same rows compare.

    Parameters
    ----------
    confidence
        Probability of the answer that was given, between 0 and 1, shape ``(rows,)``.
    right
        Whether that answer was right, shape ``(rows,)``.
    """
    stated, gaps = _checked(confidence, right)
    return _error(_bin_numbers(stated, bins), gaps, bins) if len(gaps) else float("nan")


def calibration_difference(before: Answers, after: Answers, *, seed: int = 0, resamples: int = 500) -> Estimate:
    """ECE of the second minus that of the first on the same rows, −1 to 1, negative is better, with its 95 % interval.

    The interval is a bootstrap: whole rows, both answers together, are redrawn.
    """
    sides = []
    for confidence, right in (before, after):
        stated, gaps = _checked(confidence, right)
        sides.append((_bin_numbers(stated, BINS), gaps))
    (old_bins, old_gaps), (new_bins, new_gaps) = sides
    if len(old_gaps) != len(new_gaps) or not len(new_gaps):
        raise ValueError(
            f"{len(old_gaps)} rows before and {len(new_gaps)} after; there must be as many, and at least one"
        )
    generator = np.random.default_rng(seed)
    resampled = np.empty(resamples)
    for sample in range(resamples):
        rows = generator.integers(len(new_gaps), size=len(new_gaps))
        resampled[sample] = _error(new_bins[rows], new_gaps[rows], BINS) - _error(old_bins[rows], old_gaps[rows], BINS)
    value = _error(new_bins, new_gaps, BINS) - _error(old_bins, old_gaps, BINS)
    return estimate(value, *percentiles(resampled), smallest=-1.0)


def _checked(confidence: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """The confidences, and each row's ``right − confidence``."""
    stated, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if stated.shape != hits.shape or stated.ndim != 1:
        raise ValueError(f"confidence has shape {stated.shape}, right has {hits.shape}; both must be (rows,)")
    return stated, hits - stated


def _bin_numbers(confidence: Floats, bins: int) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)
    return numbers


def _error(numbers: NDArray[np.int64], gaps: Floats, bins: int) -> float:
    # |rows in b| / |rows| · |mean right − mean confidence| is |sum of the gaps in b| / |rows|.
    return float(np.abs(np.bincount(numbers, weights=gaps, minlength=bins)).sum() / len(gaps))
