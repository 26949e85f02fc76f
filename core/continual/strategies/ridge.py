"""Ridge regression by sums (recursive least squares; Zhuang et al. 2022, "ACIL", arXiv 2205.14922)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.continual.feature_statistics import FeatureStatistics, cholesky, packed, solve_triangular, unpacked
from core.continual.methods.exact import RIDGE, RidgeConfig
from core.continual.strategies.closed_form import ClosedForm
from core.continual.strategies.linear_head import Coefficients

PREFIX = "ridge."
BLOCK = 256
MOST_SINCE = 0.25  # of the width: with more new rows, factoring again is no slower


@dataclass
class Factor:
    """A ridge regression as it was factored once, and the few rows that came since.

    Parameters
    ----------
    lower
        L of the system A = L Lᵀ: (width + 1, width + 1), in Fortran order.
    solution
        W = A⁻¹ B, (width + 1, outputs at that time).
    since, targets
        R (rows, width + 1) and T (rows, outputs) with Rᵀ R and Rᵀ T as of the rows since. They are rotated: of a single
        row nothing can be read from them.
    penalty
        The λ inside A.
    """

    lower: np.ndarray
    solution: Tensor
    since: Tensor
    targets: Tensor
    penalty: float

    def add(self, rows: Tensor, targets: Tensor) -> None:
        """Take in rows (rows, width + 1) with what they should be answered (rows, outputs)."""
        rotation, self.since = torch.linalg.qr(torch.cat([self.since, rows]))
        self.targets = rotation.T @ torch.cat([_widened(self.targets, targets.shape[1]), targets])

    def solve(self, outputs: int) -> Tensor:
        """The solution with all rows, (width + 1, outputs); new outputs get columns."""
        solution = _widened(self.solution, outputs)
        if not len(self.since):
            return solution
        rows = torch.from_numpy(solve_triangular(self.lower, self.since.T.numpy()))  # L⁻¹ Rᵀ
        inner = rows.T @ rows
        inner.diagonal().add_(1.0)
        missing = _widened(self.targets, outputs) - self.since @ solution
        step = rows @ torch.linalg.solve(inner, missing)
        return solution + torch.from_numpy(solve_triangular(self.lower, step.numpy(), transposed=True))


class Ridge(ClosedForm):
    """Least squares of one column per output, 1 for its own rows and 0 for others, with an unpenalised intercept. A row may have
    several outputs, or none: each column is a regression by itself.

    [w_c; b_c] = A⁻¹ Σ y_c [x; 1] with A = Σ [x; 1] [x; 1]ᵀ + λ diag(1, …, 1, 0).

    With few new rows U and answers Y against the width, the factor of A serves again: W + A⁻¹ Uᵀ (I + U A⁻¹ Uᵀ)⁻¹
    (Y − U W), the step of recursive least squares (by the Woodbury identity), is as exact and saves factoring anew.

    Where sums are noisy, the penalty grows by what the noise adds to A (`FeatureStatistics.doubt`), which no row decides.
    """

    declared = RIDGE
    config: RidgeConfig
    factor: Factor | None = None
    room: np.ndarray | None = None  # of a factor that serves no more: memory to write the next one into

    def coefficients(self, statistics: FeatureStatistics) -> Coefficients:
        return _coefficients(_factored(statistics, self.config.ridge_penalty + statistics.doubt).solution)

    def own_coefficients(self) -> Coefficients:
        statistics = self.learned()
        if statistics.noise:
            return super().own_coefficients()
        if self.factor is None or self.factor.penalty != self.config.ridge_penalty:
            self.factor, self.room = _factored(statistics, self.config.ridge_penalty, self.room), None
        return _coefficients(self.factor.solve(len(statistics.counts))[:, statistics.counts > 0])

    def added(self, features: Tensor, targets: Tensor) -> None:
        if self.factor is None:
            return
        if len(self.factor.since) + len(features) > MOST_SINCE * features.shape[1]:
            self.forgotten()
            return
        outputs = len(self.learned().counts)
        several = targets.ndim == 2
        answers = _widened(targets, outputs) if several else functional.one_hot(targets, outputs)
        self.factor.add(functional.pad(features, (0, 1), value=1.0), answers.to(features.dtype))

    def forgotten(self) -> None:
        if self.factor is not None:
            self.room = self.factor.lower
            self.factor = None

    def state(self) -> dict[str, Any]:
        if self.factor is None:
            return super().state()
        tensors = {name: getattr(self.factor, name) for name in ("solution", "since", "targets")}
        tensors["lower"] = packed(torch.from_numpy(self.factor.lower))
        stored = {PREFIX + name: value for name, value in tensors.items()}
        return {**super().state(), **stored, PREFIX + "penalty": self.factor.penalty}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.factor = None
        if PREFIX + "lower" in state:
            lower = np.asfortranarray(unpacked(state[PREFIX + "lower"]).numpy())
            solution, since, targets = (state[PREFIX + name].clone() for name in ("solution", "since", "targets"))
            self.factor = Factor(lower, solution, since, targets, state[PREFIX + "penalty"])


def _factored(statistics: FeatureStatistics, penalty: float, room: np.ndarray | None = None) -> Factor:
    """Factor A and solve anew; in memory that is at hand, if there is room, since fresh pages cost as much as the copy."""
    width, outputs = statistics.width, len(statistics.counts)
    if room is None or len(room) != width + 1:
        room = np.empty((width + 1, width + 1), order="F")
    system = torch.from_numpy(room.T)
    for start in range(0, width, BLOCK):  # of two equal halves, the one that is read
        stop = min(start + BLOCK, width)
        system[start:stop, start:width] = statistics.gram[start:stop, start:]
    system[:width, width] = statistics.sum
    system.diagonal()[:width].add_(penalty)
    system[width, width] = statistics.rows
    lower = cholesky(system)
    assert lower is not None, "with a penalty, the system is positive definite"
    right = torch.cat([statistics.sums.T, statistics.counts.double().unsqueeze(0)])
    half = solve_triangular(lower, right.numpy())
    solution = torch.from_numpy(solve_triangular(lower, half, transposed=True))
    return Factor(lower, solution, solution.new_zeros(0, width + 1), solution.new_zeros(0, outputs), penalty)


def _widened(columns: Tensor, outputs: int) -> Tensor:
    """The tensor with zeros for outputs that came since."""
    return functional.pad(columns, (0, outputs - columns.shape[1]))


def _coefficients(solution: Tensor) -> Coefficients:
    return Coefficients(solution[:-1].T.contiguous(), solution[-1].contiguous())
