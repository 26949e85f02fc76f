"""DER++ (Buzzega et al. 2020, "Dark Experience for General Continual Learning")."""

from __future__ import annotations

from torch import Tensor

from core.continual.methods.rehearsing import DERPP, DerppConfig
from core.continual.strategies.der import DarkExperienceReplay
from core.tasks.base import Criterion


class DarkExperienceReplayPlusPlus(DarkExperienceReplay):
    """Dark experience replay that also learns the targets of the remembered rows: an old answer may have been wrong.

    Loss: L = −log p(y | x) + α mean (f(x') − z')² − β log p(y' | x'), both with the same remembered rows x' (the paper
    draws twice; once costs a third less and has the same expectation).
    """

    declared = DERPP
    config: DerppConfig

    def _weighs(self) -> bool:
        return self.config.der_alpha > 0 or self.config.der_beta > 0

    def _rehearsed(self, logits: Tensor, truth: tuple[Tensor, ...], kept: Tensor, criterion: Criterion) -> Tensor:
        learned = criterion(logits, *truth)
        return super()._rehearsed(logits, truth, kept, criterion) + self.config.der_beta * learned
