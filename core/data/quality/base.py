"""What a finder looks at, and what it says: the same for all of them.

A finder is a generator: it yields how far it is (a float from 0 to 1), so that whoever runs it can show that or end it,
and its findings. It never changes the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from core.base.messages import Message
from core.data.dataset.language import Language, language_of
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import Keys, key_numbers, text_key
from core.data.loading.entity_survey import Survey, survey
from core.data.loading.label_notes import merges_of
from core.data.recipe import (
    DropLabels,
    DropRepeats,
    DropTexts,
    Redact,
    RedactEntities,
    RelabelTexts,
    RenameLabels,
    RepairText,
    Step,
    read_steps,
    text_mark,
    write_steps,
)

if TYPE_CHECKING:
    from core.data.quality.nearness import Nearness
    from core.data.quality.quick_model import OutOfSample

Severity = Literal["info", "warning", "error"]
FINDING_ROWS = 1000  # rows listed with a finding
CHUNK = 20_000  # rows between two signs of life
# Steps that name texts by their digest come before those that change texts; repetitions may appear by a repair.
_ORDER: tuple[type[Step], ...] = (
    RenameLabels,
    DropLabels,
    RelabelTexts,
    DropTexts,
    RepairText,
    DropRepeats,
    Redact,
    RedactEntities,  # behind patterns, whose placeholders it leaves alone
)


@dataclass(frozen=True)
class Fix:
    """One way to put a finding right: steps of a recipe, ready to be carried out."""

    name: str
    sentence: Message
    steps: tuple[Step, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "sentence": self.sentence.to_dict(), "steps": write_steps(self.steps)}

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Fix:
        return Fix(stored["name"], Message.from_dict(stored["sentence"]), tuple(read_steps(stored["steps"])))


@dataclass(frozen=True)
class Finding:
    """Something that is, or may be, wrong with a dataset.

    Parameters
    ----------
    count
        How many rows, texts or labels it concerns, as the sentence says.
    rows
        Rows of the dataset behind it, the most telling first; at most `FINDING_ROWS`.
    notes
        What is to be said of each of those rows, or none.
    fixes
        Ready-made ways to put it right; none where only a person can.
    seen
        How many rows were looked at; None: all.
    """

    kind: str
    severity: Severity
    count: int
    sentence: Message
    advice: Message
    rows: tuple[int, ...] = ()
    notes: tuple[Message, ...] = ()
    fixes: tuple[Fix, ...] = ()
    seen: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; no text of the dataset is among them."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "count": self.count,
            "sentence": self.sentence.to_dict(),
            "advice": self.advice.to_dict(),
            "rows": list(self.rows),
            "notes": [note.to_dict() for note in self.notes],
            "fixes": [fix.to_dict() for fix in self.fixes],
            "seen": self.seen,
        }

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Finding:
        return Finding(
            stored["kind"],
            stored["severity"],
            stored["count"],
            Message.from_dict(stored["sentence"]),
            Message.from_dict(stored["advice"]),
            tuple(stored["rows"]),
            tuple(Message.from_dict(note) for note in stored["notes"]),
            tuple(Fix.from_dict(fix) for fix in stored["fixes"]),
            stored["seen"],
        )


@dataclass(frozen=True)
class FrozenTexts:
    """The frozen tests of a classifier that is already in use: none of their texts may be trained on."""

    classifier: str
    texts: tuple[str, ...]


@dataclass
class Inspected:
    """A dataset, with what several finders need of it worked out once.

    Parameters
    ----------
    dataset
        The dataset, with labels merged that are probably spellings of one: a label in capitals is not a wrong label.
    seed
        The seed of samples and folds: the same seed gives the same findings.
    vectors
        Rows, ascending, and what a pretrained encoder makes of their texts, float32 (rows, width); the quick model then
        judges these rows, and better.
    entities
        The target of each row in whose text entities are marked; empty where rows have labels or nothing.
    """

    dataset: TextDataset
    frozen: Sequence[FrozenTexts] = ()
    seed: int = 0
    vectors: tuple[Rows, npt.NDArray[np.float32]] | None = None
    entities: Sequence[str] = ()
    as_written: TextDataset = field(init=False)
    # What takes long is there once a finder has asked for it.
    nearness: Nearness | None = field(default=None, init=False)
    model: OutOfSample | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.as_written = self.dataset
        merges = merges_of(self.dataset)
        if merges:
            self.dataset, _ = RenameLabels(names=merges).apply(self.dataset)

    @cached_property
    def keys(self) -> Keys:
        """64 bits that stand for the `text_key` of each row; uint64 (rows,)."""
        return key_numbers(self.dataset.texts, text_key)

    @cached_property
    def survey(self) -> Survey:
        """What is marked in the texts."""
        return survey(self.dataset.texts if self.entities else (), self.entities)

    @cached_property
    def language(self) -> Language:
        return language_of(self.dataset.texts)

    def sample(self, most: int) -> Rows:
        """Row numbers, ascending: all, or so many drawn at random."""
        rows = len(self.dataset)
        if rows <= most:
            return np.arange(rows, dtype=np.int64)
        drawn = np.random.default_rng(self.seed).choice(rows, most, replace=False)
        return np.sort(drawn).astype(np.int64)


Finder = Callable[[Inspected], Iterator["Finding | float"]]


def capped(rows: Rows | Sequence[int]) -> tuple[int, ...]:
    """As many rows as a finding lists."""
    return tuple(int(row) for row in rows[:FINDING_ROWS])


def drop(
    inspected: Inspected, rows: Rows | Sequence[int], reason: Literal["contradiction", "leak", "outlier", "chosen"]
) -> DropTexts:
    """The step that removes these rows' texts, wherever they occur."""
    return DropTexts(marks=marks_of(inspected, rows), reason=reason)


def marks_of(inspected: Inspected, rows: Rows | Sequence[int]) -> tuple[str, ...]:
    """How a recipe names these rows' texts, each once."""
    return tuple(dict.fromkeys(text_mark(inspected.dataset.texts[int(row)]) for row in rows))


def steps_of(fixes: Iterable[Fix]) -> list[Step]:
    """The steps of all fixes, each once, in an order in which every one still finds what it names."""
    steps: list[Step] = []
    for step in (step for fix in fixes for step in fix.steps):
        if step not in steps:
            steps.append(step)
    return sorted(steps, key=lambda step: _ORDER.index(type(step)))
