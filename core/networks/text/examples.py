"""Texts with their targets and token ids: what a strategy chooses from and the training loop reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.networks.standalone.pipeline import TextPipeline


@dataclass(frozen=True)
class Examples:
    """Texts, their targets (an array whose first axis are the texts) and token ids; all run in parallel.

    Parameters
    ----------
    groups
        The group of each row, int64 (rows), where the loss depends on that.
    """

    texts: tuple[str, ...]
    targets: np.ndarray
    ids: tuple[list[int], ...]
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | np.ndarray) -> Examples:
        """These rows, in this order; repeated ones are repeated."""
        numbers = np.asarray(rows, dtype=np.int64)
        texts = tuple(self.texts[number] for number in numbers)
        groups = None if self.groups is None else self.groups[numbers]
        return Examples(texts, self.targets[numbers], tuple(self.ids[number] for number in numbers), groups)

    def joined(self, other: Examples) -> Examples:
        """These rows followed by the other's."""
        targets = np.concatenate([self.targets, other.targets])
        both = None if self.groups is None or other.groups is None else np.concatenate([self.groups, other.groups])
        return Examples(self.texts + other.texts, targets, self.ids + other.ids, both)


def count_cut(pipeline: TextPipeline, examples: Examples) -> int:
    """How many of these texts are longer than what is read of them.

    Only texts of half that length and more are looked at: what is read may end before, with a sentence.
    """
    full = [text for text, ids in zip(examples.texts, examples.ids, strict=True) if 2 * len(ids) >= pipeline.limit]
    return sum(length > len(ids) for ids, length in zip(*pipeline.read(full), strict=True))


def encode_examples(pipeline: TextPipeline, texts: Sequence[str], targets: np.ndarray | None = None) -> Examples:
    """Tokenise texts; those without targets are only asked about."""
    known = np.zeros(len(texts), dtype=np.int64) if targets is None else np.asarray(targets)
    return Examples(tuple(texts), known, tuple(pipeline.encode(list(texts))))
