"""Entries of the audit log: who or what did what to which model, when and why; and how they are written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from core.base import files
from core.base.messages import Message

NOTHING = "0" * 64  # in place of the hash before the first entry
WHO_CHARACTERS = 100
Done = Literal[
    "promoted",
    "overridden",
    "override_asked",
    "rolled_back",
    "kept_back",
    "threshold_set",
    "threshold_cleared",
    "card_changed",
    "version_deleted",
    "model_deleted",
    "dataset_deleted",
    "forgotten",
    "key_created",
    "key_revoked",
    "policy_set",
    "keeping_set",
    "fairness_watched",
    "fairness_unwatched",
    "shadow_begun",
    "rows_taken",
    "rows_decided",
    "update_begun",
    "shortened",
]
PROGRAM, PAGE, COMMAND, RUN, POLICY = (
    "program",
    "page",
    "command line",
    "run",
    "policy",
)  # who it may be; of the last two with a name behind
_acting = PROGRAM


def act_as(who: str) -> None:
    """From here on this is who does things in this process."""
    global _acting
    _acting = who[:WHO_CHARACTERS]


def acting() -> str:
    """Who does things in this process."""
    return _acting


@dataclass(frozen=True)
class Entry:
    """One thing that was done.

    Parameters
    ----------
    number
        From 1 on, without gaps.
    at
        When, ISO 8601 in UTC.
    model, version
        To which; empty and None where it was done to no model.
    facts
        What else is to be known of it, such as the figures before and after.
    before, hash
        Hash of the entry before, and of this one: SHA-256, 64 hexadecimal digits.
    """

    number: int
    at: str
    who: str
    did: str
    model: str = ""
    version: int | None = None
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    before: str = NOTHING
    hash: str = ""

    def sealed(self) -> Entry:
        """The same with its hash."""
        return Entry(**{**asdict(self), "hash": self.digest()})

    def digest(self) -> str:
        """The hash that it has to have."""
        plain = {name: value for name, value in asdict(self).items() if name != "hash"}
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Verified:
    """What came of looking through the whole log.

    Parameters
    ----------
    entries
        How many there are.
    last
        Hash of the last one: worth keeping elsewhere.
    faults
        What is wrong; nothing where the log is as it was written.
    """

    entries: int
    last: str
    faults: tuple[Message, ...]


def as_lines(entries: Sequence[Entry]) -> str:
    """Entries as the log holds them, a line of JSON each."""
    return b"".join(files.json_line(asdict(entry)) for entry in entries).decode()


def as_csv(entries: Sequence[Entry]) -> str:
    """Entries as a table; facts are JSON in their cells."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow([each.name for each in fields(Entry)])
    for entry in entries:
        cells = {**asdict(entry), "facts": json.dumps(entry.facts, ensure_ascii=False)}
        table.writerow(list(cells.values()))
    return written.getvalue()
