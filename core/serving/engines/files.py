"""A file in, the same rows with answers out: as CSV or as lines of JSON, any number in bounded memory, and resumable.

What is written stands in ``<target>.part`` until all rows are done; ``<target>.part.json`` says how far it is and of what.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.base.errors import DataError
from core.base.files import json_line, move_file, read_json, write_json
from core.base.messages import Message
from core.base.storage import full, is_full
from core.data.dataset.formulas import defused
from core.data.loading.load import LeftOut, left_out_of_scan
from core.data.reading.tables import TableFormat, scan_table, table_pieces
from core.serving.engines.graphs import load_version
from core.serving.engines.tables import (
    ENTITIES,
    TRUNCATED,
    Noted,
    added_column,
    check_column,
    columns_read,
    input_notes,
    predict_table,
    settings_notes,
)
from core.tasks import task_of
from core.tasks.answering import Engine

JSON_LINES = (".jsonl", ".ndjson")  # endings of a target that gets an object a row; any other is a table
ROWS = 4096  # labelled and written at a time: what a killed process loses at most


@dataclass(frozen=True)
class LabelledFile:
    """How a file was labelled.

    Parameters
    ----------
    empty
        Rows in the answer that have no text and got no label.
    truncated
        Rows in the answer whose text is longer than what was read of it.
    left_out
        Rows of the source that are not in the answer, by reason.
    resumed
        Rows that an interrupted run before this one had labelled.
    """

    rows: int
    empty: int
    truncated: int
    left_out: tuple[LeftOut, ...]
    form: TableFormat
    notes: tuple[Message, ...]
    resumed: int

    @property
    def skipped(self) -> int:
        """All rows that are not in the answer."""
        return sum(part.rows for part in self.left_out)


def predict_file(
    folder: Path,
    source: Path,
    text: str,
    target: Path,
    progress: Callable[[int, int], None] = lambda done, rows: None,
    *,
    threshold: float | None = None,
    form: TableFormat | None = None,
    seen: Callable[[Engine], Noted] | None = None,
) -> LabelledFile:
    """Answer the rows of a CSV or TSV file with the version in ``folder``.

    A target that ends in .jsonl gets a line of JSON a row, in which entities are a list. Any other is a table: no cell of it is a
    formula to a spreadsheet, and it is UTF-8 with a byte order mark, so that spreadsheets show Chinese. A half-written target is
    never left behind; an interrupted run goes on where it was when it is called again with the same file, version and threshold.

    Parameters
    ----------
    progress
        Function that is called with the number of rows done and of all rows.
    form
        Format of the source; detected when not given.
    seen
        Makes of the engine what is told of each answered piece.

    Raises
    ------
    DataError
        When the source cannot be read, has no such column, or the target cannot be written.
    StorageError
        When the target's disk is full.
    """
    scan = scan_table(source, form)
    check_column(text, scan.names)
    journal = _Journal(target, _identity(folder, source, text, threshold, scan.form))
    rows = scan.rows - len(scan.skipped)
    try:
        resumed = journal.resume()
        progress(resumed, rows)
        classifier = load_version(folder)
        noted: Noted = seen(classifier) if seen is not None else lambda *_: None
        done = resumed
        for piece in table_pieces(scan, ROWS, skip=resumed):
            done += len(piece)
            empty = int((piece[text].str.strip() == "").sum())
            labelled = predict_table(classifier, piece, text, threshold=threshold, noted=noted)
            truncated = int(labelled[added_column(TRUNCATED, piece)].sum())
            lists = added_column(ENTITIES, piece) if task_of(classifier.task).reads == "spans" else None
            journal.add(labelled, done, empty, truncated, lists)
            progress(done, rows)
        journal.finish()
    except OSError as error:
        journal.give_up()
        if is_full(error):
            raise full(target) from None
        raise DataError(
            "data.cannot_write",
            "'{file}' cannot be written: {reason}. Choose a folder that exists and that you may write to.",
            file=str(target),
            reason=error.strerror or str(error),
        ) from None
    notes = (*scan.notes, *input_notes(columns_read(classifier), scan.names), *settings_notes(classifier))
    return LabelledFile(rows, journal.empty, journal.truncated, left_out_of_scan(scan), scan.form, notes, resumed)


def _identity(folder: Path, source: Path, text: str, threshold: float | None, form: TableFormat) -> dict[str, Any]:
    """What must be the same for an interrupted run to go on."""
    files = [source, *sorted(folder.glob("*.onnx")), *folder.glob("serving.json")]
    return {
        "text": text,
        "threshold": threshold,
        "form": [form.encoding, form.delimiter, form.header, form.part, form.skip_rows],
        "files": [[str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for file in files],
    }


class _Journal:
    """The answer so far, and how many rows of it are complete."""

    def __init__(self, target: Path, identity: dict[str, Any]) -> None:
        self._target, self._identity = target, identity
        self._part = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self._rows = 0
        self.empty = 0  # rows so far that have no text
        self.truncated = 0  # rows so far that were not read to their end

    def resume(self) -> int:
        """Cut off what was only half written; returns how many rows are complete."""
        try:
            note = read_json(self._note)
            fits = (
                note["identity"] == self._identity
                and "truncated" in note
                and self._part.stat().st_size >= note["bytes"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            self._part.write_bytes(b"")
            return 0
        with self._part.open("r+b") as part:
            part.truncate(note["bytes"])
        self._rows, self.empty, self.truncated = (int(note[name]) for name in ("rows", "empty", "truncated"))
        return self._rows

    def add(self, table: pd.DataFrame, rows: int, empty: int, truncated: int, lists: str | None) -> None:
        """Append some rows, then note that they are complete; ``empty`` have no text, ``truncated`` were cut. The column
        ``lists``, if there is one, holds lists as JSON.
        """
        first = self._rows == 0
        with self._part.open("ab") as part:
            part.write(_as_lines(table, lists) if self._target.suffix.lower() in JSON_LINES else _as_csv(table, first))
            self._rows, self.empty, self.truncated = rows, self.empty + empty, self.truncated + truncated
            counts = {"rows": rows, "empty": self.empty, "truncated": self.truncated}
            note = {"identity": self._identity, **counts, "bytes": part.tell()}
        write_json(self._note, note, durable=False)

    def finish(self) -> None:
        move_file(self._part, self._target)
        self._note.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Leave nothing behind, unless rows are done that another run can go on from."""
        if self._rows == 0:
            for leftover in (self._part, self._note):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)


def _as_csv(table: pd.DataFrame, first: bool) -> bytes:
    # With this line end the csv module quotes cells that hold a carriage return alone, too.
    written = defused(table).to_csv(
        index=False, header=first, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n", encoding="utf-8"
    )
    return written.encode("utf-8-sig" if first else "utf-8")


def _as_lines(table: pd.DataFrame, lists: str | None) -> bytes:
    """An object a row; what a row without text lacks is null."""
    return b"".join(
        json_line({str(name): _plain(value, listed=name == lists) for name, value in row.items()})
        for row in table.to_dict("records")
    )


def _plain(value: Any, *, listed: bool) -> Any:
    if listed:
        return json.loads(value) if value else None
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value
