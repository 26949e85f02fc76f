"""Reads a table that is written as lines of text: CSV and its relatives.

Owns the order in which readers are tried. Files that leave no doubt are read by `regular`; all others by the csv module
in chunks (50 MB a second on one core), which tells short rows from empty cells, so that none is lost or padded unseen.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.compute

from core.base.errors import DataError
from core.data.reading.names import visible_names
from core.data.reading.notes import (
    HEADER_AGAIN,
    SECOND_HEADER,
    note_columns_without_name,
    note_dialect,
    note_fasttext,
    note_headers,
    note_joins,
    note_names_without_column,
    note_replaced_bytes,
    note_separator,
    note_titles,
    note_weak_encoding,
)
from core.data.reading.source import is_compressed, open_content
from core.data.reading.table_checks import TEXT_CELLS_LIMIT, check_names, too_wide
from core.data.reading.table_format import (
    FormatCorrections,
    Guess,
    TableFormat,
    TableScan,
    confidence,
    describe,
    named_delimiter,
)
from core.data.reading.text.checks import check_cells, check_format, check_rows, no_rows, wrong_delimiter
from core.data.reading.text.dialects import translator
from core.data.reading.text.encoding import WEAK, codec_of, detect_encoding, is_slightly_damaged, named_encoding
from core.data.reading.text.heading import column_names, is_second_header, numbered_names
from core.data.reading.text.layout import detect_layout, is_fasttext, separator_line
from core.data.reading.text.quoting import ColumnTraits, Joins, careful_rows, columns_of, may_be_row
from core.data.reading.text.regular import read_regular
from core.data.reading.text.rows import WRONG_ENCODING, Lines, Manner, fields_of_line, split_rows, wrong_encoding

_SAMPLE = 1 << 18  # characters from which the layout is guessed
_CHUNK = 50_000  # rows converted at a time
_CHUNK_CELLS = 1_000_000  # at most
_PROBE = 1000  # rows from which widths and names are judged
_LOOKED_OVER = 50_000  # lines from which columns are judged where quotation marks leave doubt


@dataclass
class _Pass:
    """One pass over a file: how it is read, and what turns up besides rows."""

    scan: TableScan
    errors: str = "strict"
    first: list[str] = field(default_factory=list)  # the header as it is written
    joins: Joins = field(default_factory=Joins)
    columns: ColumnTraits | None = None  # what the careful manner knows of rows


def detect_text(path: Path, corrections: FormatCorrections) -> TableFormat:
    """Guess how a text file is written, except what a person said of it."""
    compressed = is_compressed(path)
    if corrections.encoding is None:
        encoding, encoding_sure = detect_encoding(path, compressed)
    else:
        encoding, encoding_sure = named_encoding(corrections.encoding), True
    delimiter = None if corrections.delimiter is None else named_delimiter(corrections.delimiter)
    check_format(TableFormat(encoding, delimiter or ",", True, compressed, True))
    sample = _sample(path, encoding, compressed)
    layout = detect_layout(
        sample,
        complete=len(sample) < _SAMPLE,
        delimiter=delimiter,
        header=corrections.header,
        skip=corrections.skip_rows,
    )
    guesses = [
        Guess("encoding", encoding, confidence(encoding_sure, corrections.encoding)),
        Guess("delimiter", layout.delimiter, confidence(layout.delimiter_sure, delimiter)),
        Guess("header", layout.header, confidence(layout.header_sure, corrections.header)),
    ]
    if layout.skip or corrections.skip_rows is not None:
        guesses.append(Guess("skip_rows", layout.skip, confidence(layout.skip_sure, corrections.skip_rows)))
    return TableFormat(
        encoding,
        layout.delimiter,
        layout.header,
        compressed,
        all(guess.sure for guess in guesses),
        skip_rows=layout.skip,
        dialect=layout.dialect,
        guesses=tuple(guesses),
    )


def read_text(path: Path, form: TableFormat | None) -> pandas.DataFrame:
    """The whole table with its attributes, as `core.data.reading.tables.read_table` describes them."""
    scan, columns = _read(path, form, keep=True)
    table: pandas.DataFrame = pyarrow.table(columns, names=scan.names).to_pandas()
    table.attrs["skipped"] = scan.skipped
    describe(table, scan.form, scan.notes)
    return table


def scan_text(path: Path, form: TableFormat | None) -> TableScan:
    """One pass without keeping the rows."""
    return _read(path, form, keep=False)[0]


def text_pieces(scan: TableScan, rows: int, skip: int) -> Iterator[pandas.DataFrame]:
    """The rows of a scanned file in tables of so many rows, without the first ``skip``."""
    again = _Pass(TableScan(scan.path, scan.form, scan.manner), scan.errors)
    with _open_text(scan.path, scan.form, scan.errors) as stream:
        whole = chain.from_iterable(_row_chunks(again, _lines(stream, scan)))
        remaining = islice(whole, skip, None)
        while piece := list(islice(remaining, rows)):
            yield pyarrow.table(_arrays(piece), names=scan.names).to_pandas()


class _IrregularError(Exception):
    """A row that leaves doubt where all must be beyond it."""


def _open_text(path: Path, form: TableFormat, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(open_content(path, form.compressed), codec_of(form.encoding), errors, newline="")


def _sample(path: Path, encoding: str, compressed: bool) -> str:
    with _open_text(path, TableFormat(encoding, ",", True, compressed, True), "replace") as stream:
        try:
            return stream.read(_SAMPLE)
        except UnicodeError:  # UTF-16 without a byte order mark
            raise wrong_encoding(path.name, encoding, 1) from None


def _lines(stream: io.TextIOWrapper, scan: TableScan) -> Lines:
    form = scan.form
    translate = translator(form.dialect, form.delimiter)
    return Lines(stream, scan.path.name, form.encoding, skip=form.skip_rows, translate=translate)


def _read(path: Path, form: TableFormat | None, *, keep: bool) -> tuple[TableScan, list[Any]]:
    """Read all rows by the first reader that fits; their columns, if they are kept."""
    given = form is not None
    form = detect_text(path, FormatCorrections()) if form is None else replace(form, compressed=is_compressed(path))
    check_format(form)
    try:
        taken, columns = (_without_doubt(path, form) if keep else None) or _first_that_fits(path, form, keep, "strict")
    except DataError as error:
        if error.message.key != WRONG_ENCODING or not is_slightly_damaged(path, form.compressed, form.encoding):
            raise
        taken, columns = _first_that_fits(path, form, keep, "replace")
    scan = taken.scan
    if given and len(scan.names) == 1:
        _check_single_column(path, form)
    check_rows(scan, taken.joins.open)
    scan.notes = [*_notes_of_head(path, form), *scan.notes, *note_headers(scan.skipped), *note_joins(taken.joins)]
    if taken.joins.doubt or scan.errors == "replace":
        scan.form = replace(form, certain=False)
    return scan, columns


def _without_doubt(path: Path, form: TableFormat) -> tuple[_Pass, list[Any]] | None:
    """The table of a file that nothing has to be judged about; None for any other."""
    if form.encoding != "utf-8" or form.compressed or form.delimiter == " " or len(form.delimiter) > 1 or form.dialect:
        return None
    taken = _Pass(TableScan(path, form))
    with _open_text(path, form) as stream:
        lines = _lines(stream, taken.scan)
        try:
            rows = _numbered(taken, lines)
            probe = list(islice(rows, 1))
            head = lines.number if form.header else form.skip_rows
            probe += islice(rows, _PROBE - 1)
        except csv.Error:
            return None
    _name_columns(taken, [row for _, row, _ in probe])
    if form.header and len(probe) > 1 and is_second_header(probe[1][1], taken.scan.names):
        return None
    columns = read_regular(path, form.delimiter, len(taken.scan.names), leave_out=head)
    if columns is None or (form.header and _holds(columns, taken.first)):
        return None
    taken.scan.rows = len(columns[0])
    return taken, columns


def _holds(columns: Sequence[Any], row: list[str]) -> bool:
    """Whether a row stands in columns; the first two tell."""
    same = [pyarrow.compute.equal(column, cell) for column, cell in zip(columns[:2], row[:2], strict=False)]
    return bool(pyarrow.compute.any(same[0] if len(same) == 1 else pyarrow.compute.and_(*same)).as_py())


def _first_that_fits(path: Path, form: TableFormat, keep: bool, errors: str) -> tuple[_Pass, list[Any]]:
    manners: tuple[Manner, ...] = ("strict", "careful")
    for manner in manners:
        taken, chunks = _Pass(TableScan(path, form, manner, errors=errors), errors), []
        with _open_text(path, form, errors) as stream:
            lines = _lines(stream, taken.scan)
            try:
                for rows in _row_chunks(taken, lines):
                    if keep:
                        chunks.append(_arrays(rows))
            except (csv.Error, _IrregularError):
                continue
        if errors == "replace" and lines.replaced:
            taken.scan.notes.append(note_replaced_bytes(lines.replaced, form.encoding))
        empty = [pyarrow.chunked_array([], pyarrow.large_string()) for _ in taken.scan.names]
        return taken, [pyarrow.chunked_array(parts) for parts in zip(*chunks, strict=True)] or empty
    raise AssertionError("the careful manner reads anything")


def _row_chunks(taken: _Pass, lines: Lines) -> Iterator[list[list[str]]]:
    """The rows of the right width; what else there is to know goes into the scan."""
    scan = taken.scan
    if scan.manner == "careful":
        taken.columns = _look_over(scan, taken.errors)
    rows = _numbered(taken, lines)
    probe = list(islice(rows, _PROBE))
    _name_columns(taken, [row for _, row, _ in probe])
    width, header, buffer = len(scan.names), scan.form.header, []
    chunk = max(1, min(_CHUNK, _CHUNK_CELLS // max(1, width)))
    for line, row, group in islice(chain(probe, rows), 1 if header else 0, None):
        if group and all(may_be_row(text, scan.form.delimiter, width) for text in group):
            raise _IrregularError
        row_number = scan.rows
        scan.rows += 1
        if header and width > 1 and (reason := _names_again(taken, row, row_number)):
            scan.skipped.append(_skipped(row_number, line, row, width) | {"reason": reason})
            continue
        if len(row) > width and not any(row[width:]):
            row = row[:width]  # a delimiter at the end of the line
        if len(row) == width:
            check_cells(scan.path, row, row_number, line)
            buffer.append(row)
        else:
            scan.skipped.append(_skipped(row_number, line, row, width))
        if len(buffer) == chunk:
            if scan.rows * width > TEXT_CELLS_LIMIT:
                raise too_wide(scan.path, "", scan.rows, width, TEXT_CELLS_LIMIT)
            yield buffer
            buffer = []
    if buffer:
        yield buffer


def _skipped(number: int, line: int, row: list[str], width: int) -> dict[str, Any]:
    return {"row": number, "line": line, "found": len(row), "expected": width}


def _names_again(taken: _Pass, row: list[str], number: int) -> str | None:
    """Why a row is no data but names the columns; None for data."""
    if row == taken.first:
        return HEADER_AGAIN
    return SECOND_HEADER if number == 0 and is_second_header(row, taken.scan.names) else None


def _name_columns(taken: _Pass, probe: list[list[str]]) -> None:
    """Names of the columns into the scan, by the first rows."""
    scan = taken.scan
    if not probe:
        raise no_rows(scan.path)
    if not scan.form.header:
        scan.names = numbered_names(Counter(map(len, probe)).most_common(1)[0][0])
        check_names(scan.path, scan.names)
        return
    taken.first = probe[0]
    scan.names = column_names(probe[0], probe[1:])
    check_names(scan.path, scan.names)
    written, width = visible_names(probe[0]), len(scan.names)
    if any(written[width:]):
        scan.notes.append(note_names_without_column([name for name in written[width:] if name]))
    if len(written) < width:
        scan.notes.append(note_columns_without_name([name for name in scan.names if name not in written]))


def _look_over(scan: TableScan, errors: str) -> ColumnTraits:
    """What the first lines of a file tell of its rows, each taken for itself."""
    delimiter = scan.form.delimiter
    with _open_text(scan.path, scan.form, errors) as stream:
        lines = [line for line in islice(_lines(stream, scan), _LOOKED_OVER) if line.strip()]
    rows = [fields_of_line(line, delimiter) for line in lines]
    if not rows:
        raise no_rows(scan.path)
    if scan.form.header:
        width = len(column_names(rows[0], rows[1 : 1 + _PROBE]))
    else:
        widths = Counter(len(row) for row in rows if len(row) > 1) or Counter([1])
        width = widths.most_common(1)[0][0]
    return columns_of(lines[1:] if scan.form.header else lines, delimiter, width)


def _numbered(taken: _Pass, lines: Lines) -> Iterator[tuple[int, list[str], tuple[str, ...]]]:
    """Rows with the number of the line each begins on, and its lines where the reader joined several; blank lines are no rows."""
    delimiter = taken.scan.form.delimiter
    if taken.columns is not None and delimiter != " " and len(delimiter) == 1:
        for begin, row in careful_rows(lines, delimiter, taken.columns, taken.joins):
            if row and (len(row) > 1 or row[0].strip()):
                yield begin, row, ()
        return
    for row in split_rows(lines, delimiter, "strict"):
        held = tuple(lines.held) if len(lines.held) > 1 else ()
        lines.held.clear()
        if row and (len(row) > 1 or row[0].strip()):
            yield lines.number - max(0, len(held) - 1), row, held


def _check_single_column(path: Path, form: TableFormat) -> None:
    """A table read with a chosen delimiter came out as one column: is there a delimiter that gives more?"""
    sample = _sample(path, form.encoding, form.compressed)
    better = detect_layout(sample, complete=len(sample) < _SAMPLE)
    if better.certain and better.delimiter != form.delimiter:
        raise wrong_delimiter(path, form.delimiter, better.delimiter)


def _notes_of_head(path: Path, form: TableFormat) -> Iterator[Any]:
    """What is to say of the encoding and of the lines above the table."""
    if form.encoding in WEAK and any(guess.part == "encoding" and not guess.sure for guess in form.guesses):
        yield note_weak_encoding(form.encoding)
    if form.dialect:
        yield note_dialect(form.dialect)
    if not form.skip_rows and form.delimiter != " ":
        return
    sample = _sample(path, form.encoding, form.compressed)
    if form.delimiter == " " and is_fasttext(sample):
        yield note_fasttext()
    if not form.skip_rows:
        return
    above = [line.strip("\r\n\ufeff") for line in islice(io.StringIO(sample, newline=""), form.skip_rows)]
    if separator_line(sample) is not None:
        yield note_separator(above.pop(0))
    if filled := [line for line in above if line.strip()]:
        yield note_titles(len(filled), filled[0])


def _arrays(rows: list[list[str]]) -> list[Any]:
    return [pyarrow.array(column, pyarrow.large_string()) for column in zip(*rows, strict=True)]
