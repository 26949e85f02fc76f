"""Sums over rows from which every closed-form head can be solved; rows are added and taken away, none is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import lapack
from torch import Tensor

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
    """

    counts: Tensor
    sums: Tensor
    gram: Tensor

    @staticmethod
    def empty(outputs: int, width: int) -> FeatureStatistics:
        """The statistics of no row at all."""
        return FeatureStatistics(
            torch.zeros(outputs, dtype=torch.int64),
            torch.zeros(outputs, width, dtype=torch.float64),
            torch.zeros(width, width, dtype=torch.float64),
        )

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    @property
    def width(self) -> int:
        return len(self.gram)

    def add(self, features: Tensor, targets: Tensor, sign: int = 1) -> None:
        """Add rows, or take them away with ``sign`` −1: features float64 (rows, width), targets int64 (rows)."""
        self.counts += sign * torch.bincount(targets, minlength=len(self.counts))
        self.sums.index_add_(0, targets, features, alpha=sign)
        self.gram.addmm_(features.T, features, alpha=sign)

    def grow(self, outputs: int) -> None:
        """Make room for new outputs, of which nothing is known yet."""
        added = outputs - len(self.counts)
        if added > 0:
            self.counts = torch.cat([self.counts, torch.zeros(added, dtype=torch.int64)])
            self.sums = torch.cat([self.sums, torch.zeros(added, self.width, dtype=torch.float64)])

    def known(self) -> FeatureStatistics:
        """The same without the outputs that have no row; they share the gram matrix."""
        seen = self.counts > 0
        return FeatureStatistics(self.counts[seen], self.sums[seen], self.gram)

    def copy(self) -> FeatureStatistics:
        return FeatureStatistics(self.counts.clone(), self.sums.clone(), self.gram.clone())

    def is_possible(self) -> bool:
        """Whether any rows have such sums: no negative count, no sum without rows, no negative sum of squares.

        False after rows were taken away that had never been added; true does not prove that they had.
        """
        scale = float(self.gram.diagonal().abs().max())
        empty = self.sums[self.counts == 0]
        if bool((self.counts < 0).any()) or bool((empty.abs() > ROUNDING * max(scale, 1.0)).any()):
            return False
        shifted = self.gram.clone()
        shifted.diagonal().add_(ROUNDING * max(scale, 1.0))
        return cholesky(shifted) is not None

    def to_tensors(self) -> dict[str, Tensor]:
        """Tensors for storage; of the symmetric matrix only one half."""
        return {
            f"{PREFIX}counts": self.counts,
            f"{PREFIX}sums": self.sums,
            f"{PREFIX}gram": packed(self.gram.T),  # the half that `cholesky` reads
        }

    @staticmethod
    def from_tensors(tensors: Mapping[str, Tensor]) -> FeatureStatistics | None:
        """The inverse of `to_tensors`; None when there are none. What is given stays as it is."""
        if f"{PREFIX}gram" not in tensors:
            return None
        half = unpacked(tensors[f"{PREFIX}gram"])
        gram = half.T + half.tril(-1)
        return FeatureStatistics(tensors[f"{PREFIX}counts"].clone(), tensors[f"{PREFIX}sums"].clone(), gram)


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
