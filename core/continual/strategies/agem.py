"""Averaged gradient episodic memory (Chaudhry et al. 2019, "Efficient Lifelong Learning with A-GEM")."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.continual.methods.rehearsing import AGEM, AgemConfig
from core.continual.strategies.rehearsal import Rehearsal
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch
from core.tasks.base import Criterion

Gradients = list[Tensor | None]


class AveragedGradientEpisodicMemory(Rehearsal):
    """Before each step, ask a few remembered rows whether it would raise their loss; if so, take out the part that
    would. Remembered rows are not learned from, only guarded.

    With g the gradient of the batch and r that of remembered rows: where g · r < 0, g ← g − (g · r / r · r) r. All
    parameters, dense and sparse, are one vector. The optimiser then rescales it (Adam), as it does any gradient.
    """

    declared = AGEM
    config: AgemConfig

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._criterion: Criterion | None = None

    def loss(self, model: TextNetwork, batch: Batch, criterion: Criterion) -> Tensor:
        self._criterion = criterion
        return super().loss(model, batch, criterion)

    def adjust_gradients(self, model: TextNetwork, batch: Batch) -> None:
        if self.remembered is None or self._criterion is None:  # pairs are learned without a criterion
            return
        _, remembered = self.draw(self.config.agem_rows, batch.tokens.device)
        loss = self._criterion(model(remembered.tokens, remembered.mask), *remembered.truth)
        parameters = [parameter for parameter in model.parameters() if parameter.grad is not None]
        reference: Gradients = list(torch.autograd.grad(loss, parameters, allow_unused=True))
        for parameter, projected in zip(
            parameters, project([parameter.grad for parameter in parameters], reference), strict=True
        ):
            parameter.grad = projected


def project(gradients: Gradients, reference: Gradients) -> Gradients:
    """The gradients without what goes against the reference; both are lists of parts of one vector, None for zeros."""
    pairs = list(zip(gradients, reference, strict=True))
    product = sum(dot(gradient, other) for gradient, other in pairs)
    if product >= 0:
        return gradients
    share = product / sum(dot(other, other) for other in reference)
    return [
        gradient if gradient is None or other is None else _minus(gradient, other, share) for gradient, other in pairs
    ]


def dot(first: Tensor | None, second: Tensor | None) -> float:
    """Product of two parts, dense or both sparse."""
    if first is None or second is None:
        return 0.0
    if not first.is_sparse:
        return float((first * second).sum())
    first, second = first.coalesce(), second.coalesce()
    rows, others = first.indices()[0], second.indices()[0]
    positions = torch.searchsorted(others, rows).clamp(max=len(others) - 1)
    common = others[positions] == rows
    return float((first.values()[common] * second.values()[positions[common]]).sum())


def _minus(gradient: Tensor, reference: Tensor, share: float) -> Tensor:
    changed = gradient - share * reference
    return changed.coalesce() if changed.is_sparse else changed
