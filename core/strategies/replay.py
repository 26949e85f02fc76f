"""Experience replay (Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning")."""

from __future__ import annotations

import numpy as np

from core.config import setting
from core.strategies.base import Experience, Strategy, StrategyConfig
from core.text.examples import Examples


class ReplayConfig(StrategyConfig):
    """How much of the past is rehearsed."""

    replay_ratio: float = setting(
        1.0,
        label="Remembered rows per new row",
        help="1 means that half of what the update reads is from the memory. "
        "More forgets less and learns the new more slowly.",
        bounds=(0.0, 4.0),
        step=0.25,
        group="strategy",
    )


class Replay(Strategy):
    """Mix remembered rows of earlier experiences into every epoch, drawn afresh each time.

    Loss: L = mean over the union of new rows B and replayed rows M' of −log p(y | x), with |M'| = ratio · |B|,
    M' drawn from the class-balanced memory M without repeating a row before all have been used.

    The best epoch is chosen on the batch's own validation rows: remembered rows were learned before, so they would
    score near 1 in every epoch and hide what the new rows say.
    """

    name = "replay"
    config_class = ReplayConfig
    config: ReplayConfig

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        remembered = experience.encode(*self.memory.examples())
        wanted = round(self.config.replay_ratio * len(experience.train))
        if not len(remembered) or not wanted:
            return experience.train
        generator = np.random.default_rng([self.seed, experience.number, epoch])
        rounds = -(-wanted // len(remembered))
        drawn = np.concatenate([generator.permutation(len(remembered)) for _ in range(rounds)])[:wanted]
        return experience.train.joined(remembered.take(drawn))
