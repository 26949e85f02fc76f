"""Rows that a reader put right on the Predict page: they wait here until they are learned.

A handful is no batch of its own, since some rows of a batch are kept to validate and to test. So corrections can join any
batch, where all of them are learned from, or wait until there are enough.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from core.data.dataset import Rows, TextDataset
from core.data.same_text import text_key
from core.files import parse_json, write_text

ENOUGH = 10  # rows of one label: fewer leave a frozen test of one row, which says nothing
JOINED = "corrections_joined"  # in a dataset's source: how many of its last rows are corrections


@dataclass(frozen=True)
class Correction:
    """One text with the label it should have had; ``predicted`` by ``version`` is what it got."""

    text: str
    label: str
    predicted: str
    version: int
    created: str


class Corrections:
    """The queues of one workspace: a file of JSON lines per classifier, only ever appended to or replaced whole."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "corrections"

    def add(self, classifier: str, text: str, label: str, *, predicted: str, version: int) -> None:
        """Put a row into the queue; the same text again replaces its label."""
        text, label = (value.encode("utf-8", "replace").decode("utf-8") for value in (text, label))  # half characters
        created = datetime.now(UTC).isoformat(timespec="seconds")
        fresh = Correction(text, label, predicted, version, created)
        with self._lock(classifier):
            kept = [one for one in self.list(classifier) if one.text != text]
            self._write(classifier, [*kept, fresh])

    def list(self, classifier: str) -> builtins.list[Correction]:
        """All waiting rows, oldest first."""
        path = self._path(classifier)
        if not path.exists():
            return []
        return [Correction(**parse_json(line)) for line in path.read_text("utf-8").split("\n") if line]

    def remove(self, classifier: str, texts: set[str]) -> None:
        """Take rows out of the queue: they were used, or should not have been there."""
        with self._lock(classifier):
            self._write(classifier, [one for one in self.list(classifier) if one.text not in texts])

    def _write(self, classifier: str, rows: builtins.list[Correction]) -> None:
        path = self._path(classifier)
        write_text(path, "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows))

    def _lock(self, classifier: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path(classifier).with_suffix(".lock"))

    def _path(self, classifier: str) -> Path:
        # A name may hold anything; its hash is a safe file name.
        return self._folder / f"{hashlib.sha256(classifier.encode()).hexdigest()[:16]}.jsonl"


def lacking(corrections: Sequence[Correction]) -> dict[str, int]:
    """How many more rows of each label that occurs would let these corrections be learned by themselves.

    Empty where there are enough: `ENOUGH` rows of one label, different ones, since a queue holds each text once.
    """
    counts = Counter(correction.label for correction in corrections)
    if not counts or max(counts.values()) >= ENOUGH:
        return {}
    return {label: ENOUGH - count for label, count in counts.most_common()}


def join_corrections(batch: TextDataset, corrections: Sequence[Correction]) -> TextDataset:
    """The batch with the corrections as its last rows; one that says the same text otherwise takes the row's place."""
    if not corrections:
        return batch
    corrected = {text_key(correction.text) for correction in corrections}
    kept = batch.take([row for row, text in enumerate(batch.texts) if text_key(text) not in corrected])
    classes = (*batch.classes, *sorted({correction.label for correction in corrections} - set(batch.classes)))
    number = {label: position for position, label in enumerate(classes)}
    added = [number[correction.label] for correction in corrections]

    def lengthened(column: tuple[str, ...] | None, value: str) -> tuple[str, ...] | None:
        return None if column is None else (*column, *[value] * len(corrections))

    return TextDataset(
        texts=(*kept.texts, *(correction.text for correction in corrections)),
        labels=np.concatenate([kept.labels, np.array(added, dtype=np.int64)]),
        classes=classes,
        splits=lengthened(kept.splits, "train"),
        groups=lengthened(kept.groups, ""),
        times=lengthened(kept.times, ""),
    )


def joined_rows(source: Mapping[str, Any], rows: int) -> Rows:
    """Which rows of a dataset with this source are corrections that joined it: to be learned, never to be tested on."""
    count = min(int(source.get(JOINED, 0)), rows)
    return np.arange(rows - count, rows, dtype=np.int64)
