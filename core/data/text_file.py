"""Reads a table that is written as lines of text: CSV and its relatives.

Owns delimiters, headers and ragged rows. Files that leave no doubt are read by `core.data.regular`; all others by the csv module
in chunks (50 MB a second on one core), which tells short rows from empty cells, so that none is lost or padded unseen.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas
import pyarrow

from core.data.encoding import ENCODINGS, codec_of, detect_encoding
from core.data.formats.base import CELL_LIMIT
from core.data.layout import DELIMITERS, detect_layout
from core.data.regular import read_regular
from core.data.rows import Lines, Manner, split_rows
from core.data.source import is_compressed, open_content
from core.data.table_format import TableFormat, TableScan, shown
from core.errors import DataError

_SAMPLE = 1 << 18  # characters from which the layout is guessed
_CHUNK = 50_000  # rows converted at a time
_PROBE = 1000  # rows from which the width of a table without header is taken


def detect_text(path: Path) -> TableFormat:
    """Guess how a text file is written."""
    compressed = is_compressed(path)
    encoding, encoding_certain = detect_encoding(path, compressed)
    with _open_text(path, encoding, compressed, errors="replace") as stream:
        sample = stream.read(_SAMPLE)
    layout = detect_layout(sample, complete=len(sample) < _SAMPLE)
    return TableFormat(encoding, layout.delimiter, layout.header, compressed, encoding_certain and layout.certain)


def read_text(path: Path, form: TableFormat | None) -> pandas.DataFrame:
    """The whole table, with ``attrs["skipped"]``."""
    scan, columns = _pass(path, form, keep=True)
    table: pandas.DataFrame = pyarrow.table(columns, names=scan.names).to_pandas()
    table.attrs["skipped"] = scan.skipped
    return table


def scan_text(path: Path, form: TableFormat | None) -> TableScan:
    """One pass without keeping the rows."""
    return _pass(path, form, keep=False)[0]


def text_pieces(scan: TableScan, rows: int, skip: int) -> Iterator[pandas.DataFrame]:
    """The rows of a scanned file in tables of so many rows, without the first ``skip``."""
    with _open_text(scan.path, scan.form.encoding, scan.form.compressed) as stream:
        again = TableScan(scan.path, scan.form, scan.manner)
        whole = chain.from_iterable(_row_chunks(again, Lines(stream, scan.path.name, scan.form.encoding)))
        remaining = islice(whole, skip, None)
        while piece := list(islice(remaining, rows)):
            yield pyarrow.table(_columns(piece), names=scan.names).to_pandas()


class _IrregularError(Exception):
    """A row of the wrong width where all must be right."""


def _check_form(form: TableFormat) -> None:
    if form.encoding not in ENCODINGS:
        raise DataError(
            "data.encoding_unknown",
            "'{found}' is not an encoding that can be chosen here. Choose one of: {known}.",
            found=form.encoding,
            known=list(ENCODINGS),
        )
    if form.delimiter not in DELIMITERS:
        raise DataError(
            "data.delimiter_unknown",
            "'{found}' is not a delimiter that can be chosen here. Choose one of: {known}.",
            found=form.delimiter,
            known=[shown(delimiter) for delimiter in DELIMITERS],
        )


def _check_single_column(path: Path, form: TableFormat) -> None:
    """A table read with a chosen delimiter came out as one column: is there a delimiter that gives more?"""
    with _open_text(path, form.encoding, form.compressed, errors="replace") as stream:
        sample = stream.read(_SAMPLE)
    better = detect_layout(sample, complete=len(sample) < _SAMPLE)
    if better.certain and better.delimiter != form.delimiter:
        raise DataError(
            "data.wrong_delimiter",
            "Cut at '{chosen}', '{file}' has only one column. Its rows look as if they were cut at '{better}': "
            "choose that delimiter.",
            chosen=shown(form.delimiter),
            file=path.name,
            better=shown(better.delimiter),
        )


def _open_text(path: Path, encoding: str, compressed: bool, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(open_content(path, compressed), codec_of(encoding), errors, newline="")


def _pass(path: Path, form: TableFormat | None, *, keep: bool) -> tuple[TableScan, list[Any]]:
    """Read all rows in the first manner that fits (see `core.data.rows`); their columns, if they are kept."""
    given = form is not None
    form = detect_text(path) if form is None else replace(form, compressed=is_compressed(path))
    _check_form(form)
    scan, columns = (_without_doubt(path, form) if keep else None) or _first_that_fits(path, form, keep)
    if given and len(scan.names) == 1:
        _check_single_column(path, form)
    _check_rows(scan)
    return scan, columns


def _without_doubt(path: Path, form: TableFormat) -> tuple[TableScan, list[Any]] | None:
    """The table of a file that nothing has to be judged about; None for any other."""
    if form.encoding != "utf-8" or form.compressed or form.delimiter == " ":
        return None
    scan = TableScan(path, form)
    with _open_text(path, form.encoding, form.compressed) as stream:
        try:
            _name_columns(scan, _numbered(Lines(stream, path.name, form.encoding), form.delimiter, scan.manner, path))
        except csv.Error:
            return None
    columns = read_regular(path, form.delimiter, len(scan.names))
    if columns is None:
        return None
    columns = [column.slice(int(form.header)) for column in columns]
    scan.rows = len(columns[0])
    return scan, columns


def _first_that_fits(path: Path, form: TableFormat, keep: bool) -> tuple[TableScan, list[Any]]:
    manners: tuple[Manner, ...] = ("strict", "lines", "lenient")
    for manner in manners:
        scan, chunks = TableScan(path, form, manner), []
        with _open_text(path, form.encoding, form.compressed) as stream:
            try:
                for rows in _row_chunks(scan, Lines(stream, path.name, form.encoding)):
                    if keep:
                        chunks.append(_columns(rows))
                return scan, [pyarrow.chunked_array(parts) for parts in zip(*chunks, strict=True)]
            except (csv.Error, _IrregularError):
                continue
    raise AssertionError("the lenient manner reads anything")


def _row_chunks(scan: TableScan, lines: Lines) -> Iterator[list[list[str]]]:
    """The rows of the right width; what else there is to know goes into the scan."""
    rows = _numbered(lines, scan.form.delimiter, scan.manner, scan.path)
    probe = _name_columns(scan, rows)
    width, buffer = len(scan.names), []
    for line, row in islice(chain(probe, rows), 1 if scan.form.header else 0, None):
        row_number = scan.rows
        scan.rows += 1
        if len(row) > width and not any(row[width:]):
            row = row[:width]  # a delimiter at the end of the line
        if len(row) == width:
            _check_cells(scan.path, row, row_number, line)
            buffer.append(row)
        elif scan.manner == "lines":
            raise _IrregularError
        else:
            scan.skipped.append({"row": row_number, "line": line, "found": len(row), "expected": width})
        if len(buffer) == _CHUNK:
            yield buffer
            buffer = []
    if buffer:
        yield buffer


def _name_columns(scan: TableScan, rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Names of the columns into the scan, by the first rows; returns those."""
    probe = list(islice(rows, _PROBE))
    if not probe:
        raise DataError(
            "data.no_rows",
            "'{file}' holds no rows, only blank lines. Expected a table with a column of texts and a column of labels.",
            file=scan.path.name,
        )
    if scan.form.header:
        scan.names = _column_names(scan.path, probe[0][1])
    else:
        width = Counter(len(row) for _, row in probe).most_common(1)[0][0]
        scan.names = [f"column {index + 1}" for index in range(width)]
    return probe


