"""What keeps any table from being read, wherever it comes from: names that come twice, too many columns or cells, no row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.base.errors import DataError

CELL_LIMIT = 1_000_000  # characters in one cell
COLUMNS_LIMIT = 16_384  # as many as a spreadsheet has
CELLS_LIMIT = 20_000_000  # rows × columns that a sheet or list may span
TEXT_CELLS_LIMIT = 10 * CELLS_LIMIT  # of text and Parquet, where a cell takes little


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise `DataError` for columns of the same name, and for so many that they cost more than what they hold."""
    if len(names) > COLUMNS_LIMIT:
        raise too_many_columns(path, len(names))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "data.duplicate_columns",
            "'{file}' has several columns of the same name: {names}. Rename them, so that each column has a name of "
            "its own.",
            file=path.name,
            names=twice,
        )


def too_many_columns(path: Path, columns: int) -> DataError:
    """The error for more columns than a spreadsheet has."""
    return DataError(
        "data.too_many_columns",
        "'{file}' has {columns:,} columns; the limit is {limit:,}. Check the delimiter, or keep only the columns with texts, "
        "labels and what else is needed.",
        file=path.name,
        columns=columns,
        limit=COLUMNS_LIMIT,
    )


def only_header(path: Path, names: Sequence[str]) -> DataError:
    """The error for a table without rows."""
    return DataError(
        "data.only_header",
        "'{file}' has a header ({names}) but no rows below it. Check that the file was saved completely.",
        file=path.name,
        names=list(names),
    )


def too_wide(path: Path, part: str, rows: int, columns: int, limit: int = CELLS_LIMIT) -> DataError:
    """The error for a table that spans more cells than it may."""
    return DataError(
        "data.too_many_cells",
        "The table {part}in '{file}' spans {rows:,} rows × {columns:,} columns ({cells:,} cells); the limit is {limit:,} cells. "
        "Often one stray cell far from the table is behind it: delete the rows and columns around the table, or save it as CSV.",
        part=f"'{part}' " if part else "",
        file=path.name,
        rows=rows,
        columns=columns,
        cells=rows * columns,
        limit=limit,
    )
