"""What a format is, and how values of any type become the strings that a table is made of."""

from __future__ import annotations

import datetime
import json
import lzma
import math
import sys
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas
import pyarrow

from core.base.errors import DataError
from core.base.messages import Message
from core.data.reading.names import visible_names
from core.data.reading.notes import note_replaced_cells
from core.data.reading.table_checks import CELL_LIMIT, check_names, only_header
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, describe

HEAD = 4096  # bytes that a format is told by


# What reading the members of a broken zip file raises; also of one that is encrypted, or packed in an unknown manner.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)


class Format(Protocol):
    """One kind of file."""

    name: str  # as `TableFormat.kind` has it

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this kind, by its content; its name may lie."""
        ...

    def parts(self, path: Path) -> list[str]:
        """Names of the tables in it, such as the sheets of a workbook; empty where there is only one without a name."""
        ...

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        """Guess how the table is written; `DataError` for corrections without meaning for this kind of file."""
        ...

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        """The table with its attributes, every column of strings, an absent value ``""``; `DataError` otherwise.

        Without a form, by the same guesses as `detect` makes.
        """
        ...


def format_of(path: Path, head: bytes, known: Iterable[Format]) -> Format | None:
    """The format of a file, None for lines of text and for what nobody knows."""
    return next((kind for kind in known if kind.fits(path, head)), None)


def form_of_kind(kind: str, guesses: Sequence[Guess] = (), *, part: str = "", encoding: str = "utf-8") -> TableFormat:
    """The format of a file that is no lines of text, by what was guessed of it."""
    values = {guess.part: guess.value for guess in guesses}
    return TableFormat(
        encoding=str(values.get("encoding", encoding)),
        delimiter=",",
        header=bool(values.get("header", True)),
        compressed=False,
        certain=all(guess.sure for guess in guesses),
        kind=kind,
        part=str(values.get("sheet", part)),
        skip_rows=int(values.get("skip_rows", 0)),
        guesses=tuple(guesses),
    )


def refuse_corrections(path: Path, corrections: FormatCorrections, allowed: Iterable[str]) -> None:
    """Raise `DataError` for a correction of something that this kind of file does not have."""
    wrong = {name for name, value in vars(corrections).items() if value is not None} - set(allowed)
    if "encoding" in wrong:
        raise DataError(
            "data.no_encoding_here",
            "'{file}' is not a text file, so no encoding can be chosen. Leave the encoding out.",
            file=path.name,
        )
    if "delimiter" in wrong:
        raise DataError(
            "data.no_delimiter_here",
            "'{file}' is not cut at delimiters, so none can be chosen. Leave the delimiter out.",
            file=path.name,
        )
    if "sheet" in wrong:
        raise DataError(
            "data.no_sheet_here", "'{file}' holds one table and no sheets. Leave the sheet out.", file=path.name
        )
    if wrong:
        raise DataError(
            "data.no_header_here",
            "In '{file}' every value stands with the name of its column, so there is no header or row above it to choose. "
            "Leave out what was said of the header and of rows to skip.",
            file=path.name,
        )


def as_string(value: Any) -> str:
    """A cell as a person would write it: 3.0 as 3, dates in ISO 8601, lists and objects as JSON, nothing as nothing."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return ""
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
        case bytes():
            return value.decode("utf-8", "replace")
        case _:
            return str(value)


def without_half_characters(text: str) -> str:
    """The text with U+FFFD for halves of characters, which JSON can write and no text has; two halves that meet are one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def table_of(
    path: Path, names: Sequence[str], columns: Sequence[Sequence[str]], form: TableFormat, notes: Sequence[Message] = ()
) -> pandas.DataFrame:
    """A table of columns of strings with its attributes; `DataError` for names that come twice, no rows or an endless cell."""
    names = visible_names([without_half_characters(name) for name in names])
    check_names(path, names)
    if not columns or len(columns[0]) == 0:
        raise only_header(path, names)
    for name, column in zip(names, columns, strict=True):
        longest = max(map(len, column))
        if longest > CELL_LIMIT:
            raise DataError(
                "data.cell_of_column_too_long",
                "A cell of column '{column}' in '{file}' holds {length:,} characters; the limit is {limit:,}. Remove the row.",
                column=name,
                file=path.name,
                length=longest,
                limit=CELL_LIMIT,
            )
    arrays, mended = [], []
    for name, column in zip(names, columns, strict=True):
        try:
            arrays.append(pyarrow.array(column, pyarrow.large_string()))
        except UnicodeEncodeError:
            whole = [without_half_characters(cell) for cell in column]
            mended += [
                (row, name) for row, cell in enumerate(column, 1) if "\ufffd" not in cell and "\ufffd" in whole[row - 1]
            ]
            arrays.append(pyarrow.array(whole, pyarrow.large_string()))
    table: pandas.DataFrame = pyarrow.table(arrays, names=list(names)).to_pandas()
    table.attrs["skipped"] = []
    describe(table, form, [*notes, *([note_replaced_cells(len(mended), sorted(mended))] if mended else [])])
    return table


def unreadable(path: Path, kind: str, reason: object) -> DataError:
    """The error for a file that begins as its kind does and goes on otherwise."""
    return DataError(
        "data.format_damaged",
        "'{file}' begins like {kind}, but cannot be read as such: {reason}. Save or download it again.",
        file=path.name,
        kind=kind,
        reason=str(reason).strip().partition("\n")[0][:200] or type(reason).__name__,
    )


def nested(path: Path) -> DataError:
    """The error for values nested deeper than any reader goes."""
    return DataError(
        "data.nested",
        "'{file}' holds values nested deeper than those of any table. Check it where it was made, or save the table as CSV.",
        file=path.name,
    )


def endless_number(path: Path) -> DataError:
    """The error for a whole number with more digits than Python reads."""
    return DataError(
        "data.endless_number",
        "'{file}' holds a number of more than {limit:,} digits, which is no value of any table. Check it where it was made, or "
        "put it in quotation marks if it is a text.",
        file=path.name,
        limit=sys.get_int_max_str_digits(),
    )


def empty_sheet(path: Path, sheet: str, sheets: list[str]) -> DataError:
    """The sheet holds nothing."""
    return DataError(
        "data.sheet_empty",
        "Sheet '{sheet}' of '{file}' is empty. Its sheets are: {sheets}. Choose the one with the table.",
        sheet=sheet,
        file=path.name,
        sheets=sheets,
    )


def no_such_sheet(path: Path, sheet: str, sheets: list[str]) -> DataError:
    """The error for a sheet, or another named table of a file, that is not there."""
    return DataError(
        "data.no_such_sheet",
        "'{file}' has no sheet '{sheet}'. Its sheets are: {sheets}.",
        file=path.name,
        sheet=sheet,
        sheets=sheets,
    )
