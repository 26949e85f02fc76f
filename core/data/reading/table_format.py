"""How a table is written in a file, what a person said of that, how sure a guess is, and what one pass over it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas

from core.base.messages import Message, message
from core.data.reading.text.rows import Manner

Part = Literal["encoding", "delimiter", "header", "sheet", "skip_rows"]
Confidence = Literal["sure", "guess", "told"]  # seen beyond doubt; the most plausible of several; a person said so


@dataclass(frozen=True)
class FormatCorrections:
    """What a person says of a file; None leaves a part to be guessed.

    Parameters
    ----------
    encoding
        One of `ENCODINGS`, or another name of one, such as ``"gbk"``.
    delimiter
        One or several signs, such as ``";"`` or ``"||"``; ``"\\t"`` and ``"tab"`` are the tab.
    sheet
        Name of a sheet of a workbook, or of a table of a web page.
    skip_rows
        Lines of a text file, or rows of a sheet or list, to be left out above the header or first row.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | None = None
    skip_rows: int | None = None


@dataclass(frozen=True)
class Guess:
    """One part of a format and how sure it is."""

    part: Part
    value: str | bool | int
    confidence: Confidence

    @property
    def sure(self) -> bool:
        """Whether nobody needs to look at it: seen beyond doubt, or said by a person."""
        return self.confidence != "guess"

    def sentence(self) -> Message:
        """The value in words, without how sure it is: ``the first row names the columns``."""
        match self.part:
            case "encoding":
                return message("data.read_encoding", "encoding {encoding}", encoding=str(self.value))
            case "delimiter":
                return message("data.read_delimiter", "delimiter '{delimiter}'", delimiter=shown(str(self.value)))
            case "sheet":
                return message("data.read_sheet", "sheet '{sheet}'", sheet=str(self.value))
            case "skip_rows":
                return message("data.read_skip_rows", "{count} rows left out above", count=int(self.value))
            case "header" if self.value:
                return message("data.read_header", "the first row names the columns")
            case _:
                return message("data.read_no_header", "the first row is data")

    def confidence_sentence(self) -> Message:
        """How sure it is, in a word or two."""
        match self.confidence:
            case "sure":
                return message("data.read_sure", "sure")
            case "told":
                return message("data.read_told", "as you said")
            case _:
                return message("data.read_guess", "a guess")

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` shows it."""
        return {"part": self.part, "value": self.value, "sure": self.sure, "told": self.confidence == "told"}


def shown(delimiter: str) -> str:
    """A delimiter as a reader can see it."""
    return {"\t": "\\t", " ": "␣", "\x01": "\\x01", "\x1f": "\\x1f"}.get(delimiter, delimiter)


def named_delimiter(name: str) -> str:
    """A delimiter as a person may write it: ``"tab"`` and ``"\\t"`` are the tab, ``"space"`` is the space."""
    names = {"tab": "\t", "\\t": "\t", "space": " ", "␣": " ", "\\x01": "\x01", "^a": "\x01", "\\x1f": "\x1f"}
    return names.get(name.lower() if len(name) > 1 else name, name)


def confidence(sure: bool, given: object = None) -> Confidence:
    """How sure a part is: ``told`` where a person said it."""
    return "told" if given is not None else "sure" if sure else "guess"


@dataclass(frozen=True)
class TableFormat:
    """How a table is written in a file.

    Parameters
    ----------
    encoding
        One of `ENCODINGS`; of text and JSON.
    delimiter
        One or several signs. A space cuts once, after the first word of each line (label, space, text).
    header
        Whether the first row names the columns; of text, workbooks and lists.
    certain
        False when some of this was guessed among several possibilities.
    kind
        ``"text"``, or the name of one of `core.data.reading.formats`.
    part
        Which table of the file, such as the sheet of a workbook; empty for the only one.
    skip_rows
        Lines of a text file, or rows of a sheet or list, left out above the header or first row: titles, comments, ``sep=;``.
    dialect
        How a text is written that is no CSV, as `core.data.reading.text.dialects` has it; empty for CSV.
    guesses
        The parts that have a meaning for this kind of file, and how sure each is. Not compared.
    """

    encoding: str
    delimiter: str
    header: bool
    compressed: bool
    certain: bool
    kind: str = "text"
    part: str = ""
    skip_rows: int = 0
    dialect: str = ""
    guesses: tuple[Guess, ...] = field(default=(), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON stores them."""
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> TableFormat:
        """The format that `to_dict` wrote."""
        return TableFormat(**{**stored, "guesses": tuple(Guess(**guess) for guess in stored["guesses"])})

    def guessed(self) -> list[dict[str, Any]]:
        """The guesses as ``--json`` shows them under ``guessed``."""
        return [guess.to_dict() for guess in self.guesses]


@dataclass
class TableScan:
    """What one pass over a file found; enough to read its rows again, piece by piece.

    Parameters
    ----------
    errors
        How bytes without meaning are read: ``"strict"`` not at all, ``"replace"`` as U+FFFD.
    skipped
        Rows that are left out, as `read_table` lists them.
    rows
        The number of rows below the header, those left out included.
    """

    path: Path
    form: TableFormat
    manner: Manner = "strict"
    errors: str = "strict"
    names: list[str] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    notes: list[Message] = field(default_factory=list)


def describe(table: pandas.DataFrame, form: TableFormat, notes: Sequence[Message]) -> None:
    """Write how a table was read into its attributes, as plain values: pandas and pyarrow store attributes as JSON."""
    table.attrs["form"] = form.to_dict()
    table.attrs["notes"] = [note.to_dict() for note in notes]


def form_of(table: pandas.DataFrame) -> TableFormat | None:
    """How a table was written in the file it was read from; None for a table that comes from elsewhere."""
    stored = table.attrs.get("form")
    return None if stored is None else TableFormat.from_dict(stored)


def notes_of(table: pandas.DataFrame) -> list[Message]:
    """What the reader did or saw while it read a table; empty for one that comes from elsewhere."""
    return [Message.from_dict(note) for note in table.attrs.get("notes", ())]


def skipped_of(table: pandas.DataFrame) -> list[dict[str, Any]]:
    """Rows that the reader left out, as `read_table` lists them; empty for a table that comes from elsewhere."""
    return list(table.attrs.get("skipped", ()))
