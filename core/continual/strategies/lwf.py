"""Learning without forgetting (Li & Hoiem 2016, "Learning without Forgetting")."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from core.continual.methods.protecting import LWF, LwfConfig
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch
from core.networks.text.examples import Examples
from core.tasks.base import Criterion, Task


class LearningWithoutForgetting(Strategy):
    """Ask the version before what it thinks of the new texts, and keep close to its answers for the outputs it knew.
    Needs no old text and stores nothing.

    Loss: L = −log p(y | x) + λ T² KL(q(· | x) ‖ p(· | x)), both softmax(logits / T) over the known outputs, q of the
    frozen version before; T² keeps the gradient's size (Hinton et al. 2015). Both read the same hidden tokens.

    For entities the second term counts where a token is in none, and the first says nothing there of the known types, which
    nobody may have looked for (Monaikul et al. 2021, "Continual Learning for Named Entity Recognition": ExtendNER; here with
    the probabilities of a chain).
    """

    declared = LWF
    config: LwfConfig

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._teacher: TextNetwork | None = None
        self._known = 0
        self._task: Task | None = None

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._known, self._task = experience.known_outputs, experience.task
        self._teacher = None
        if self.config.lwf_strength > 0 and self._known > 0:
            self._teacher = copy.deepcopy(model).eval().requires_grad_(False)

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        if self._teacher is None:
            return experience.train
        return experience.task.left_open(experience.train, self._known, later=False)

    def loss(self, model: TextNetwork, batch: Batch, criterion: Criterion) -> Tensor:
        logits = model(batch.tokens, batch.mask)
        loss = criterion(logits, *batch.truth)
        if self._teacher is None or self._task is None:
            return loss
        with torch.no_grad():
            teacher = self._teacher.to(batch.tokens.device)
            answers = teacher(batch.tokens, batch.mask)
        apart: Tensor = self._task.apart(logits, answers, batch.targets, self._known, self.config.lwf_temperature)
        return loss + self.config.lwf_strength * apart

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._teacher = None
        super().end_experience(model, experience)
