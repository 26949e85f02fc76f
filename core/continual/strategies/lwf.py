"""Learning without forgetting (Li & Hoiem 2016, "Learning without Forgetting")."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from core.continual.methods.protecting import LWF, LwfConfig
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch
from core.tasks.base import Criterion


class LearningWithoutForgetting(Strategy):
    """Ask the version before what it thinks of the new texts, and keep close to its answers for the outputs it knew.
    Needs no old text and stores nothing.

    Loss: L = −log p(y | x) + λ T² KL(q(· | x) ‖ p(· | x)), both softmax(logits / T) over the known outputs, q of the
    frozen version before; T² keeps the gradient's size (Hinton et al. 2015). Both read the same hidden tokens.
    """

    declared = LWF
    config: LwfConfig

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._teacher: TextNetwork | None = None
        self._known = 0

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._known = experience.known_outputs
        self._teacher = None
        if self.config.lwf_strength > 0 and self._known > 0:
            self._teacher = copy.deepcopy(model).eval().requires_grad_(False)

    def loss(self, model: TextNetwork, batch: Batch, criterion: Criterion) -> Tensor:
        logits = model(batch.tokens, batch.mask)
        loss = criterion(logits, batch.targets)
        if self._teacher is None:
            return loss
        with torch.no_grad():
            teacher = self._teacher.to(batch.tokens.device)
            answers = teacher(batch.tokens, batch.mask)
        temperature = self.config.lwf_temperature
        return loss + self.config.lwf_strength * distillation(logits, answers, self._known, temperature)

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._teacher = None
        super().end_experience(model, experience)


def distillation(logits: Tensor, answers: Tensor, known: int, temperature: float) -> Tensor:
    """T² KL(softmax(answers / T) ‖ softmax(logits / T)) over the first ``known`` outputs, mean over rows; ≥ 0."""
    new = (logits[:, :known] / temperature).log_softmax(dim=1)
    old = (answers[:, :known] / temperature).log_softmax(dim=1)
    return temperature**2 * nn.functional.kl_div(new, old, reduction="batchmean", log_target=True)
