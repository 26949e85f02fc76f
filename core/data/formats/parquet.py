"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import pandas
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from core.data.formats.base import as_string, table_of, unreadable


class Parquet:
    """A Parquet file; nested values become JSON."""

    name = "parquet"

    def fits(self, path: Path, head: bytes) -> bool:
        return head.startswith(b"PAR1")

    def parts(self, path: Path) -> list[str]:
        return []

    def read(self, path: Path, part: str) -> pandas.DataFrame:
        try:
            stored = pyarrow.parquet.ParquetFile(path).read()
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise unreadable(path, "Parquet", error) from None
        columns = [_strings(column) for column in stored.columns]
        return table_of(path, [str(name) for name in stored.column_names], columns)


def _strings(column: pyarrow.ChunkedArray) -> list[str]:
    kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        filled: list[str] = pyarrow.compute.fill_null(column, "").to_pylist()
        return filled
    return [as_string(value) for value in column.to_pylist()]
