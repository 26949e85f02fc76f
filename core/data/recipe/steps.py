"""The steps of a recipe; a new one is a class and its line in `STEPS`."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.reading.text.mojibake import repaired
from core.data.recipe.base import Step, only_rows, text_mark, with_labels, with_texts
from core.data.recipe.by_model import RedactEntities
from core.data.recipe.personal import PERSONAL_KINDS, PLACEHOLDERS, PersonalKind, redacted

__all__ = [
    "STEPS",
    "DropLabels",
    "DropRepeats",
    "DropTexts",
    "Redact",
    "RedactEntities",
    "RelabelTexts",
    "RenameLabels",
    "RepairText",
    "Step",
]


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
        return message("recipe.drop_repeats", "Rows that repeat an earlier one removed; the first stays.")


def _changed(dataset: TextDataset, texts: list[str]) -> tuple[TextDataset, int]:
    count = sum(old != new for old, new in zip(dataset.texts, texts, strict=True))
    return (with_texts(dataset, texts) if count else dataset), count


class RenameLabels(Step):
    """Labels get other names; several under one name are merged.

    Parameters
    ----------
    names
        Old name → new name; labels that do not occur are left out of account.
    """

    kind: ClassVar[str] = "rename_labels"
    names: dict[str, str]

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        before = dataset.label_names()
        after = [self.names.get(name, name) for name in before]
        changed = sum(old != new for old, new in zip(before, after, strict=True))
        return (with_labels(dataset, after) if changed else dataset), changed

    def sentence(self) -> Message:
        pairs = [f"{old} → {new}" for old, new in self.names.items()]
        return message("recipe.rename_labels", "Labels renamed or merged: {pairs}.", pairs=pairs)


class DropLabels(Step):
    """All rows of some labels are removed."""

    kind: ClassVar[str] = "drop_labels"
    labels: tuple[str, ...]

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        keep = np.flatnonzero([name not in self.labels for name in dataset.label_names()])
        removed = len(dataset) - len(keep)
        return (only_rows(dataset, keep) if removed else dataset), removed

    def sentence(self) -> Message:
        return message("recipe.drop_labels", "Rows with these labels removed: {labels}.", labels=list(self.labels))


class DropTexts(Step):
    """Single texts are removed.

    Parameters
    ----------
    marks
        Marks of the texts, see `text_mark`.
    keep_first
        Whether the first row of each text stays: for duplicates.
    split
        The only split whose rows are taken, where the data came divided; None: rows of all.
    """

    kind: ClassVar[str] = "drop_texts"
    marks: tuple[str, ...]
    keep_first: bool = False
    split: Literal["train", "validation", "test"] | None = None
    reason: Literal["duplicate", "contradiction", "leak", "outlier", "chosen"] = "chosen"

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        wanted, seen, keep = set(self.marks), set(), []
        for row, text in enumerate(dataset.texts):
            mark = text_mark(text)
            here = self.split is None or dataset.splits is None or dataset.splits[row] == self.split
            if mark not in wanted or not here:
                keep.append(row)
            elif self.keep_first and mark not in seen:
                seen.add(mark)
                keep.append(row)
        removed = len(dataset) - len(keep)
        return (only_rows(dataset, np.array(keep, dtype=np.int64)) if removed else dataset), removed

    def sentence(self) -> Message:
        count = len(self.marks)
        match self.reason:
            case "duplicate":
                return message("recipe.drop_duplicates", "Repetitions of {count:,} texts removed.", count=count)
            case "contradiction":
                return message(
                    "recipe.drop_contradictions", "{count:,} texts with several labels removed.", count=count
                )
            case "leak":
                return message(
                    "recipe.drop_leaks", "{count:,} texts of another split or a frozen test removed.", count=count
                )
            case "outlier":
                return message("recipe.drop_outliers", "{count:,} texts unlike all others removed.", count=count)
            case _:
                return message("recipe.drop_texts", "{count:,} texts removed.", count=count)


class RelabelTexts(Step):
    """Single texts get another label.

    Parameters
    ----------
    labels
        Mark of the text (see `text_mark`) → label; the same text gets it wherever it occurs.
    """

    kind: ClassVar[str] = "relabel_texts"
    labels: dict[str, str]

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        before = dataset.label_names()
        marks = [text_mark(text) for text in dataset.texts]
        after = [self.labels.get(mark, name) for mark, name in zip(marks, before, strict=True)]
        changed = sum(old != new for old, new in zip(before, after, strict=True))
        return (with_labels(dataset, after) if changed else dataset), changed

    def sentence(self) -> Message:
        return message("recipe.relabel_texts", "{count:,} texts got another label.", count=len(self.labels))


STEPS: dict[str, type[Step]] = {
    step.kind: step
    for step in (RenameLabels, DropLabels, DropTexts, RelabelTexts, DropRepeats, RepairText, Redact, RedactEntities)
}
