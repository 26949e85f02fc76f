"""Workbooks: .xlsx, .xls and .ods; those with macros are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas

from core.base.errors import DataError
from core.base.messages import Message
from core.data.reading.formats.base import (
    BROKEN_ZIP,
    as_string,
    empty_sheet,
    form_of_kind,
    no_such_sheet,
    refuse_corrections,
    unreadable,
)
from core.data.reading.formats.dimensions import (
    check_old_workbook,
    check_opendocument,
    check_sheet,
    check_strings,
    formulas_without_value,
)
from core.data.reading.formats.rows_table import guess_head, table_of_rows
from core.data.reading.notes import note_formulas, note_merged
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, confidence

ZIP = b"PK\x03\x04"
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_PROBE = 1000  # rows from which the header is guessed


def is_workbook(path: Path) -> bool:
    """Whether a zip file is an Excel or OpenDocument workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            return any(name.startswith("xl/") for name in names) or _is_opendocument(archive)
    except BROKEN_ZIP:
        return False


def _is_opendocument(archive: zipfile.ZipFile) -> bool:
    if "mimetype" not in archive.namelist():
        return False
    with archive.open("mimetype") as stream:
        return stream.read(len(_ODS)).startswith(_ODS)


class Workbook:
    """A sheet of a workbook."""

    name = "workbook"

    def fits(self, path: Path, head: bytes) -> bool:
        return head.startswith(OLD_OFFICE) or (head.startswith(ZIP) and is_workbook(path))

    def parts(self, path: Path) -> list[str]:
        with _opened(path) as book:
            return [str(sheet) for sheet in book.sheet_names]

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        refuse_corrections(path, corrections, {"sheet", "header", "skip_rows"})
        with _opened(path) as book:
            part, rows, _ = _sheet_with_table(path, book, corrections.sheet, _PROBE)
            return self._form(book, part, rows, corrections)

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        with _opened(path) as book:
            sheets = [str(sheet) for sheet in book.sheet_names]
            if form is not None:
                part = form.part or sheets[0]
                rows, notes = _rows(path, book, part)
            else:
                part, rows, notes = _sheet_with_table(path, book, None, None)
                form = self._form(book, part, rows[:_PROBE], FormatCorrections())
        if not any(any(row) for row in rows):
            raise empty_sheet(path, part, sheets)
        return table_of_rows(path, rows, form, notes)

    def _form(self, book: Any, part: str, rows: list[list[str]], corrections: FormatCorrections) -> TableFormat:
        guesses = []
        if len(book.sheet_names) > 1:
            guesses.append(Guess("sheet", part, confidence(False, corrections.sheet)))
        return form_of_kind(self.name, [*guesses, *guess_head(rows, corrections)], part=part)


def _sheet_with_table(
    path: Path, book: Any, given: str | None, count: int | None
) -> tuple[str, list[list[str]], list[Message]]:
    """The sheet that was said, or else the first with at least two rows and columns, or else the first; with its rows."""
    first: tuple[str, list[list[str]], list[Message]] | None = None
    for sheet in [given] if given is not None else [str(sheet) for sheet in book.sheet_names]:
        rows, notes = _rows(path, book, sheet, count)
        first = first or (sheet, rows, notes)
        filled = [row for row in rows[:_PROBE] if any(row)]
        if len(filled) > 1 and max(sum(map(bool, row)) for row in filled) > 1:
            return sheet, rows, notes
    if first is None:
        raise unreadable(path, "Excel", "no sheet")
    return first


def _rows(path: Path, book: Any, part: str, count: int | None = None) -> tuple[list[list[str]], list[Message]]:
    """Rows of a sheet from its first on, merged cells filled down, and what is to say of that."""
    sheets = [str(sheet) for sheet in book.sheet_names]
    if part not in sheets:
        raise no_such_sheet(path, part, sheets)
    check_sheet(path, part)
    with _told(path):
        sheet = book.get_sheet_by_name(part)
        cells = sheet.to_python(skip_empty_area=False, nrows=count)
        merged = sheet.merged_cell_ranges or []
    rows, columns = _filled_columns(cells)
    places = {column: index for index, column in enumerate(columns)}
    filled = sum(
        _fill_down(rows, (top, places[left]), end[0])
        for (top, left), end in merged
        if left in places and top < len(rows)
    )
    notes = [note_merged(filled)] if filled else []
    if count is None and _has_name_alone(rows) and (formulas := formulas_without_value(path, part)):
        notes.append(note_formulas(formulas))
    return rows, notes


def _filled_columns(cells: list[list[Any]]) -> tuple[list[list[str]], list[int]]:
    """The rows of a sheet as strings without the columns that hold nothing, and the numbers of the others.

    One stray cell far from the table makes a sheet of millions of empty cells; those are counted, not looked at.
    """
    holds = [row.count("") < len(row) for row in cells]
    columns = sorted(
        {
            column
            for row, some in zip(cells, holds, strict=True)
            if some
            for column, cell in enumerate(row)
            if cell != ""
        }
    )
    return [
        [as_string(row[column]) for column in columns] if some else [""] * len(columns)
        for row, some in zip(cells, holds, strict=True)
    ], columns


def _has_name_alone(rows: list[list[str]]) -> bool:
    """Whether a column holds a single cell, as one does whose formulas were never calculated."""
    filled = [row for row in rows if any(row)]
    return len(filled) > 2 and any(sum(map(bool, column)) == 1 for column in zip(*filled, strict=True))


def _fill_down(rows: list[list[str]], start: tuple[int, int], bottom: int) -> int:
    """Give all rows of a merged cell its value, in its first column; returns how many cells were empty before."""
    top, left = start
    if not rows[top][left]:
        return 0
    count = 0
    for row in rows[top + 1 : bottom + 1]:
        if not row[left]:
            row[left] = rows[top][left]
            count += 1
    return count


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The workbook, told by its content: of a path the reader would believe the ending."""
    import python_calamine

    _refuse_macros(path)
    if not zipfile.is_zipfile(path):
        check_old_workbook(path)
    else:
        check_opendocument(path)
        check_strings(path)
    content = io.BytesIO(path.read_bytes())
    with _told(path):
        book = python_calamine.load_workbook(content)
    try:
        yield book
    finally:
        book.close()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """The reader has an error of its own for each way in which a file can be broken, and a panic, which is no `Exception`."""
    try:
        yield
    except (MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise DataError(
                "data.workbook_locked",
                "'{file}' is protected by a password. Save it without one, or save the sheet as CSV.",
                file=path.name,
            ) from None
        raise unreadable(path, "Excel", error) from None


def _refuse_macros(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()]
    except BROKEN_ZIP:
        names = []
    macros = any(name.endswith(("vbaproject.bin", "xl/workbook.bin")) for name in names)
    if macros or path.suffix.lower() in (".xlsm", ".xlsb", ".xltm", ".xlam"):
        raise DataError(
            "data.macros",
            "'{file}' is a workbook that may hold macros, and is not opened. In Excel choose File › Save as › Excel "
            "workbook (.xlsx), and upload that file.",
            file=path.name,
        )
