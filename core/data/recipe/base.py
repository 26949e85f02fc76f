"""What every step of a recipe is: settings that can be stored, and a pure function on a dataset."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from core.base.config import Config
from core.base.errors import DataError
from core.base.messages import Message
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key


class Step(Config):
    """One change of a dataset; frozen, and stored by its fields.

    A step must do the same again on a batch that comes later, and nothing where what it names does not occur. It names
    texts by `text_mark`, so that no text is stored outside of datasets.
    """

    kind: ClassVar[str]

    @abstractmethod
    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        """The dataset after this step, and how many rows it changed or removed."""

    @abstractmethod
    def sentence(self) -> Message:
        """What the step does, in words."""


def text_mark(text: str) -> str:
    """16 hexadecimal digits that stand for a text in a recipe; equal for texts whose `text_key` is equal."""
    return hashlib.sha256(text_key(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def with_labels(dataset: TextDataset, names: Sequence[str]) -> TextDataset:
    """The same rows under other labels; labels keep their order, new ones follow, and those without rows are gone."""
    used = set(names)
    kept = [name for name in dataset.classes if name in used]
    classes = (*kept, *sorted(used.difference(kept)))
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[name] for name in names], dtype=np.int64)
    return TextDataset(dataset.texts, labels, classes, dataset.splits, dataset.groups, dataset.times)


def with_texts(dataset: TextDataset, texts: Sequence[str]) -> TextDataset:
    """The same rows with other texts."""
    return TextDataset(tuple(texts), dataset.labels, dataset.classes, dataset.splits, dataset.groups, dataset.times)


def only_rows(dataset: TextDataset, rows: Rows) -> TextDataset:
    """Only these rows; labels without rows are gone. `DataError` when no row is left."""
    if len(rows) == 0:
        raise DataError(
            "recipe.nothing_left",
            "After this step no row would be left of {rows:,}. Take the step out, or choose less.",
            rows=len(dataset),
        )
    kept = dataset.take(rows)
    return with_labels(kept, kept.label_names())
