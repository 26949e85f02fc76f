"""Rows that a reader put right on the Use page: they wait here until they are learned.

A handful is no batch of its own, since some rows of a batch are kept to validate and to test. So corrections can join any
batch, where all of them are learned from, or wait until there are enough.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from core.base import files
from core.data.dataset.label_spelling import canonical_labels
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key

ENOUGH = 10  # rows of one label: fewer leave a frozen test of one row, which says nothing
_ENDING = 64  # bytes by which a file is known again
_KINDS = ((str,), (str, str, str, int, str))  # of the fields of a removal, and of a correction
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
    """The queues of one workspace: a file of JSON lines per classifier that grows by a line with each change.

    A line holds a correction, or the text of one that is ``removed``; of one text the last line counts. A line that
    cannot be read, such as one that was cut short when the machine died, is passed over and stays in the file. Once most
    lines are out of date, the file is written anew without them. Thread-safe, and safe between processes; what was read
    is kept, so that the next look reads only what was added.
    """

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "corrections"
        self._known: dict[str, _Queue] = {}
        self._reading = threading.Lock()

    def add(self, classifier: str, text: str, label: str, *, predicted: str, version: int) -> None:
        """Put a row into the queue; the same text again replaces its label."""
        text, label = (value.encode("utf-8", "replace").decode("utf-8") for value in (text, label))  # half characters
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock(classifier):
            files.append_lines(self._path(classifier), [asdict(Correction(text, label, predicted, version, created))])
            self._compact_when_due(classifier)

    def list(self, classifier: str) -> builtins.list[Correction]:
        """All waiting rows, oldest first."""
        return [*self._queue(classifier).rows.values()]

    def count(self, classifier: str) -> int:
        """How many rows wait."""
        return len(self._queue(classifier).rows)

    def unreadable(self, classifier: str) -> int:
        """How many lines of the file cannot be read."""
        return len(self._queue(classifier).broken)

    def file(self, classifier: str) -> Path:
        """Where the queue lies, for whoever wants to look at lines that cannot be read."""
        return self._path(classifier)

    def remove(self, classifier: str, texts: Collection[str]) -> None:
        """Take rows out of the queue: they were used, or should not have been there."""
        with self._lock(classifier):
            waiting = self._queue(classifier).rows
            gone = [{"removed": text} for text in texts if text in waiting]
            if gone:
                files.append_lines(self._path(classifier), gone)
                self._compact_when_due(classifier)

    def forget(self, is_wanted: Callable[[str], bool]) -> int:
        """Take every text for which ``is_wanted`` says yes out of all queues, and off the disk; returns how many there were.

        Lines that cannot be read go too, since nobody can say that such a text is not in them.
        """
        count = 0
        for path in sorted(self._folder.glob("[!.]*.jsonl")):
            with FileLock(path.with_suffix(".lock")):
                queue = _read(path, _Queue()).whole
                kept = [row for row in queue.rows.values() if not is_wanted(row.text)]
                count += len(queue.rows) - len(kept)
                if queue.lines > len(kept):
                    _write(path, (), kept)
        return count

    def texts(self) -> Iterator[str]:
        """The texts of all rows that wait, in whichever queue."""
        for path in sorted(self._folder.glob("[!.]*.jsonl")):
            yield from _read(path, _Queue()).whole.rows

    def _queue(self, classifier: str) -> _Queue:
        with self._reading:
            queue = _read(self._path(classifier), self._known.get(classifier, _Queue()))
            self._known[classifier] = queue
        return queue.whole

    def _compact_when_due(self, classifier: str) -> None:
        """Write the file anew once most of it is out of date; what cannot be read comes first."""
        queue = self._queue(classifier)
        if queue.lines - len(queue.broken) > 2 * len(queue.rows):
            _write(self._path(classifier), queue.broken, [*queue.rows.values()])

    def _lock(self, classifier: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path(classifier).with_suffix(".lock"))

    def _path(self, classifier: str) -> Path:
        # A name may hold anything; its hash is a safe file name.
        return self._folder / f"{hashlib.sha256(classifier.encode()).hexdigest()[:16]}.jsonl"


@dataclass(frozen=True)
class _Queue:
    """What was read of a file.

    Parameters
    ----------
    rows
        Text → correction, oldest first.
    lines
        How many there are, those out of date among them.
    inode, offset
        Which file it was, and how many bytes of it these lines are.
    ending
        The last of those bytes: a file that was given the number of one that is gone has others there.
    tail
        What follows the last whole line: it was cut short, or is being written at this moment.
    """

    rows: dict[str, Correction] = field(default_factory=dict)
    broken: tuple[bytes, ...] = ()
    lines: int = 0
    inode: int = 0
    offset: int = 0
    ending: bytes = b""
    tail: bytes = b""

    @property
    def whole(self) -> _Queue:
        """The same with the tail as one more line."""
        return self.with_lines(self.tail) if self.tail else self

    def with_lines(self, added: bytes) -> _Queue:
        """The same with further lines; of one text the last one counts, at its own time."""
        rows, broken = dict(self.rows), [*self.broken]
        lines = [line for line in added.split(b"\n") if line]
        for line in lines:
            try:
                _take(json.loads(line), rows)
            except (ValueError, TypeError, AttributeError, RecursionError):
                broken.append(line)
        return replace(self, rows=rows, broken=tuple(broken), lines=self.lines + len(lines))


def _read(path: Path, known: _Queue) -> _Queue:
    """Read a file, or of one that is known only what was added."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return _Queue()
    with file:
        inode = os.fstat(file.fileno()).st_ino
        file.seek(known.offset - len(known.ending))
        if known.inode != inode or file.read(len(known.ending)) != known.ending:
            known = _Queue(inode=inode)
            file.seek(0)
        added = file.read()
    end = added.rfind(b"\n") + 1
    ending = (known.ending + added[:end])[-_ENDING:]
    queue = known.with_lines(added[:end]) if end else known
    return replace(queue, offset=known.offset + end, ending=ending, tail=added[end:])