def _numbered(lines: Lines, delimiter: str, manner: Manner, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line each begins on; blank lines are no rows."""
    begin = 1
    for row in split_rows(lines, delimiter, manner):
        if lines.exhausted and manner == "lenient":
            raise DataError(
                "data.quote_open",
                "In '{file}' a quotation mark opens on line {line} and never closes, so that everything after it "
                "became one cell: {start} "
                "Close the quotation mark, or double it where it belongs to the text.",
                file=path.name,
                line=begin,
                start=row[-1][:60],
            )
        if row and (len(row) > 1 or row[0].strip()):
            yield begin, row
        begin = lines.number + 1


def _column_names(path: Path, first: list[str]) -> list[str]:
    names = [cell.strip() or f"column {index + 1}" for index, cell in enumerate(first)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "data.duplicate_columns",
            "'{file}' has several columns of the same name: {names}. Rename them, so that each column has a name of "
            "its own.",
            file=path.name,
            names=twice,
        )
    return names


def _check_cells(path: Path, row: list[str], row_number: int, line: int) -> None:
    longest = max(map(len, row))
    if longest > CELL_LIMIT:
        raise DataError(
            "data.cell_too_long",
            "A cell in row {row:,} of '{file}' (line {line:,}) holds {length:,} characters; the limit is {limit:,}. "
            "Often a quotation mark that never closes is behind it. Correct or remove the row.",
            row=row_number + 1,
            file=path.name,
            line=line,
            length=longest,
            limit=CELL_LIMIT,
        )


def _columns(rows: list[list[str]]) -> list[Any]:
    return [pyarrow.array(column, pyarrow.large_string()) for column in zip(*rows, strict=True)]


def _check_rows(scan: TableScan) -> None:
    if scan.rows == 0:
        raise DataError(
            "data.only_header",
            "'{file}' has a header ({names}) but no rows below it. Check that the file was saved completely.",
            file=scan.path.name,
            names=scan.names,
        )
    skipped = scan.skipped
    if 2 * len(skipped) > scan.rows:
        raise DataError(
            "data.ragged",
            "{count:,} of {rows:,} rows of '{file}' do not have the {expected} fields expected; the first is line "
            "{line:,}, with {found}. "
            "Check the delimiter, and put texts that contain it in quotation marks.",
            count=len(skipped),
            rows=scan.rows,
            file=scan.path.name,
            expected=skipped[0]["expected"],
            line=skipped[0]["line"],
            found=skipped[0]["found"],
        )
