"""Self-training (Yarowsky 1995; Lee 2013) for rows whose targets leave open what the version before knows.

References
----------
N. Monaikul et al. (2021), "Continual Learning for Named Entity Recognition" (ExtendNER). D. Zhang et al. (2023), "Continual Named
Entity Recognition without Catastrophic Forgetting" (CPFD).
"""

from __future__ import annotations

from dataclasses import replace

from core.continual.methods.rehearsing import SELF_TRAINING, SelfTrainingConfig
from core.continual.strategies.base import Experience
from core.continual.strategies.replay import Replay
from core.networks.encoders.base import TextNetwork
from core.networks.text.examples import Examples


class SelfTraining(Replay):
    """What the new rows leave open is filled with what the version before says of them, where it is sure enough: a batch in which
    only new types are marked then teaches the old ones, too. Remembered rows are filled alike, and rehearsed as in replay.

    Loss: that of fine-tuning, on rows whose open places carry argmax p(y | x) of the version before.
    """

    declared = SELF_TRAINING
    config: SelfTrainingConfig
    _filled: tuple[Experience, Experience] | None = None  # an experience, and the same with what it left open

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        super().begin_experience(model, experience)
        self._filled = None
        if not experience.known_outputs:
            return

        def filled(examples: Examples) -> Examples:
            return experience.task.filled(
                model, examples, experience.outputs, experience.known_outputs, self.config.least_probability
            )

        own = replace(experience, train=filled(experience.train), validation=filled(experience.validation))
        self._filled = experience, own
        self._read = own, filled(experience.encode(*self.memory.examples()))

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        return super().training_set(self._own(experience), epoch)

    def validation_set(self, experience: Experience) -> Examples:
        return self._own(experience).validation

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        self._filled = None
        super().end_experience(model, experience)

    def _own(self, experience: Experience) -> Experience:
        return self._filled[1] if self._filled is not None and self._filled[0] is experience else experience