def _take(stored: dict[str, Any], rows: dict[str, Correction]) -> None:
    """Let a line count; raises an error where it is no line of a queue."""
    if stored.keys() == {"removed"}:
        text, row = stored["removed"], None
    else:
        row = Correction(**stored)
        text = row.text
    if tuple(map(type, stored.values() if row is None else vars(row).values())) not in _KINDS:
        raise TypeError("fields of another kind")
    rows.pop(text, None)
    if row is not None:
        rows[text] = row


def _write(path: Path, broken: Collection[bytes], rows: Collection[Correction]) -> None:
    with files.writing(path) as part:
        part.write_bytes(
            b"".join([*(line + b"\n" for line in broken), *(files.json_line(asdict(row)) for row in rows)])
        )


def lacking(
    corrections: Sequence[Correction], strata: Callable[[Sequence[str]], Sequence[str]] = tuple
) -> dict[str, int]:
    """How many more rows of each label that occurs would let these corrections be learned by themselves.

    Empty where there are enough: `ENOUGH` rows of one label, different ones, since a queue holds each text once.

    Parameters
    ----------
    strata
        A function of all targets that says by what each is counted, where that is not the target itself.
    """
    counts = Counter(strata([correction.label for correction in corrections]))
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


def learned_from(batch: TextDataset, corrections: Sequence[Correction], *, version: int) -> set[str]:
    """Texts of the corrections of older versions' answers that stand, with the same label, in what a version learned from."""
    labels = list(dict.fromkeys([*batch.classes, *(correction.label for correction in corrections)]))
    meant = dict(zip(labels, canonical_labels(labels), strict=True))
    rows = {(text_key(text), meant[label]) for text, label in zip(batch.texts, batch.label_names(), strict=True)}
    return {
        correction.text
        for correction in corrections
        if correction.version < version and (text_key(correction.text), meant[correction.label]) in rows
    }
