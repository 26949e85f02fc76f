"""AdamW with warm-up and linear decay; sparse embeddings get their own Adam, which touches only the rows of a batch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from core.base.settings import OptimiserConfig
from core.training.adam import AdamW, RowAdam

ParameterGroups = Sequence[tuple[float | None, Sequence[nn.Parameter]]]


class Optimizer:
    """One learning step for all parameters that may change.

    Parameters
    ----------
    groups
        Dense parameters with their learning rate; None stands for that of the config.
    steps
        Number of steps of the whole run: the learning rate rises during the warm-up share of them and then falls to 0.
    """

    def __init__(
        self, groups: ParameterGroups, config: OptimiserConfig, steps: int, sparse: Sequence[nn.Parameter] = ()
    ) -> None:
        self.dense = [parameter for _, parameters in groups for parameter in parameters]
        dense = [
            {"params": list(parameters), "lr": config.learning_rate if rate is None else rate}
            for rate, parameters in groups
            if parameters
        ]
        self.gradient_clip = config.gradient_clip
        warmup = max(1, round(steps * config.warmup))

        def factor(step: int) -> float:
            return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

        # PyTorch's plain AdamW takes three times as long on a CPU with the weights of a pretrained encoder.
        self.parts: list[torch.optim.Optimizer] = [AdamW(dense, weight_decay=config.weight_decay, fused=True)]
        learned = [parameter for parameter in sparse if parameter.requires_grad]
        if learned:
            self.parts.append(RowAdam(learned, lr=config.learning_rate))
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
        """A copy, which later steps do not change."""
        return copy.deepcopy(
            {
                "parts": [part.state_dict() for part in self.parts],
                "schedules": [schedule.state_dict() for schedule in self.schedules],
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        for part, stored in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(stored)
        for schedule, stored in zip(self.schedules, state["schedules"], strict=True):
            schedule.load_state_dict(stored)
