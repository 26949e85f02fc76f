"""Reads an uploaded file into a table of strings, and guesses how the file was written.

The way in for whatever comes from outside. Where a few bytes can stand for very many (archives, workbooks, Parquet, JSON and
markup), and for all but small files, a process of its own reads within limits, see `isolation`. Text of a few hundred
kilobytes is read here, by `parsing`: each of its cells takes memory and time in proportion to the bytes it is
written with. Knows nothing of which column is the text or the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas

from core.data.reading import parsing
from core.data.reading.isolation import wire
from core.data.reading.isolation.pool import ask
from core.data.reading.source import check_file, is_small_text
from core.data.reading.table_checks import CELL_LIMIT
from core.data.reading.table_format import (
    FormatCorrections,
    Guess,
    TableFormat,
    TableScan,
    form_of,
    notes_of,
    skipped_of,
)
from core.data.reading.text.encoding import ENCODINGS
from core.data.reading.text.layout import DELIMITERS

__all__ = [
    "CELL_LIMIT",
    "DELIMITERS",
    "ENCODINGS",
    "FormatCorrections",
    "Guess",
    "TableFormat",
    "TableScan",
    "detect_format",
    "form_of",
    "notes_of",
    "parts_of",
    "read_table",
    "scan_table",
    "skipped_of",
    "table_pieces",
]


def detect_format(path: Path, corrections: FormatCorrections = FormatCorrections()) -> TableFormat:  # noqa: B008 - frozen
    """Guess how a table is written, except what a person said of it.

    Raises
    ------
    DataError
        For a file that is missing, empty or holds no table, for corrections that are unknown or have no meaning for it, and
        for one that takes too much memory or time.
    """
    path = _checked(path)
    if is_small_text(path):
        return parsing.detect_format(path, corrections)
    with ask("detect", path, corrections=asdict(corrections)) as (stored, _):
        return TableFormat.from_dict(stored)


def parts_of(path: Path) -> list[str]:
    """Names of the tables in a file, such as the sheets of a workbook; empty where there is only one without a name."""
    path = _checked(path)
    if is_small_text(path):
        return parsing.parts_of(path)
    with ask("parts", path) as (names, _):
        return list(names)


def read_table(path: Path, form: TableFormat | None = None) -> pandas.DataFrame:
    """Read a table; every column is of strings, and an absent value is ``""``.

    ``table.attrs`` holds, as plain lists and dicts (pandas and pyarrow write attributes as JSON):

    ``skipped``
        Rows that are left out, each as a dict of ``row`` (counted from 0 over all rows below the header), ``line`` (of a
        text file, or row of a sheet or list; counted from 1, as an editor shows it), ``found`` and ``expected`` (numbers of
        fields). Where the numbers are not the reason, ``reason`` is: ``"header_again"`` (the header repeated further
        below) or ``"second_header"``.
    ``form``
        The `TableFormat` that was used; `form_of` gives it back.
    ``notes``
        What the reader did or saw besides, as `notes_of` gives it back: characters that were replaced, lines joined by a
        quotation mark, titles left out above the header, merged cells filled down.

    Parameters
    ----------
    form
        How the file is written; detected when not given.

    Raises
    ------
    DataError
        When the file cannot be read as a table; the message names the place and the cure.
    """
    path = _checked(path)
    if is_small_text(path):
        return parsing.read_table(path, form)
    with ask("table", path, form=_stored(form)) as (attributes, folder):
        table = wire.read_table(folder)
    table.attrs.update(attributes)
    return table


def scan_table(path: Path, form: TableFormat | None = None) -> TableScan:
    """Go once through a file without keeping the rows of a text file: every mistake is found before any work begins.

    Raises
    ------
    DataError
        As `read_table` does.
    """
    path = _checked(path)
    if is_small_text(path):
        return parsing.scan_table(path, form)
    with ask("scan", path, form=_stored(form)) as (stored, _):
        return wire.scan_from_dict(path, stored)


def table_pieces(scan: TableScan, rows: int, skip: int = 0) -> Iterator[pandas.DataFrame]:
    """The rows of a scanned file in tables of so many rows, as `read_table` would give them, without the first ``skip``."""
    assert rows <= wire.SHORT
    _checked(scan.path)
    if is_small_text(scan.path):
        yield from parsing.table_pieces(scan, rows, skip)
        return
    with ask("pieces", scan.path, scan=wire.scan_to_dict(scan), rows=rows, skip=skip) as (_, folder):
        yield from wire.read_pieces(folder)


def _checked(path: Path) -> Path:
    check_file(path := Path(path))
    return path


def _stored(form: TableFormat | None) -> dict[str, object] | None:
    return form.to_dict() if form is not None else None
