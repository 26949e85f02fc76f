"""Dark experience replay (Buzzega et al. 2020, "Dark Experience for General Continual Learning")."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.continual.methods.rehearsing import DER, DerConfig
from core.continual.strategies.base import Experience
from core.continual.strategies.rehearsal import Rehearsal
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, predict_logits
from core.tasks.base import Criterion

DECIMALS = 4  # of a stored logit: far below what one step changes


class DarkExperienceReplay(Rehearsal):
    """Remember not only rows but also what the model answered for them at the time, and keep the answers.

    Loss: L = −log p(y | x) + α mean (f(x') − z')², x' remembered rows as many as the batch has, z' their stored logits, f
    the logits; the mean is over the outputs there were when z' was stored. (Buzzega et al. store z' while a row is
    first learned; here it is the answer of the version that ended its experience.)
    """

    declared = DER
    config: DerConfig

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.answers = torch.zeros(0, 0)  # (remembered rows, outputs)
        self.answered = torch.zeros(0, 0, dtype=torch.bool)  # where a row has an answer for an output

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        super().begin_experience(model, experience)
        if self.remembered is None:
            return
        parents = predict_logits(model, self.remembered, torch.device("cpu"))[:, : experience.known_outputs]
        rounded = [tuple(round(value, DECIMALS) for value in row) for row in parents.tolist()]
        logits = [old or new for old, new in zip(self.memory.logits(), rounded, strict=True)]
        self.memory.keep_logits(logits)
        self.answers = torch.zeros(len(logits), len(experience.outputs))
        self.answered = torch.zeros(self.answers.shape, dtype=torch.bool)
        for index, values in enumerate(logits):
            self.answers[index, : len(values)] = torch.tensor(values)
            self.answered[index, : len(values)] = True

    def loss(self, model: TextNetwork, batch: Batch, criterion: Criterion) -> Tensor:
        loss = super().loss(model, batch, criterion)
        if self.remembered is None or not self._weighs():
            return loss
        places, remembered = self.draw(len(batch.targets), batch.tokens.device)
        logits = model(remembered.tokens, remembered.mask)
        answers, answered = (part[places].to(logits.device) for part in (self.answers, self.answered))
        return loss + self._rehearsed(logits, remembered.truth, distance(logits, answers, answered), criterion)

    def _weighs(self) -> bool:
        return self.config.der_alpha > 0

    def _rehearsed(self, logits: Tensor, truth: tuple[Tensor, ...], kept: Tensor, criterion: Criterion) -> Tensor:
        return self.config.der_alpha * kept


def distance(logits: Tensor, answers: Tensor, answered: Tensor) -> Tensor:
    """Mean squared difference (rows, outputs) over the entries that have an answer; 0 where none has."""
    squares = (logits - answers).square().masked_fill(~answered, 0)
    return squares.sum() / answered.sum().clamp(min=1)
