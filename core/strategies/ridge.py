"""Ridge regression by sums (recursive least squares; Zhuang et al. 2022, "ACIL", arXiv 2205.14922)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config import setting
from core.strategies.closed_form import ClosedForm, ClosedFormConfig
from core.strategies.linear_head import Coefficients
from core.strategies.statistics import Statistics, cholesky, packed, solve_triangular, unpacked

MOST_SINCE = 0.25  # of the width: with more new rows, factoring again is no slower


class RidgeConfig(ClosedFormConfig):
    """How strongly coefficients are held back."""

    ridge_penalty: float = setting(
        100.0,
        label="Ridge penalty",
        help="Holds the coefficients back, as so many extra rows without any content would. More for few or noisy rows.",
        bounds=(0.1, 10_000.0),
        scale="log",
        group="strategy",
    )


@dataclass
class Factor:
    """The system A of a ridge regression as L Lᵀ + Rᵀ R: factored once, with the few rows that came since.

    Parameters
    ----------
    lower
        L, (width + 1, width + 1), in Fortran order.
    since
        R, (rows, width + 1). Of the rows themselves only their sum of squares can be told.
    penalty
        The λ inside A.
    """

    lower: np.ndarray
    since: Tensor
    penalty: float

    def add(self, rows: Tensor) -> None:
        """Take in rows (rows, width + 1)."""
        self.since = torch.linalg.qr(torch.cat([self.since, rows]), mode="r").R

    def solve(self, right: Tensor) -> Tensor:
        """A⁻¹ right by the Woodbury identity, (width + 1, columns)."""
        count = len(self.since)
        both = solve_triangular(self.lower, torch.cat([self.since.T, right], dim=1).numpy())
        rows, half = torch.from_numpy(both[:, :count]), torch.from_numpy(both[:, count:])
        if count:
            inner = rows.T @ rows
            inner.diagonal().add_(1.0)
            half = half - rows @ torch.linalg.solve(inner, rows.T @ half)
        return torch.from_numpy(solve_triangular(self.lower, half.numpy(), transposed=True))


class Ridge(ClosedForm):
    """Least squares of one column per label, 1 for its own rows and 0 for others, with an unpenalised intercept.

    [w_c; b_c] = A⁻¹ Σ y_c [x; 1] with A = Σ [x; 1] [x; 1]ᵀ + λ diag(1, …, 1, 0).

    An update with few rows U against the width keeps the factor of A and uses (A + Uᵀ U)⁻¹ = A⁻¹ − A⁻¹ Uᵀ
    (I + U A⁻¹ Uᵀ)⁻¹ U A⁻¹ (Woodbury), which is as exact and saves factoring again.
    """

    name = "ridge"
    config_class = RidgeConfig
    config: RidgeConfig
    factor: Factor | None = None

    def coefficients(self, statistics: Statistics) -> Coefficients:
        return _solution(_factored(statistics, self.config.ridge_penalty), statistics)

    def own_coefficients(self) -> Coefficients:
        statistics = self.learned().known()
        if self.factor is None or self.factor.penalty != self.config.ridge_penalty:
            self.factor = _factored(statistics, self.config.ridge_penalty)
        return _solution(self.factor, statistics)

    def added(self, features: Tensor) -> None:
        if self.factor is None:
            return
        if len(self.factor.since) + len(features) > MOST_SINCE * features.shape[1]:
            self.factor = None
        else:
            self.factor.add(torch.cat([features, torch.ones(len(features), 1, dtype=features.dtype)], dim=1))

    def forgotten(self) -> None:
        self.factor = None

    def state(self) -> dict[str, Any]:
        if self.factor is None:
            return super().state()
        lower = packed(torch.from_numpy(self.factor.lower))
        tensors = {"ridge.factor": lower, "ridge.since": self.factor.since}
        return {**super().state(), **tensors, "ridge.penalty": self.factor.penalty}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.factor = None
        if "ridge.factor" in state:
            lower = np.asfortranarray(unpacked(state["ridge.factor"]).numpy())
            self.factor = Factor(lower, state["ridge.since"].clone(), state["ridge.penalty"])


def _factored(statistics: Statistics, penalty: float) -> Factor:
    """Factor A anew."""
    width = statistics.width
    system = torch.empty(width + 1, width + 1, dtype=torch.float64)
    system[:width, :width] = statistics.gram
    system[width, :width] = system[:width, width] = statistics.sums.sum(dim=0)
    system.diagonal()[:width].add_(penalty)
    system[width, width] = statistics.rows
    lower = cholesky(system)
    assert lower is not None, "with a penalty, the system is positive definite"
    return Factor(lower, torch.zeros(0, width + 1, dtype=torch.float64), penalty)


def _solution(factor: Factor, statistics: Statistics) -> Coefficients:
    right = torch.cat([statistics.sums.T, statistics.counts.double().unsqueeze(0)])
    solved = factor.solve(right)
    return Coefficients(solved[:-1].T.contiguous(), solved[-1].contiguous())
