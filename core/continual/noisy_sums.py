"""Sums over rows that are told with noise, so that no row, or no person's rows, can be told from them.

Every row has features of length √width (an even `FeatureMap`), so that the most that one row can move the sums is known
beforehand. All sums of an experience are told at once, as one vector with Gaussian noise, each part weighted by how much is lost
with noise in it. What is computed from noisy sums tells no more than they do.

References
----------
Dwork & Roth 2014, "The Algorithmic Foundations of Differential Privacy" (the Gaussian mechanism, post-processing). Vu & Slavkovic
2009 and Wang 2018, "Revisiting Differentially Private Linear Regression" (noise on sufficient statistics). Dong, Roth & Su 2022,
"Gaussian Differential Privacy" (two Gaussian mechanisms in a row, the second of which looks at what the first told, are one).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from core.continual.feature_statistics import FeatureStatistics

GRAM, SUMS, COUNTS = 1.0, 1.0, 0.3  # weights of the parts, chosen on validation rows of SST-2
CENTRING = 0.02  # of what may be told, that the mean of the first experience takes


def sensitivity(most_rows: int = 1) -> float:
    """How far so many rows can move the weighted sums at most: each has features of length √width and one output.

    x xᵀ / width has length 1 as a vector, so has x / √width, and a count is 1: √(GRAM² + SUMS² + COUNTS²) for each row.
    """
    return most_rows * math.sqrt(GRAM**2 + SUMS**2 + COUNTS**2)


def weighted(statistics: FeatureStatistics) -> Tensor:
    """All sums as the one vector that is told, in which `sensitivity` counts; a pair of different features stands in it once,
    times √2.
    """
    width = statistics.width
    rows, columns = torch.triu_indices(width, width, offset=1)
    return torch.cat(
        [
            GRAM * statistics.gram.diagonal() / width,
            GRAM * statistics.gram[rows, columns] * math.sqrt(2) / width,
            SUMS * statistics.sums.flatten() / math.sqrt(width),
            COUNTS * statistics.counts.double(),
        ]
    )


def with_noise(
    statistics: FeatureStatistics, multiplier: float, most_rows: int, generator: np.random.Generator
) -> FeatureStatistics:
    """The same sums with Gaussian noise, whose deviation in `weighted` is ``multiplier`` times the `sensitivity`."""
    assert statistics.total is None, "noise is there for one target a row"
    size, width = multiplier * sensitivity(most_rows), statistics.width
    on_gram = size * width / GRAM
    return FeatureStatistics(
        statistics.counts.double() + size / COUNTS * _normal((len(statistics.counts),), generator),
        statistics.sums + size * math.sqrt(width) / SUMS * _normal(tuple(statistics.sums.shape), generator),
        statistics.gram + on_gram * _symmetric(width, generator),
        noise=on_gram,
    )


def noisy_mean(total: Tensor, rows: int, multiplier: float, most_rows: int, generator: np.random.Generator) -> Tensor:
    """The mean of rows of length 1 at most, from their sum (width) and their number, both told with noise; no longer than 1."""
    size = multiplier * most_rows * math.sqrt(1 + COUNTS**2)
    about = rows + size / COUNTS * float(_normal((1,), generator))
    mean = (total + size * _normal((len(total),), generator)) / max(about, 1.0)
    shortened: Tensor = mean / mean.norm().clamp_min(1.0)
    return shortened


def shared_multipliers(multiplier: float) -> tuple[float, float]:
    """Noise multipliers of the mean and of the sums after it, which together tell as much as one telling with ``multiplier``.

    1/σ² = 1/σ₁² + 1/σ₂², exact for Gaussian noise also where the second looks at what the first told.
    """
    return multiplier / math.sqrt(CENTRING), multiplier / math.sqrt(1 - CENTRING)


def _normal(shape: tuple[int, ...], generator: np.random.Generator) -> Tensor:
    return torch.from_numpy(generator.standard_normal(shape))


def _symmetric(width: int, generator: np.random.Generator) -> Tensor:
    """Noise of deviation 1 in each value of the diagonal, and in √2 times each value beside it."""
    upper = torch.triu(_normal((width, width), generator))
    return (upper + upper.T) / math.sqrt(2) + torch.diag(upper.diagonal() * (1 - math.sqrt(2)))
