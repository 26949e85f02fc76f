"""A linear head as numbers: comparing two, making room for outputs without rows, and how sure its answers should be."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

NEWTON_STEPS = 50
LEAST_SLOPE = 1e-2  # of scores in units of their spread: an order is never turned round
CERTAINTY = (1e-2, 1e3)  # of scores, in units of their spread, that `best_scale` looks between


class Coefficients(NamedTuple):
    """Weights (outputs, width) and biases (outputs), in float64."""

    weights: Tensor
    biases: Tensor

    def difference(self, other: Coefficients) -> float:
        """The largest absolute difference of any coefficient."""
        return max(float((mine - its).abs().max()) for mine, its in zip(self, other, strict=True))

    def for_all(self, seen: Tensor) -> Coefficients:
        """Coefficients of all outputs, when these are of those where ``seen`` bool (outputs) is true.

        An output without rows gets the mean score of the others, less one: it can be learned later, and never wins.
        """
        weights = self.weights.mean(dim=0).expand(len(seen), -1).clone()
        biases = (self.biases.mean() - 1).expand(len(seen)).clone()
        weights[seen], biases[seen] = self.weights, self.biases
        return Coefficients(weights, biases)


def best_scale(logits: Tensor, targets: Tensor) -> float:
    """The positive number by which to multiply logits (rows, outputs) so that their softmax fits targets (rows) best.

    Smallest mean of −log p(y | x), each target counted as certain only to (n + 1) / (n + 2) with n rows, so that a few
    right answers do not ask for endless certainty.

    References
    ----------
    Guo et al. 2017, "On Calibration of Modern Neural Networks" (temperature scaling); Platt 1999, "Probabilistic
    Outputs for Support Vector Machines" (the correction for few rows).
    """
    scores = logits.double()
    centred = scores - scores.mean(dim=1, keepdim=True)
    spread = float(centred.square().mean().sqrt())
    if spread == 0:
        return 1.0
    doubt = 1 / (len(targets) + 2)

    def surprise(exponent: float) -> float:
        logarithms = torch.log_softmax(centred * (math.exp(exponent) / spread), dim=1)
        right = logarithms[torch.arange(len(targets)), targets].mean()
        return -float((1 - doubt) * right + doubt * logarithms.mean())

    bounds = tuple(math.log(value) for value in CERTAINTY)
    optimum = minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return math.exp(float(optimum.x)) / spread


def best_line(scores: Tensor, targets: Tensor) -> tuple[float, float]:
    """What to multiply scores (rows, outputs) by, and to add, so that their sigmoid fits targets, 0 or 1 (rows, outputs), best.

    Smallest mean of −log p over all cells, found by Newton's method; a few made-up cells on either side keep it finite where the
    sides can be told apart without a fault (Platt 1999).
    """
    values, has = scores.double().flatten(), targets.double().flatten()
    centre, spread = float(values.mean()), float(values.std())
    if not spread > 0:
        return 1.0, 0.0
    values = (values - centre) / spread
    positive, negative = float(has.sum()), float((1 - has).sum())
    goal = torch.where(has > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    line = torch.tensor([1.0, math.log((positive + 1) / (negative + 1))], dtype=torch.float64)
    columns = torch.stack([values, torch.ones_like(values)], dim=1)
    for _ in range(NEWTON_STEPS):
        stated = torch.sigmoid(columns @ line)
        weight = (stated * (1 - stated)).clamp_min(1e-9)
        bend = columns.T @ (columns * weight[:, None])
        step = torch.linalg.solve(bend, columns.T @ (stated - goal))
        line = line - step.clamp(-2.0, 2.0)
        if float(step.abs().max()) < 1e-8:
            break
    scale = max(float(line[0]), LEAST_SLOPE) / spread
    return scale, float(line[1]) - scale * centre
