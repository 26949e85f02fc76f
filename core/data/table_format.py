"""How a table is written in a file, and what one pass over it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.data.rows import Manner


@dataclass(frozen=True)
class TableFormat:
    """How a table is written in a file.

    Parameters
    ----------
    encoding
        One of `ENCODINGS`.
    delimiter
        One of `DELIMITERS`. A space cuts once, after the first word of each line (label, space, text).
    header
        Whether the first row names the columns.
    compressed
        Whether the file is gzip.
    certain
        False when some of this was guessed among several possibilities.
    kind
        ``"text"``, or the name of one of `core.data.formats`, where encoding, delimiter and header mean nothing.
    part
        Which table of the file, such as the sheet of a workbook; empty for the only one.
    """

    encoding: str
    delimiter: str
    header: bool
    compressed: bool
    certain: bool
    kind: str = "text"
    part: str = ""


@dataclass
class TableScan:
    """What one pass over a file found; enough to read its rows again, piece by piece.

    Parameters
    ----------
    names
        Of the columns.
    skipped
        Rows of the wrong width, as `read_table` lists them.
    rows
        Below the header, those set aside included.
    """

    path: Path
    form: TableFormat
    manner: Manner = "strict"
    names: list[str] = field(default_factory=list)
    skipped: list[dict[str, int]] = field(default_factory=list)
    rows: int = 0
