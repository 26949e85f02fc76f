"""The audit log: who or what did what to which model, when and why.

A file that only grows, one line of JSON an entry. Each entry holds the hash of the one before, so that whoever changes, takes out
or slips in an entry would have to make all later ones anew. The number and hash of the last one are noted in a file beside, so
that a log that was removed or cut off is told, too. Who can write both files can forge both; only the hash of the last entry,
kept where they cannot write, tells that.

References
----------
S. Haber, W. S. Stornetta (1991), "How to Time-Stamp a Digital Document".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.base import files
from core.base.audit.entries import NOTHING, Done, Entry, Verified, acting, as_lines
from core.base.errors import DataError
from core.base.messages import Message, message

FILE = "audit.jsonl"
HEAD = "audit.head.json"  # number and hash of the last entry
REASON_CHARACTERS = 500


class AuditLog:
    """The log of one workspace; several processes may write it."""

    def __init__(self, home: Path) -> None:
        self._path = Path(home) / FILE
        self._head = Path(home) / HEAD

    def add(
        self,
        did: Done,
        *,
        model: str = "",
        version: int | None = None,
        reason: str = "",
        facts: Mapping[str, Any] | None = None,
        once: str = "",
        who: str | None = None,
    ) -> None:
        """Write down what was just done; it is on the disk afterwards.

        Parameters
        ----------
        once
            What tells it from everything else, where it may be told again, as by who finishes what a killed process began.
        who
            Where that is not who acts here.
        """
        own = {**(facts or {}), **({"once": once} if once else {})}
        with self._writing():
            entries = self.entries()
            if not once or all(entry.facts.get("once") != once for entry in entries):
                self._append(entries, did, model, version, reason, own, who)

    def add_moves(self, model: str, moves: Sequence[Mapping[str, Any]], did: Done, facts: Mapping[str, Any]) -> None:
        """Write down the last move of a champion, and before it those that nobody has: of a process that was killed, and of the
        time before there was a log.

        Parameters
        ----------
        moves
            All that are known, the oldest first, as `ChampionHistory` has them.
        """
        with self._writing():
            entries = self.entries()
            known = Counter((entry.version, entry.facts.get("moved")) for entry in entries if entry.model == model)
            for move in moves:
                number, moved, reason = int(move["version"]), str(move["at"]), str(move["reason"])
                if known[number, moved]:  # there may be two within a second
                    known[number, moved] -= 1
                    continue
                own = {"moved": moved, **(facts if move is moves[-1] else {"late": True})}
                self._append(entries, did if move is moves[-1] else "promoted", model, number, reason, own)

    def entries(self) -> list[Entry]:
        """All entries, the oldest first; lines that cannot be read are passed over, `verify` tells of them."""
        return [entry for entry in self._lines() if entry is not None]

    def verify(self, last: str = "") -> Verified:
        """Look through all entries.

        Parameters
        ----------
        last
            The hash of an entry that was noted elsewhere: it has to be among them.
        """
        head = self._noted()  # read first: whoever writes an entry meanwhile notes it afterwards
        lines = list(self._lines())
        entries = [entry for entry in lines if entry is not None]
        faults = [
            message("audit.unreadable", "Line {line:,} of the audit log cannot be read.", line=number)
            for number, entry in enumerate(lines, start=1)
            if entry is None
        ]
        changed = {entry.number for entry in entries if entry.hash != entry.digest()}
        faults += [
            message("audit.changed", "Entry {number:,} was changed after it was written.", number=number)
            for number in sorted(changed)
        ]
        if entries and not _begins(entries):
            number = entries[0].number
            faults.append(message("audit.begins_late", "What stood before entry {number:,} is gone.", number=number))
        for before, entry in pairwise(entries):
            if (entry.number, entry.before) != (before.number + 1, before.hash):
                facts = {"number": entry.number, "before": before.number}
                faults.append(
                    message(
                        "audit.broken",
                        "Entry {number:,} does not follow entry {before:,}: something was taken out, slipped in or changed.",
                        **facts,
                    )
                )
        if not _holds(entries, head):
            number = entries[-1].number if entries else 0
            faults.append(_cut(number, head, str(self._head)))
        if last and last not in {entry.hash for entry in entries}:
            faults.append(
                message(
                    "audit.cut",
                    "No entry has the hash {hash}: the end of the audit log was cut off, or all of it was made anew.",
                    hash=last,
                )
            )
        return Verified(len(entries), entries[-1].hash if entries else "", tuple(faults))

    def shorten(self, until: str, reason: str) -> int:
        """Drop entries that are older than a moment (ISO 8601), all but the last one; the log says so. Returns how many.

        Raises
        ------
        DataError
            When the log is not as it was written: then nothing is dropped.
        """
        with self._writing():
            faults = self.verify().faults
            if faults:
                raise DataError(
                    "audit.not_whole",
                    "The audit log is not as it was written, so nothing is dropped from it: {fault} Keep a copy of {file}.",
                    fault=faults[0],
                    file=str(self._path),
                )
            entries = self.entries()
            moment = datetime.fromisoformat(until)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
            kept = [entry for entry in entries if datetime.fromisoformat(entry.at) >= moment] or entries[-1:]
            dropped = len(entries) - len(kept)
            if dropped:
                facts = {"dropped": dropped, "first": kept[0].number, "before": kept[0].before}
                kept.append(_next(entries, "shortened", "", None, reason, facts))
                files.write_text(self._path, as_lines(kept))
                self._note(kept[-1])
        return dropped

    def _append(
        self,
        entries: list[Entry],
        did: Done,
        model: str,
        version: int | None,
        reason: str,
        facts: Mapping[str, Any],
        who: str | None = None,
    ) -> None:
        """Add an entry to those that there are, on the disk and in the list."""
        entry = _next(entries, did, model, version, reason, facts, who)
        # A note that the log does not hold stays: it tells that something was cut off, however much is written after it.
        follows = _holds(entries, self._noted())
        files.append_lines(self._path, [asdict(entry)])
        entries.append(entry)
        if follows:
            self._note(entry)

    def _note(self, entry: Entry) -> None:
        files.write_json(self._head, {"number": entry.number, "hash": entry.hash})

    def _noted(self) -> tuple[int, str] | None:
        """Number and hash of the last entry as they are noted beside the log; None where nothing is, as of logs of old."""
        try:
            stored = files.read_json(self._head)
            return int(stored["number"]), str(stored["hash"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            return 0, ""  # no entry is such a one

    def _lines(self) -> Iterator[Entry | None]:
        """The entry of each line, None where there is none; a last line that a killed process left torn was never an entry."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        for line in content[: content.rfind(b"\n") + 1].splitlines():
            try:
                yield Entry(**files.parse_json(line))
            except (ValueError, TypeError, RecursionError):
                yield None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone at the end of the file, which is the end of a line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            if self._path.exists():
                with self._path.open("r+b") as file:
                    content = file.read()
                    file.truncate(content.rfind(b"\n") + 1)
            yield


