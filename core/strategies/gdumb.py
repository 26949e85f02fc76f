"""GDumb (Prabhu, Torr & Dokania 2020, "GDumb: A Simple Approach that Questions Our Progress in Continual Learning")."""

from __future__ import annotations

from typing import Any

from core.strategies.base import Experience, Strategy
from core.strategies.memory import Selection
from core.text.examples import Examples


class GreedyDumb(Strategy):
    """Put the new rows into the memory, and train a new model from random start on the memory alone. A sanity baseline:
    a method that cannot beat it makes no use of what was learned before.

    Loss: L = mean over the memory M of −log p(y | x). The paper fills M greedily, balancing labels and never replacing
    a row by one of the same label; here M is chosen as the memory's own setting says, so that later rows of a label
    have the same chance as early ones. Herding, which needs a model that has learned, then chooses what is kept; the
    rows to learn from are drawn balanced.
    """

    name = "gdumb"
    starts_fresh = True
    rehearses = True

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._filled: tuple[int, Examples] | None = None  # experience, and the memory with its rows

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        if not len(self.memory):
            return experience.train
        if self._filled is None or self._filled[0] != experience.number:
            self._filled = (experience.number, self._fill(experience))
        return self._filled[1]

    def _fill(self, experience: Experience) -> Examples:
        """The memory as it will be once the new rows have passed."""
        selection: Selection = "balanced" if self.memory.needs_features else self.memory.selection
        memory = self.memory.resized(self.memory.capacity, seed=self.seed, selection=selection)
        names = [experience.classes[label] for label in experience.train.labels]
        memory.observe(experience.train.texts, names, experience=experience.number, seed=self.seed)
        return experience.encode(*memory.examples())
