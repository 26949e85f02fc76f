"""Reads a file into a table of strings in this very process, and guesses how it is written.

Knows nothing of which column is the text or the label. What comes from outside goes through `core.data.reading.tables`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas

from core.base.files import scratch
from core.data.reading.formats import FORMATS, Format, format_of, inside, is_zip
from core.data.reading.formats.base import HEAD, nested, refuse_corrections
from core.data.reading.source import check_file, is_compressed, open_content, open_plain
from core.data.reading.table_format import FormatCorrections, TableFormat, TableScan, form_of, notes_of, skipped_of
from core.data.reading.text.reader import detect_text, read_text, scan_text, text_pieces


def detect_format(path: Path, corrections: FormatCorrections = FormatCorrections()) -> TableFormat:  # noqa: B008 - frozen
    """Guess how a table is written, except what a person said of it.

    Raises
    ------
    DataError
        For a file that is missing, empty or holds no table, and for corrections that are unknown or have no meaning for it.
    """
    with _opened(Path(path)) as (file, reader):
        if reader is not None:
            return reader.detect(file, corrections)
        refuse_corrections(file, corrections, {"encoding", "delimiter", "header", "skip_rows"})
        return detect_text(file, corrections)


def parts_of(path: Path) -> list[str]:
    """Names of the tables in a file, such as the sheets of a workbook; empty where there is only one without a name."""
    with _opened(Path(path)) as (file, reader):
        return [] if reader is None else reader.parts(file)


def read_table(path: Path, form: TableFormat | None = None) -> pandas.DataFrame:
    """Read a table in this process; `core.data.reading.tables.read_table` says what comes of it."""
    with _opened(Path(path)) as (file, reader):
        if reader is None:
            return read_text(file, form)
        return reader.read(file, form)


def scan_table(path: Path, form: TableFormat | None = None) -> TableScan:
    """Go once through a file without keeping the rows of a text file: every mistake is found before any work begins.

    Raises
    ------
    DataError
        As `read_table` does.
    """
    path = Path(path)
    with _opened(path) as (file, reader):
        if reader is None:
            return replace(scan_text(file, form), path=path)
        table = reader.read(file, form)
        skipped = skipped_of(table)
        names = [str(name) for name in table.columns]
        return TableScan(
            path,
            form_of(table) or detect_format(path),
            names=names,
            skipped=skipped,
            rows=len(table) + len(skipped),
            notes=notes_of(table),
        )


def table_pieces(scan: TableScan, rows: int, skip: int = 0) -> Iterator[pandas.DataFrame]:
    """The rows of a scanned file in tables of so many rows, as `read_table` would give them, without the first ``skip``."""
    with _opened(scan.path) as (file, reader):
        if reader is None:
            yield from text_pieces(replace(scan, path=file), rows, skip)
            return
        table = reader.read(file, scan.form)
        for start in range(skip, len(table), rows):
            yield table.iloc[start : start + rows].reset_index(drop=True)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, Format | None]]:
    """The file, out of its zip, and its format; None for text. Values nested too deep for any reader end in a `DataError`."""
    try:
        with _unpacked(path) as opened:
            yield opened
    except RecursionError:
        raise nested(path) from None


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Path, Format | None]]:
    """A gzip file is unpacked only where text is not in it."""
    check_file(path)
    with open_plain(path) as stream:
        head = stream.read(HEAD)
    reader = format_of(path, head, FORMATS)
    if reader is not None:
        yield path, reader
    elif is_zip(path, head):
        with inside(path) as file, _unpacked(file) as opened:
            yield opened
    elif is_compressed(path) and (reader := format_of(path, _unpacked_head(path), FORMATS)) is not None:
        with scratch() as folder:
            file = folder / path.name.removesuffix(".gz")
            with open_content(path, True) as source, file.open("wb") as target:
                while part := source.read(1 << 20):
                    target.write(part)
            yield file, reader
    else:
        yield path, None


def _unpacked_head(path: Path) -> bytes:
    with open_content(path, True) as stream:
        return stream.read(HEAD)