def _next(
    entries: Sequence[Entry],
    did: Done,
    model: str,
    version: int | None,
    reason: str,
    facts: Mapping[str, Any],
    who: str | None = None,
) -> Entry:
    last = entries[-1] if entries else None
    return Entry(
        number=last.number + 1 if last is not None else 1,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=who or acting(),
        did=did,
        model=model,
        version=version,
        reason=_plain(reason)[:REASON_CHARACTERS],
        facts=dict(facts),
        before=last.hash if last is not None else NOTHING,
    ).sealed()


def _begins(entries: Sequence[Entry]) -> bool:
    """Whether nothing stood before the first entry, or what did was dropped by `AuditLog.shorten`."""
    first = entries[0]
    dropped = [entry.facts for entry in entries if entry.did == "shortened"]
    told = {(facts.get("first"), facts.get("before")) for facts in dropped}
    return (first.number, first.before) == (1, NOTHING) or (first.number, first.before) in told


def _holds(entries: Sequence[Entry], head: tuple[int, str] | None) -> bool:
    """Whether the entry that was noted as the last one is still there; later ones may follow."""
    return head is None or head in {(entry.number, entry.hash) for entry in entries}


def _cut(number: int, head: tuple[int, str] | None, file: str) -> Message:
    noted = head[0] if head is not None else 0
    if not noted:
        return message(
            "audit.note_unreadable",
            "The note of the last entry, {file}, cannot be read, so nobody can say whether the end of the audit log was cut off. "
            "Once that is looked into, remove the file.",
            file=file,
        )
    return message(
        "audit.ends_early",
        "Entry {noted:,} was written and is not there as it was; the audit log ends with entry {number:,}: it was removed, cut "
        "off or made anew. Where it was put back from an older copy, remove {file}.",
        noted=noted,
        number=number,
        file=file,
    )


def _plain(text: str) -> str:
    """Without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
