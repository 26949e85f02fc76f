"""Steps that change what texts say, and the one that removes repetitions; a new one gets its line in `steps.STEPS`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.reading.text.mojibake import repaired
from core.data.recipe.base import Step, only_rows, with_texts
from core.data.recipe.personal import PERSONAL_KINDS, PLACEHOLDERS, PersonalKind, redacted

__all__ = ["DropRepeats", "Redact", "RepairText"]


class Redact(Step):
    """Personal data is replaced by placeholders such as ``[EMAIL]``."""

    kind: ClassVar[str] = "redact"
    kinds: tuple[PersonalKind, ...] = PERSONAL_KINDS

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        return _changed(dataset, [redacted(text, self.kinds) for text in dataset.texts])

    def sentence(self) -> Message:
        signs = list(dict.fromkeys(PLACEHOLDERS[kind] for kind in self.kinds))
        return message("recipe.redact", "Personal data replaced by {signs}.", signs=signs)


class RepairText(Step):
    """Texts that were read in the wrong encoding are read again in the right one."""

    kind: ClassVar[str] = "repair_text"

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        return _changed(dataset, [repaired(text) for text in dataset.texts])

    def sentence(self) -> Message:
        return message("recipe.repair_text", "Texts read in the wrong encoding repaired.")


class DropRepeats(Step):
    """Of rows with the same text and label in the same part, only the first stays.

    Texts under several labels, and texts in several parts, are not repetitions: other steps are for them.
    """

    kind: ClassVar[str] = "drop_repeats"

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        seen: set[tuple[str, int, str]] = set()
        keep = []
        for row, text in enumerate(dataset.texts):
            same = (text_key(text), int(dataset.labels[row]), dataset.splits[row] if dataset.splits else "")
            if same not in seen:
                seen.add(same)
                keep.append(row)
        removed = len(dataset) - len(keep)
        return (only_rows(dataset, np.array(keep, dtype=np.int64)) if removed else dataset), removed

    def sentence(self) -> Message:
        return message("recipe.drop_repeats", "Repetitions of a text with the same label removed; the first stays.")


def _changed(dataset: TextDataset, texts: list[str]) -> tuple[TextDataset, int]:
    count = sum(old != new for old, new in zip(dataset.texts, texts, strict=True))
    return (with_texts(dataset, texts) if count else dataset), count
