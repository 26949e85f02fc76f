"""Questions and answers between the process that asks and the one that reads: files in a folder that both know.

JSON, and tables as Arrow files: nothing that is read here can be a program.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas
import pyarrow

from core.base import errors
from core.base.errors import CoreError, DataError
from core.base.files import read_json
from core.base.messages import Message
from core.data.reading.table_format import TableFormat, TableScan

SHORT = 100_000  # rows
QUESTION, ANSWER, TABLE = "question.json", "answer.json", "table.arrow"
_KINDS = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CoreError)
}


def write(folder: Path, name: str, value: dict[str, Any]) -> None:
    """Write a question or an answer."""
    (folder / name).write_text(json.dumps(value, default=str), encoding="utf-8")


def read(folder: Path, name: str) -> Any:
    """What `write` wrote."""
    return read_json(folder / name)


def error_to_dict(error: CoreError) -> dict[str, Any]:
    """An error meant for the user."""
    return {"kind": type(error).__name__, **error.message.to_dict()}


def error_from_dict(stored: dict[str, Any]) -> CoreError:
    """The error that `error_to_dict` wrote."""
    return _KINDS.get(stored["kind"], DataError)(stored["key"], stored["text"], **stored["facts"])


def scan_to_dict(scan: TableScan) -> dict[str, Any]:
    """A scan without its path, which the asking process knows."""
    stored = asdict(scan)
    del stored["path"]
    return stored


def scan_from_dict(path: Path, stored: dict[str, Any]) -> TableScan:
    """The scan of a file that `scan_to_dict` wrote."""
    form, notes = TableFormat.from_dict(stored["form"]), [Message.from_dict(note) for note in stored["notes"]]
    return TableScan(path, **{**stored, "form": form, "notes": notes})


def write_tables(folder: Path, tables: Iterable[pandas.DataFrame]) -> None:
    """Write tables of the same columns one after another, each as it comes; a short one as one batch."""
    writer = None
    with pyarrow.OSFile(str(folder / TABLE), "wb") as file:
        for table in tables:
            columns = pyarrow.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
            writer = writer or pyarrow.ipc.new_file(file, columns.schema)
            writer.write_table(columns.combine_chunks() if len(columns) <= SHORT else columns)
        if writer is not None:
            writer.close()


def read_table(folder: Path) -> pandas.DataFrame:
    """All rows that were written, in memory: the folder may go."""
    with pyarrow.OSFile(str(folder / TABLE)) as file:
        table: pandas.DataFrame = pyarrow.ipc.open_file(file).read_all().to_pandas()
    return table


def read_pieces(folder: Path) -> Iterator[pandas.DataFrame]:
    """The tables as they were written, one in memory at a time; none of them longer than `SHORT`."""
    with pyarrow.OSFile(str(folder / TABLE)) as file:
        if file.size() == 0:
            return
        reader = pyarrow.ipc.open_file(file)
        for index in range(reader.num_record_batches):
            yield pyarrow.Table.from_batches([reader.get_batch(index)]).to_pandas()
