"""On which lines of a text file rows of its table begin, so that a person finds them in an editor."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas

from core.base.errors import DataError
from core.data.reading.isolation.pool import ask
from core.data.reading.source import is_small_text, open_content
from core.data.reading.table_format import TableFormat, form_of, skipped_of
from core.data.reading.text.encoding import codec_of
from core.data.reading.text.rows import Lines, split_rows

FILE = "file"  # attribute of a table: where it was read from


def lines_of(table: pandas.DataFrame, rows: Sequence[int]) -> tuple[int, ...]:
    """Lines, counted as an editor counts them, of rows of a table, counted from 0 and in ascending order.

    The file is read once more, as far as the last of them. Empty where the lines cannot be told beyond doubt: for files
    that are no text, that are gone, or whose quotation marks are irregular.
    """
    form, path = form_of(table), table.attrs.get(FILE)
    if form is None or path is None or form.kind != "text" or not rows:
        return ()
    left_out = {int(skip["row"]) for skip in skipped_of(table)}
    try:
        begins = _begins(Path(path), form, left_out, rows)
    except (OSError, UnicodeError, csv.Error, DataError):
        return ()
    read_again = [cells for _, cells in begins]
    same = [list(table.iloc[row])[: len(cells)] for row, cells in zip(rows, read_again, strict=False)]
    width = len(table.columns)
    if len(begins) < len(rows) or same != [cells[:width] for cells in read_again]:
        return ()
    return tuple(line for line, _ in begins)


def _begins(path: Path, form: TableFormat, left_out: set[int], rows: Sequence[int]) -> list[tuple[int, list[str]]]:
    if is_small_text(path):
        return begins_of(path, form, left_out, rows)
    with ask("lines", path, form=form.to_dict(), left_out=sorted(left_out), rows=list(rows)) as (begins, _):
        return [(line, cells) for line, cells in begins]


def begins_of(path: Path, form: TableFormat, left_out: set[int], rows: Sequence[int]) -> list[tuple[int, list[str]]]:
    """The line and the cells of each of these rows of a table, in which the rows ``left_out`` of the file are not."""
    wanted, begins = set(rows), []
    file_row, table_row = -int(form.header), 0
    with open_content(path, form.compressed) as content:
        stream = io.TextIOWrapper(content, codec_of(form.encoding), newline="")
        lines = Lines(stream, path.name, form.encoding, skip=form.skip_rows)
        for cells in split_rows(lines, form.delimiter, "strict"):
            line = lines.number - max(0, len(lines.held) - 1)
            lines.held.clear()
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if file_row >= 0 and file_row not in left_out:
                if table_row in wanted:
                    begins.append((line, cells))
                table_row += 1
            file_row += 1
            if len(begins) == len(wanted):
                break
    return begins
