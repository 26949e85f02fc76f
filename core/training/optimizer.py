"""AdamW with warm-up and linear decay; sparse embeddings get their own Adam, which touches only the rows of a batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from core.models.base import TextClassifier
from core.training.config import TrainingConfig


class Optimizer:
    """One learning step for all parameters of a model.

    Parameters
    ----------
    steps
        Number of steps of the whole run: the learning rate rises during the warm-up share of them and then falls to 0.
    """

    def __init__(self, model: TextClassifier, config: TrainingConfig, steps: int) -> None:
        sparse = [parameter for parameter in model.sparse_parameters() if parameter.requires_grad]
        rates = [(config.learning_rate if rate is None else rate, values) for rate, values in model.rates()]
        self.dense = [parameter for _, values in rates for parameter in values]
        self.gradient_clip = config.gradient_clip
        warmup = max(1, round(steps * config.warmup))

        def factor(step: int) -> float:
            return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                [{"params": values, "lr": rate} for rate, values in rates if values],
                weight_decay=config.weight_decay,
                fused=True,  # the plain one is some thirty times slower with the weights of a pretrained encoder
            )
        ]
        if sparse:
            self.parts.append(torch.optim.SparseAdam(sparse, lr=config.learning_rate))
        self.schedules = [LambdaLR(part, factor) for part in self.parts]

    def zero_grad(self) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Clip the dense gradients, move the weights, and go on in the learning-rate schedule."""
        nn.utils.clip_grad_norm_(self.dense, self.gradient_clip)
        for part, schedule in zip(self.parts, self.schedules, strict=True):
            part.step()
            schedule.step()

    def state(self) -> dict[str, Any]:
        return {
            "parts": [part.state_dict() for part in self.parts],
            "schedules": [schedule.state_dict() for schedule in self.schedules],
        }

    def restore(self, state: dict[str, Any]) -> None:
        for part, stored in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(stored)
        for schedule, stored in zip(self.schedules, state["schedules"], strict=True):
            schedule.load_state_dict(stored)
