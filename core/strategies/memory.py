"""A bounded memory of past examples (Chrysakis & Moens 2020, "Online Continual Learning from Imbalanced Data")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Kept(NamedTuple):
    """One remembered row: its text, and the experience (from 1) it came with."""

    text: str
    experience: int


@dataclass
class Memory:
    """Class-balanced reservoir: rare labels keep all their rows, frequent ones a uniform sample of theirs.

    Parameters
    ----------
    capacity
        Most rows kept, over all labels; 0 keeps no text at all.
    rows
        The kept rows of each label.
    seen
        How many rows of each label have ever passed.
    full
        Labels that were once the largest: from then on only a sample of them is kept.
    """

    capacity: int
    rows: dict[str, list[Kept]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return sum(len(kept) for kept in self.rows.values())

    def examples(self) -> tuple[list[str], list[str]]:
        """All kept texts, and their labels."""
        pairs = [(row.text, label) for label, kept in self.rows.items() for row in kept]
        return [text for text, _ in pairs], [label for _, label in pairs]

    def observe(self, texts: Sequence[str], labels: Sequence[str], *, experience: int, seed: int) -> None:
        """Pass one experience's training rows through the reservoir, in random order."""
        generator = np.random.default_rng([seed, experience])
        for row in generator.permutation(len(texts)):
            self._observe(labels[row], Kept(texts[row], experience), generator)

    def _observe(self, label: str, row: Kept, generator: np.random.Generator) -> None:
        self.seen[label] = self.seen.get(label, 0) + 1
        kept = self.rows.setdefault(label, [])
        if len(self) < self.capacity:
            kept.append(row)
            return
        if self.capacity == 0:
            return
        largest = max(self.rows, key=lambda name: len(self.rows[name]))
        self.full.add(largest)
        if label not in self.full:
            self.rows[largest].pop(int(generator.integers(len(self.rows[largest]))))
            kept.append(row)
        elif generator.random() < len(kept) / self.seen[label]:
            kept[int(generator.integers(len(kept)))] = row

    def resized(self, capacity: int, *, seed: int) -> Memory:
        """A copy for another capacity; a smaller one keeps a random part, of all labels alike."""
        rows = {label: list(kept) for label, kept in self.rows.items()}
        generator = np.random.default_rng(seed)
        for _ in range(len(self) - capacity):
            largest = max(rows, key=lambda name: len(rows[name]))
            rows[largest].pop(int(generator.integers(len(rows[largest]))))
        return Memory(capacity, rows, dict(self.seen), set(self.full))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for storage beside a version."""
        rows = {label: [list(row) for row in kept] for label, kept in self.rows.items()}
        return {"capacity": self.capacity, "rows": rows, "seen": dict(self.seen), "full": sorted(self.full)}

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Memory:
        """The inverse of `to_dict`."""
        rows = {label: [Kept(text, experience) for text, experience in kept] for label, kept in stored["rows"].items()}
        return Memory(stored["capacity"], rows, dict(stored["seen"]), set(stored["full"]))
