"""Labelling by hand, text after text: what is to be labelled, and every answer, kept so that nothing is lost.

A session is a folder: ``session.json`` and ``rows.parquet`` are written once, ``answers.jsonl`` only grows, one line an
answer, on the disk before the next text is shown. Undoing is a line, too. Whoever opens the session again finds it as it was
left; a line that was cut short when the machine died is not counted.

Knows nothing of classifiers: in which order the texts come is decided elsewhere.
"""

from __future__ import annotations

import builtins
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas
from filelock import FileLock

from core.base import files
from core.base.errors import DataError
from core.base.files import parse_json, read_json
from core.data.dataset.label_sets import labels_of, target_of
from core.data.dataset.same_text import text_key
from core.data.spans import targets
from core.data.spans.targets import Span, spans_of

SESSION, ROWS, ANSWERS = "session.json", "rows.parquet", "answers.jsonl"
ERRORS_FIRST = "errors"  # the order of a session that looks at the labels of a frozen test again
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")

ENOUGH = 10  # texts of each of two labels, from which on a first training is worth its time
ENOUGH_MARKED = 20  # texts with an entity, where these are marked

SessionKind = Literal["dataset", "texts"]


@dataclass(frozen=True)
class Item:
    """One text to be labelled.

    Parameters
    ----------
    given
        The label that it has; empty for a text without.
    suggested
        What a classifier says; empty when none was asked.
    doubt
        How doubtful the order took it to be, 0 to 1, higher is earlier; None for a random order.
    """

    text: str
    given: str = ""
    suggested: str = ""
    doubt: float | None = None


@dataclass(frozen=True)
class SessionInfo:
    """What is known of a session without reading its rows.

    Parameters
    ----------
    kind
        ``"dataset"``: labels of a saved dataset are looked at again; ``"texts"``: texts without labels get some.
    labels
        Those that it began with, perhaps none; `Standing.labels_of` adds those that came up on the way.
    dataset
        Id of the dataset; empty for texts.
    several
        Whether a text may get several labels, or none: an answer is then a target as `core.data.dataset.label_sets` writes it.
    spans
        Whether entities are marked: an answer is then a target as `core.data.spans.targets` writes it, and labels are types.
    """

    id: str
    kind: SessionKind
    name: str
    labels: tuple[str, ...]
    order: str
    rows: int
    created: str
    dataset: str = ""
    source: dict[str, Any] | None = None
    several: bool = False
    spans: bool = False

    def names_in(self, answer: str) -> tuple[str, ...]:
        """The labels that an answer holds: of entities the type of each."""
        if self.spans:
            return tuple(span.type for span in spans_of(answer))
        return labels_of(answer) if self.several else (answer,)

    def answer_of(self, answer: str, names: Sequence[str]) -> str:
        """The same answer with other names, in the order of `names_in`."""
        if self.spans:
            pairs = zip(spans_of(answer), names, strict=True)
            return targets.target_of(Span(span.start, span.end, name) for span, name in pairs)
        return target_of(names) if self.several else names[0]


@dataclass(frozen=True)
class Standing:
    """Where a session stands.

    Parameters
    ----------
    answers
        Position of a text → the label that it got, or None where it was skipped; in the order they were given.
    """

    answers: dict[int, str | None]

    @property
    def labelled(self) -> dict[int, str]:
        """Positions that have a label now."""
        return {position: label for position, label in self.answers.items() if label is not None}

    def waiting(self, rows: int) -> Iterable[int]:
        """Positions that were not looked at yet, in order."""
        return (position for position in range(rows) if position not in self.answers)

    def labels_of(self, info: SessionInfo) -> tuple[str, ...]:
        """The labels to choose from: those that the session began with, then those that were given first on the way."""
        given = (name for answer in self.labelled.values() for name in info.names_in(answer))
        return tuple(dict.fromkeys([*info.labels, *given]))

    def counts_of(self, info: SessionInfo) -> dict[str, int]:
        """How many texts have each label now."""
        return dict(Counter(name for answer in self.labelled.values() for name in info.names_in(answer)))


