"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from core.base.errors import DataError
from core.data.reading import table_checks
from core.data.reading.formats.base import as_string, form_of_kind, refuse_corrections, table_of, unreadable
from core.data.reading.notes import note_replaced_cells
from core.data.reading.source import UNPACKED_LIMIT
from core.data.reading.table_format import FormatCorrections, TableFormat

_BATCH = 4096  # rows decoded at a time, so that the limit is met before the memory is used


class Parquet:
    """A Parquet file; nested values become JSON."""

    name = "parquet"

    def fits(self, path: Path, head: bytes) -> bool:
        return head.startswith(b"PAR1")

    def parts(self, path: Path) -> list[str]:
        return []

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        refuse_corrections(path, corrections, ())
        return form_of_kind(self.name)

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        form = form or self.detect(path, FormatCorrections())
        try:
            file = pyarrow.parquet.ParquetFile(path)
            _check_size(path, file.metadata)
            names = [str(name) for name in file.schema_arrow.names]
            parts: list[list[pyarrow.Array]] = [[] for _ in names]
            seen = 0
            for batch in file.iter_batches(_BATCH):
                for part, column in zip(parts, batch.columns, strict=True):
                    part.append(column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column)
                    seen += part[-1].nbytes
                if seen > UNPACKED_LIMIT:
                    raise _too_large(path, seen)
            broken: list[tuple[int, str]] = []
            columns = [list(_strings(part, name, broken)) for part, name in zip(parts, names, strict=True)]
        except MemoryError:  # pyarrow's own is one of its exceptions, too
            raise
        except (pyarrow.ArrowException, OSError, ValueError, ArithmeticError) as error:
            raise unreadable(path, "Parquet", error) from None
        notes = [note_replaced_cells(len(broken), sorted(broken))] if broken else []
        return table_of(path, names, columns, form, notes)


def _check_size(path: Path, metadata: Any) -> None:
    unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if unpacked > UNPACKED_LIMIT:
        raise _too_large(path, unpacked)
    if metadata.num_rows * metadata.num_columns > table_checks.TEXT_CELLS_LIMIT:
        raise table_checks.too_wide(path, "", metadata.num_rows, metadata.num_columns, table_checks.TEXT_CELLS_LIMIT)


def _too_large(path: Path, size: int) -> DataError:
    return DataError(
        "data.parquet_too_large",
        "'{file}' unpacks to at least {size:,.0f} MB; the limit is {limit:,.0f} MB. Upload a part of the table.",
        file=path.name,
        size=size / 1024**2,
        limit=UNPACKED_LIMIT / 1024**2,
    )


def _strings(parts: list[pyarrow.Array], name: str, broken: list[tuple[int, str]]) -> Iterator[str]:
    """The cells of a column; those whose bytes are no UTF-8 read with U+FFFD and are listed, rows counted from 1."""
    row = 0
    for part in parts:
        kind = part.type
        if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
            try:
                values = pyarrow.compute.fill_null(part, "").to_pylist()
            except UnicodeDecodeError:
                values = part.cast(pyarrow.large_binary()).to_pylist()
        else:
            values = part.to_pylist()
        for value in values:
            row += 1
            text = as_string(value)
            if isinstance(value, bytes) and "\ufffd" in text and b"\xef\xbf\xbd" not in value:
                broken.append((row, name))
            yield text
