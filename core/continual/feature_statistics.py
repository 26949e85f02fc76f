"""Sums over rows from which every closed-form head can be solved; rows are added and taken away, none is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import lapack
from torch import Tensor
from torch.nn import functional

PREFIX = "statistics."
ROUNDING = 1e-9  # of the largest sum of squares: what is below zero by less is rounding


@dataclass
class FeatureStatistics:
    """What is known of all rows learned so far, in float64.

    The order in which rows came does not matter beyond rounding, and subtracting a row undoes adding it.

    Parameters
    ----------
    counts
        Rows of each output, those that have it as their target: int64 (outputs,).
    sums
        Sum of the features of each output's rows: (outputs, width).
    gram
        Σ x xᵀ over all rows: (width, width).
    total
        Σ x over all rows and their number, (width + 1), where a row may have several targets or none; None where each has one, so
        that ``sums`` and ``counts`` tell it.
    noise
        Standard deviation of the noise in each value of ``gram``'s diagonal, where all sums were told with noise (`noisy_sums`):
        counts are then no whole numbers, and every output counts as having rows. 0 where they are exact.
    """

    counts: Tensor
    sums: Tensor
    gram: Tensor
    total: Tensor | None = None
    noise: float = 0.0

    @staticmethod
    def empty(outputs: int, width: int, *, several: bool = False) -> FeatureStatistics:
        """The statistics of no row at all; ``several`` where a row may have several targets or none."""
        return FeatureStatistics(
            torch.zeros(outputs, dtype=torch.int64),
            torch.zeros(outputs, width, dtype=torch.float64),
            torch.zeros(width, width, dtype=torch.float64),
            torch.zeros(width + 1, dtype=torch.float64) if several else None,
        )

    @property
    def rows(self) -> int:
        return int(self.counts.sum().double().round() if self.total is None else self.total[-1].round())

    @property
    def sum(self) -> Tensor:
        """Σ x over all rows, (width)."""
        return self.sums.sum(dim=0) if self.total is None else self.total[:-1]

    @property
    def width(self) -> int:
        return len(self.gram)

    def add(self, features: Tensor, targets: Tensor, sign: int = 1) -> None:
        """Add rows, or take them away with ``sign`` −1: features float64 (rows, width), targets int64 (rows), or where a row may
        have several 0 or 1 (rows, outputs).
        """
        if self.total is None:
            self.counts += sign * torch.bincount(targets, minlength=len(self.counts))
            self.sums.index_add_(0, targets, features, alpha=sign)
        else:
            has = functional.pad(targets.double(), (0, len(self.counts) - targets.shape[1]))
            self.counts += sign * has.sum(dim=0).long()
            self.sums.addmm_(has.T, features, alpha=sign)
            self.total[:-1] += sign * features.sum(dim=0)
            self.total[-1] += sign * len(features)
        self.gram.addmm_(features.T, features, alpha=sign)

    def grow(self, outputs: int) -> None:
        """Make room for new outputs, of which nothing is known yet."""
        added = outputs - len(self.counts)
        if added > 0:
            self.counts = torch.cat([self.counts, torch.zeros(added, dtype=self.counts.dtype)])
            self.sums = torch.cat([self.sums, torch.zeros(added, self.width, dtype=torch.float64)])

    @property
    def seen(self) -> Tensor:
        """Which outputs have rows: bool (outputs)."""
        return torch.ones_like(self.counts, dtype=torch.bool) if self.noise else self.counts > 0

    def known(self) -> FeatureStatistics:
        """The same without the outputs that have no row; they share the gram matrix. Noisy sums are as rows can have them: at
        least one whole row an output, and no scatter below zero in any direction.
        """
        if self.noise:
            counts, total = self.counts.round().clamp_min(1.0), self.sum
            around = torch.outer(total, total) / counts.sum()
            return FeatureStatistics(counts, self.sums, positive(self.gram - around) + around, noise=self.noise)
        return FeatureStatistics(self.counts[self.seen], self.sums[self.seen], self.gram, self.total)

    @property
    def doubt(self) -> float:
        """What noise adds to ``gram`` in any direction, about: that of a symmetric matrix of noise is its size times √width."""
        return self.noise * math.sqrt(self.width)

    def plus(self, other: FeatureStatistics) -> FeatureStatistics:
        """The statistics of both, each with its own noise."""
        assert self.total is other.total is None, "noise is there for one target a row"
        noise = math.hypot(self.noise, other.noise)
        counts, sums = self.counts + other.counts, self.sums + other.sums
        return FeatureStatistics(counts, sums, self.gram + other.gram, noise=noise)

    def copy(self) -> FeatureStatistics:
        total = None if self.total is None else self.total.clone()
        return FeatureStatistics(self.counts.clone(), self.sums.clone(), self.gram.clone(), total, self.noise)

    @property
    def largest(self) -> float:
        """The largest sum of squares of a feature."""
        return float(self.gram.diagonal().abs().max())

    def is_possible(self, rounding: float | None = None) -> bool:
        """Whether any rows have such sums: no negative count, no sum without rows, no negative sum of squares.

        False after rows were taken away that had never been added; true does not prove that they had.

        Parameters
        ----------
        rounding
            What counts as zero; by default `ROUNDING` of the largest sum of squares.
        """
        rounding = ROUNDING * max(self.largest, 1.0) if rounding is None else rounding
        empty = self.sums[self.counts == 0]
        if self.rows < 0 or bool((self.counts < 0).any()) or bool((empty.abs() > rounding).any()):
            return False
        shifted = self.gram.clone()
        shifted.diagonal().add_(rounding)
        return cholesky(shifted) is not None

    def to_tensors(self) -> dict[str, Tensor]:
        """Tensors for storage; of the symmetric matrix only one half."""
        further = {} if self.total is None else {f"{PREFIX}total": self.total}
        if self.noise:
            further[f"{PREFIX}noise"] = torch.tensor(self.noise, dtype=torch.float64)
        return {
            f"{PREFIX}counts": self.counts,
            f"{PREFIX}sums": self.sums,
            f"{PREFIX}gram": packed(self.gram.T),  # the half that `cholesky` reads
            **further,
        }

    @staticmethod
    def from_tensors(tensors: Mapping[str, Tensor]) -> FeatureStatistics | None:
        """The inverse of `to_tensors`; None when there are none. What is given stays as it is."""
        if f"{PREFIX}gram" not in tensors:
            return None
        half = unpacked(tensors[f"{PREFIX}gram"])
        gram, total = half.T + half.tril(-1), tensors.get(f"{PREFIX}total")
        counts, sums = tensors[f"{PREFIX}counts"].clone(), tensors[f"{PREFIX}sums"].clone()
        noise = float(tensors.get(f"{PREFIX}noise", 0.0))
        return FeatureStatistics(counts, sums, gram, None if total is None else total.clone(), noise)


def positive(matrix: Tensor) -> Tensor:
    """The nearest symmetric matrix that is nowhere below zero."""
    values, vectors = torch.linalg.eigh(matrix)
    nearest: Tensor = (vectors * values.clamp_min(0.0)) @ vectors.T
    return nearest


def packed(matrix: Tensor) -> Tensor:
    """The lower half of a square matrix, diagonal included, row after row."""
    rows, columns = torch.tril_indices(len(matrix), len(matrix))
    return matrix[rows, columns]


def unpacked(values: Tensor) -> Tensor:
    """The inverse of `packed`: a lower triangular matrix."""
    size = (math.isqrt(8 * len(values) + 1) - 1) // 2
    matrix = torch.zeros(size, size, dtype=values.dtype)
    rows, columns = torch.tril_indices(size, size)
    matrix[rows, columns] = values
    return matrix


def cholesky(matrix: Tensor) -> np.ndarray | None:
    """The factor L of a symmetric float64 matrix, L Lᵀ, which is overwritten; None when it is not positive definite.

    L is in Fortran order; what stands above its diagonal has no meaning. (LAPACK as SciPy calls it takes two thirds of
    PyTorch's time.)
    """
    lower, problem = lapack.dpotrf(matrix.numpy().T, lower=1, clean=0, overwrite_a=1)
    return None if problem else lower


def solve_triangular(lower: np.ndarray, right: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """L⁻¹ right, or L⁻ᵀ right; of L only the lower half is read."""
    solution: np.ndarray = lapack.dtrtrs(lower, right, lower=1, trans=int(transposed))[0]
    return solution