def more_to_train(counts: Mapping[str, int]) -> int:
    """How many more texts have to get a label until two labels have `ENOUGH` each."""
    first, second, *_ = [*sorted(counts.values(), reverse=True), 0, 0]
    return max(0, ENOUGH - first) + max(0, ENOUGH - second)


def more_to_mark(answers: Iterable[str]) -> int:
    """How many more texts with an entity it takes until there are `ENOUGH_MARKED`."""
    return max(0, ENOUGH_MARKED - sum(bool(spans_of(answer)) for answer in answers))


class LabellingStore:
    """The labelling sessions of one workspace."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / "labelling"

    def begin(
        self,
        items: Sequence[Item],
        *,
        kind: SessionKind,
        name: str,
        labels: Sequence[str],
        order: str,
        dataset: str = "",
        source: dict[str, Any] | None = None,
        several: bool = False,
        spans: bool = False,
    ) -> SessionInfo:
        """Start a session; texts that are the same but for case and spaces are asked for once, at their first position.

        Raises
        ------
        DataError
            When there is nothing to label.
        """
        asked = _once(items)
        names = tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
        if not asked:
            raise DataError("labelling.no_texts", "There is no text to label. Choose another column or dataset.")
        now = datetime.now(UTC)
        info = SessionInfo(
            id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            kind=kind,
            name=name,
            labels=names,
            order=order,
            rows=len(asked),
            created=now.isoformat(timespec="seconds"),
            dataset=dataset,
            source=source,
            several=several,
            spans=spans,
        )
        self._write(info, asked)
        return info

    def list(self) -> builtins.list[SessionInfo]:
        """All sessions that can be read, newest first."""
        for path in self._folder.glob(".outgoing-*"):  # a process may have died while it forgot texts
            name = path.name.removeprefix(".outgoing-")
            if _ID.fullmatch(name):
                files.put_back(self._folder / name)
        sessions = []
        for path in self._folder.glob("[!.]*"):
            with suppress(DataError):
                sessions.append(self.info(path.name))
        return sorted(sessions, key=lambda session: session.id, reverse=True)

    def info(self, identity: str) -> SessionInfo:
        """What is known of a session; `DataError` when there is none of this id."""
        try:
            stored = read_json(self._folder_of(identity) / SESSION)
            return SessionInfo(**{**stored, "labels": tuple(stored["labels"])})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise _unknown(identity) from None

    def of_test(self, dataset: str) -> builtins.list[SessionInfo]:
        """Sessions that look at labels of frozen tests from this dataset again, newest first."""
        return [info for info in self.list() if info.order == ERRORS_FIRST and info.dataset == dataset]

    def items(self, identity: str) -> builtins.list[Item]:
        """The texts, in the order in which they are asked for."""
        try:
            table = pandas.read_parquet(self._folder_of(identity) / ROWS)
        except (OSError, ValueError):
            raise _unknown(identity) from None
        doubts = [None if pandas.isna(value) else float(value) for value in table["doubt"]]
        columns = (table["text"], table["given"], table["suggested"], doubts)
        return [Item(*row) for row in zip(*columns, strict=True)]

    def standing(self, identity: str) -> Standing:
        """All answers that count, after what was undone."""
        info = self.info(identity)
        path = self._folder_of(identity) / ANSWERS
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        given: builtins.list[tuple[int, str | None]] = []
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                entry = parse_json(line)
                if entry.get("undo"):
                    given = given[:-1]
                elif 0 <= int(entry["place"]) < info.rows:
                    given.append((int(entry["place"]), entry["label"]))
        answers: dict[int, str | None] = {}
        for position, label in given:
            answers.pop(position, None)  # the latest answer stands, at its own time
            answers[position] = label
        return Standing(answers)

    def answer(self, identity: str, position: int, label: str | None, *, new: bool = False) -> None:
        """Keep an answer; None skips the text.

        Parameters
        ----------
        new
            Whether a label that the session does not have is added to it; one that differs from another only in case or
            spaces is taken for that one.

        Raises
        ------
        DataError
            When the session has no such text or label.
        """
        info = self.info(identity)
        meant = None if label is None else self._meant(info, label, new=new)
        if not 0 <= position < info.rows or (label is not None and meant is None):
            raise DataError(
                "labelling.not_asked",
                "This session has no text number {place} or no label '{label}'. Its labels are: {labels}.",
                place=position + 1,
                label=label or "–",
                labels=list(info.labels),
            )
        self._append(identity, {"place": position, "label": meant})

    def _meant(self, info: SessionInfo, label: str, *, new: bool) -> str | None:
        """The answer as it is kept; None where it holds a label that may not be given."""
        known = set(info.labels)
        asked = info.names_in(label)
        if not set(asked) <= known:
            names = self.standing(info.id).labels_of(info)
            known, alike = set(names), {name.casefold(): name for name in reversed(names)}
            tidy = [name if name in known else " ".join(name.split()) for name in asked]
            asked = tuple(alike.get(name.casefold(), name) if name not in known else name for name in tidy)
        if not all(asked) or not (new or set(asked) <= known):
            return None
        return info.answer_of(label, asked)

    def undo(self, identity: str) -> None:
        """Take back the latest answer that still counts; nothing happens when there is none."""
        if self.standing(identity).answers:
            self._append(identity, {"undo": True})

    def delete(self, identity: str) -> None:
        """Remove a session with its answers; one that is gone already is no error."""
        folder = self._folder_of(identity)
        if folder.exists():
            files.remove_folder(folder)

    def forget(self, is_wanted: Callable[[str], bool]) -> int:
        """Take every text away for which ``is_wanted`` says yes, with what was answered; returns how many there were.

        A session that is left without a text is removed. A killed process leaves each session as it was, or without them.
        """
        count = 0
        for info in self.list():
            with FileLock(self._folder / f".{info.id}.lock"):
                items, answers = self.items(info.id), self.standing(info.id).answers
                kept = [position for position, item in enumerate(items) if not is_wanted(item.text)]
                if len(kept) == len(items):
                    continue
                count += len(items) - len(kept)
                if not kept:
                    self.delete(info.id)
                    continue
                numbers = {old: new for new, old in enumerate(kept)}
                given = [(numbers[position], label) for position, label in answers.items() if position in numbers]
                self._write(replace(info, rows=len(kept)), [items[position] for position in kept], given)
        return count

    def _write(
        self, info: SessionInfo, items: Sequence[Item], given: Sequence[tuple[int, str | None]] | None = None
    ) -> None:
        """The folder appears whole, by its name; with answers (position and label), it takes the place of the old one."""
        frame = pandas.DataFrame([asdict(item) for item in items])
        frame["doubt"] = frame["doubt"].astype("float64")
        with files.incoming_folder(self._folder) as incoming:
            frame.to_parquet(incoming / ROWS, index=False)
            (incoming / SESSION).write_text(json.dumps(asdict(info), ensure_ascii=False), encoding="utf-8")
            if given is None:
                files.place(incoming, self._folder / info.id)
                return
            lines = (json.dumps({"place": position, "label": label}, ensure_ascii=False) for position, label in given)
            (incoming / ANSWERS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            files.swap(incoming, self._folder / info.id)

    def _append(self, identity: str, entry: dict[str, Any]) -> None:
        with FileLock(self._folder / f".{identity}.lock"):
            files.append_lines(self._folder_of(identity) / ANSWERS, [entry])

    def _folder_of(self, identity: str) -> Path:
        # An id comes from links: only what one can look like may become part of a path.
        if not _ID.fullmatch(identity):
            raise _unknown(identity)
        return self._folder / identity


def _once(items: Sequence[Item]) -> list[Item]:
    seen: set[str] = set()
    kept = []
    for item in items:
        key = text_key(item.text)
        if key and key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _unknown(identity: str) -> DataError:
    return DataError(
        "labelling.unknown",
        "There is no labelling session '{session}'. It may have been deleted; choose one from the list.",
        session=identity,
    )
