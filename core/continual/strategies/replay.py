"""Experience replay (Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning")."""

from __future__ import annotations

import numpy as np

from core.continual.methods.rehearsing import REPLAY, ReplayConfig
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.text.examples import Examples


class Replay(Strategy):
    """Mix remembered rows of earlier experiences into every epoch, drawn afresh each time.

    Loss: L = mean over the union of new rows B and replayed rows M' of −log p(y | x), with |M'| = ratio · |B|,
    M' drawn from the memory M without repeating a row before all have been used. Lower layers can be frozen from the
    second experience on; the head never is.

    The best epoch is chosen on the batch's own validation rows: remembered rows were learned before, so they would
    score near 1 in every epoch and hide what the new rows say.
    """

    declared = REPLAY
    config: ReplayConfig
    _read: tuple[Experience, Examples] | None = None  # the memory as tokens, which need not be made again each epoch

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        if experience.number > 1:
            for layer in model.layers_from_bottom()[: self.config.frozen_layers]:
                for parameter in layer:
                    parameter.requires_grad_(False)

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        if self._read is None or self._read[0] is not experience:
            self._read = (experience, experience.encode(*self.memory.examples()))
        remembered = self._read[1]
        wanted = round(self.config.replay_ratio * len(experience.train))
        if not len(remembered) or not wanted:
            return experience.train
        generator = np.random.default_rng([self.seed, experience.number, epoch])
        rounds = -(-wanted // len(remembered))
        drawn = np.concatenate([generator.permutation(len(remembered)) for _ in range(rounds)])[:wanted]
        return experience.train.joined(remembered.take(drawn))

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        model.requires_grad_(True)
        self._read = None
        super().end_experience(model, experience)
