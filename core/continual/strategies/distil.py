"""Distillation with remembered rows (Rebuffi et al. 2017, "iCaRL", without nearest means; Monaikul et al. 2021 for entities)."""

from __future__ import annotations

from dataclasses import replace

from core.continual.methods.rehearsing import DISTIL, DistilConfig
from core.continual.strategies.base import Experience
from core.continual.strategies.lwf import LearningWithoutForgetting
from core.continual.strategies.replay import Replay
from core.networks.encoders.base import TextNetwork
from core.networks.text.examples import Examples


class Distillation(LearningWithoutForgetting, Replay):
    """Keep close to the answers of the version before, for new rows and for remembered ones beside them.

    Loss: that of learning without forgetting, on the union of new rows and replayed ones. What targets leave open, the version
    before says: of new rows all that is known, of remembered ones whatever was learned since.
    """

    declared = DISTIL
    config: DistilConfig

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        LearningWithoutForgetting.begin_experience(self, model, experience)
        Replay.begin_experience(self, model, experience)
        self._own: tuple[Experience, Experience] | None = None
        if self._teacher is None:
            return
        task, known = experience.task, experience.known_outputs
        own = replace(experience, train=task.left_open(experience.train, known, later=False))
        self._own = experience, own
        self._read = own, task.left_open(experience.encode(*self.memory.examples()), 1, later=True)

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        own = self._own[1] if self._own is not None and self._own[0] is experience else experience
        return Replay.training_set(self, own, epoch)

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._own = None
        super().end_experience(model, experience)
