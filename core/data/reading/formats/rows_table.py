"""From rows of cells, as sheets, web pages and lists have them, to a table: the same judgement of headers as for text files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas

from core.base.messages import Message
from core.data.reading.formats.base import table_of
from core.data.reading.names import visible_names
from core.data.reading.notes import (
    HEADER_AGAIN,
    SECOND_HEADER,
    note_columns_without_name,
    note_headers,
    note_names_without_column,
    note_titles,
)
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, TableScan, confidence
from core.data.reading.text.checks import check_rows, no_rows
from core.data.reading.text.heading import column_names, detect_heading, is_second_header, numbered_names

CellRows = Sequence[Sequence[str]]


def guess_head(rows: CellRows, corrections: FormatCorrections, *, marked: bool = False) -> list[Guess]:
    """Whether a header stands above the rows, and what above that.

    Parameters
    ----------
    marked
        Whether the file itself says that its first row is a header.
    """
    header = True if marked and corrections.header is None and corrections.skip_rows is None else corrections.header
    heading = detect_heading(rows, skip=corrections.skip_rows, header=header)
    guesses = [Guess("header", heading.header, confidence(heading.sure, corrections.header))]
    if heading.skip or corrections.skip_rows is not None:
        skip = heading.skip if corrections.skip_rows is None else corrections.skip_rows
        guesses.append(Guess("skip_rows", skip, confidence(heading.skip_sure, corrections.skip_rows)))
    return guesses


def table_of_rows(path: Path, rows: CellRows, form: TableFormat, notes: Sequence[Message] = ()) -> pandas.DataFrame:
    """The table below the header, with its attributes; rows of the wrong width are left out and listed."""
    notes = list(notes)
    above = [" ".join(filter(None, row)) for row in rows[: form.skip_rows] if any(row)]
    if above:
        notes.append(note_titles(len(above), above[0]))
    numbered = [(number, list(row)) for number, row in enumerate(rows, 1) if number > form.skip_rows and any(row)]
    if not numbered:
        raise no_rows(path)
    numbered = _without_empty_columns(numbered)
    first = numbered[0][1]
    if form.header:
        names = column_names(first, [row for _, row in numbered[1 : 1 + 1000]])
        written = visible_names(first)
        if lost := [name for name in written[len(names) :] if name]:
            notes.append(note_names_without_column(lost))
        if len(written) < len(names):
            notes.append(note_columns_without_name([name for name in names if name not in written]))
    else:
        names = numbered_names(Counter(len(row) for _, row in numbered).most_common(1)[0][0])
    scan = TableScan(path, form, names=names)
    kept = _kept(scan, numbered[int(form.header) :], first if form.header else None)
    check_rows(scan)
    columns = [list(column) for column in zip(*kept, strict=True)]
    table = table_of(path, names, columns, form, [*notes, *note_headers(scan.skipped)])
    table.attrs["skipped"] = scan.skipped
    return table


def _kept(scan: TableScan, numbered: Sequence[tuple[int, list[str]]], first: list[str] | None) -> list[list[str]]:
    """Rows of the right width; the others go into the scan."""
    width, kept = len(scan.names), []
    for line, row in numbered:
        reason: dict[str, Any] | None = None
        if first is not None and width > 1 and row == first:
            reason = {"reason": HEADER_AGAIN}
        elif first is not None and scan.rows == 0 and is_second_header(row, scan.names):
            reason = {"reason": SECOND_HEADER}
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        if reason is None and len(row) != width:
            reason = {}
        if reason is None:
            kept.append(row)
        else:
            scan.skipped.append({"row": scan.rows, "line": line, "found": len(row), "expected": width} | reason)
        scan.rows += 1
    return kept


def _without_empty_columns(numbered: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows without the columns in which no cell holds anything, such as those around the table of a sheet."""
    width = max(len(row) for _, row in numbered)
    if any(len(row) != width for _, row in numbered):
        return numbered
    filled = [index for index in range(width) if any(row[index] for _, row in numbered)]
    if len(filled) == width:
        return numbered
    return [(number, [row[index] for index in filled]) for number, row in numbered]
