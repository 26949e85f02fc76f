"""What a format is, and how values of any type become the strings that a table is made of."""

from __future__ import annotations

import datetime
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas
import pyarrow

from core.errors import DataError

HEAD = 4096  # bytes that a format is told by
CELL_LIMIT = 1_000_000  # characters in one cell


class Format(Protocol):
    """One kind of file."""

    name: str  # as `TableFormat.kind` has it

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this kind, by its content; its name may lie."""
        ...

    def parts(self, path: Path) -> list[str]:
        """Names of the tables in it, such as the sheets of a workbook; empty where there is only one without a name."""
        ...

    def read(self, path: Path, part: str) -> pandas.DataFrame:
        """The table, every column of strings, an absent value ``""``; `DataError` with place and cure otherwise."""
        ...


def format_of(path: Path, head: bytes, known: Iterable[Format]) -> Format | None:
    """The format of a file, None for lines of text and for what nobody knows."""
    return next((one for one in known if one.fits(path, head)), None)


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


def table_of(path: Path, names: Sequence[str], columns: Sequence[Any]) -> pandas.DataFrame:
    """A table of columns of strings; `DataError` for names that come twice, no rows, or a cell beyond all measure."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "data.duplicate_columns",
            "'{file}' has several columns of the same name: {names}. Rename them, so that each column has a name of "
            "its own.",
            file=path.name,
            names=twice,
        )
    if not columns or len(columns[0]) == 0:
        raise DataError(
            "data.only_header",
            "'{file}' has a header ({names}) but no rows below it. Check that the file was saved completely.",
            file=path.name,
            names=list(names),
        )
    for name, column in zip(names, columns, strict=True):
        longest = max(len(cell) for cell in column)
        if longest > CELL_LIMIT:
            raise DataError(
                "data.cell_of_column_too_long",
                "A cell of column '{column}' in '{file}' holds {length:,} characters; the limit is {limit:,}. Remove the row.",
                column=name,
                file=path.name,
                length=longest,
                limit=CELL_LIMIT,
            )
    arrays = [pyarrow.array(column, pyarrow.large_string()) for column in columns]
    table: pandas.DataFrame = pyarrow.table(arrays, names=list(names)).to_pandas()
    table.attrs["skipped"] = []
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
