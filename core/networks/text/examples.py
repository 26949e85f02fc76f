"""Labelled texts with their token ids: what a strategy chooses from and the training loop reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.networks.standalone.predict import TextPipeline


@dataclass(frozen=True)
class Examples:
    """Texts, their labels (int64, one a text) and token ids; all three run in parallel."""

    texts: tuple[str, ...]
    labels: np.ndarray
    ids: tuple[list[int], ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | np.ndarray) -> Examples:
        """These rows, in this order; repeated ones are repeated."""
        numbers = np.asarray(rows, dtype=np.int64)
        texts = tuple(self.texts[number] for number in numbers)
        return Examples(texts, self.labels[numbers], tuple(self.ids[number] for number in numbers))

    def joined(self, other: Examples) -> Examples:
        """These rows followed by the other's."""
        labels = np.concatenate([self.labels, other.labels])
        return Examples(self.texts + other.texts, labels, self.ids + other.ids)


def encode_examples(pipeline: TextPipeline, texts: Sequence[str], labels: np.ndarray) -> Examples:
    """Tokenise labelled texts."""
    return Examples(tuple(texts), np.array(labels, dtype=np.int64), tuple(pipeline.encode(list(texts))))
