"""Experience replay (Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning")."""

from __future__ import annotations

import numpy as np

from core.config import setting
from core.strategies.base import Experience, Strategy, StrategyConfig
from core.text.examples import Examples

VALIDATION_EVERY = 10  # each tenth remembered row helps to choose the best epoch instead of being learned again


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
    """

    name = "replay"
    config_class = ReplayConfig
    config: ReplayConfig

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        remembered, _ = self._remembered(experience)
        wanted = round(self.config.replay_ratio * len(experience.train))
        if not len(remembered) or not wanted:
            return experience.train
        generator = np.random.default_rng([self.seed, experience.number, epoch])
        rounds = -(-wanted // len(remembered))
        drawn = np.concatenate([generator.permutation(len(remembered)) for _ in range(rounds)])[:wanted]
        return experience.train.joined(remembered.take(drawn))

    def validation_set(self, experience: Experience) -> Examples:
        _, remembered = self._remembered(experience)
        return experience.validation.joined(remembered) if self.config.replay_ratio else experience.validation

    def _remembered(self, experience: Experience) -> tuple[Examples, Examples]:
        """Remembered rows to learn from, and those to validate with."""
        examples = experience.encode(*self.memory.examples())
        rows = np.arange(len(examples))
        validate = rows % VALIDATION_EVERY == VALIDATION_EVERY - 1
        return examples.take(rows[~validate]), examples.take(rows[validate])
