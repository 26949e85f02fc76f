"""GDumb (Prabhu, Torr & Dokania 2020, "GDumb: A Simple Approach that Questions Our Progress in Continual Learning")."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.continual.memory import Selection
from core.continual.methods.restarting import GDUMB
from core.continual.strategies.base import Experience, Strategy
from core.networks.text.examples import Examples

HELD_OUT = 0.1  # share of the memory


class GreedyDumb(Strategy):
    """Put the new rows into the memory, and train a new model from random start on the memory alone. A sanity baseline:
    a method that cannot beat it makes no use of what was learned before.

    Loss: L = mean over the memory M of −log p(y | x). The paper fills M greedily, balancing strata and never replacing
    a row by one of the same stratum; here M is chosen as the memory's own setting says, so that later rows of a stratum
    have the same chance as early ones. Herding, which needs a model that has learned, then chooses what is kept; the
    rows to learn from are drawn balanced.

    A tenth of M is held out to choose the best epoch: the new rows' own validation part knows nothing of the past, and
    nothing of the past has been learned.
    """

    declared = GDUMB

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._filled: tuple[int, Examples, Examples] | None = None  # experience, rows to learn from, rows held out

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        return self._fill(experience)[0] if len(self.memory) > 1 else experience.train

    def validation_set(self, experience: Experience) -> Examples:
        return self._fill(experience)[1] if len(self.memory) > 1 else experience.validation

    def _fill(self, experience: Experience) -> tuple[Examples, Examples]:
        """The memory as it will be once the new rows have passed, in two parts."""
        if self._filled is None or self._filled[0] != experience.number:
            selection: Selection = "balanced" if self.memory.needs_features else self.memory.selection
            memory = self.memory.resized(self.memory.capacity, seed=self.seed, selection=selection)
            self.remember(memory, experience)
            rows = experience.encode(*memory.examples())
            order = np.random.default_rng([self.seed, experience.number]).permutation(len(rows))
            held = max(1, round(HELD_OUT * len(rows)))
            self._filled = (experience.number, rows.take(order[held:]), rows.take(order[:held]))
        return self._filled[1:]
