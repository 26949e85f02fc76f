"""How many cells a workbook's sheets span, and how much text they hold, told from the files inside before memory is asked for.

A reader of workbooks makes room for the whole rectangle between the first and the last cell: two cells in opposite corners of a
sheet are 17 thousand million. Knows nothing of what the cells mean.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import xml.parsers.expat
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from core.base.errors import DataError
from core.data.reading import table_checks
from core.data.reading.formats import base
from core.data.reading.formats.compound import EndlessError, workbook_cells

XML_LIMIT = 1024**3  # bytes of a sheet, or of all strings, unpacked
TEXT_LIMIT = 2 * 1024**3  # characters in all cells of a sheet together
_SMALL = 1 << 24  # bytes of the list of sheets
_CHUNK = 1 << 22

_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_TAG = re.compile(rb"""<(?:\w+:)?(row|c)\b([^>]*)>""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_SHARED = re.compile(rb"""\st=["']s["'][^>]*>\s*(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>)?\s*<(?:\w+:)?v>([0-9]+)<""")
_UNKNOWN = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)")
_STRING = re.compile(rb"<(?:\w+:)?si\b")


def check_sheet(path: Path, sheet: str) -> None:
    """Raise `DataError` when a sheet of an .xlsx file spans more cells than `CELLS_LIMIT`, or holds too much."""
    if zipfile.is_zipfile(path):
        _check_sheet(path, path.stat().st_mtime_ns, sheet)


@lru_cache(maxsize=8)
def _check_sheet(path: Path, written: int, sheet: str) -> None:
    """Once for each file as it was written: guessing how it is written and reading it look at it in turn."""
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return
            longest, strings = _lengths(path, written)
            for member in _members(archive, sheet):
                _check_member(path, sheet, archive, member, longest, strings)
    except (*base.BROKEN_ZIP, ElementTree.ParseError) as error:
        raise base.unreadable(path, "Excel", error) from None


def _check_member(
    path: Path, sheet: str, archive: zipfile.ZipFile, member: str, longest: int, strings: list[int]
) -> None:
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    shared, cells = 0, 0
    for piece in _pieces(path, archive, member):
        places = _CELL.findall(piece)
        columns.update(letters for letters, _ in places)
        rows.update(number for _, number in places)
        shared += piece.count(b't="s"') + piece.count(b"t='s'")
        cells += piece.count(b"<c") + piece.count(b":c ")
    height, width = max(map(int, rows), default=0), max(map(column_number, columns), default=0)
    # formatted cells without value are no cells, and cells without a place stand side by side: a slower look tells
    if height * width > table_checks.CELLS_LIMIT or cells > 2 * len(rows) * max(1, len(columns)):
        height, width = _filled(_pieces(path, archive, member))
    if height * width > table_checks.CELLS_LIMIT:
        raise table_checks.too_wide(path, sheet, height, width)
    if shared * longest > TEXT_LIMIT:
        counts = Counter(int(index) for piece in _pieces(path, archive, member) for index in _SHARED.findall(piece))
        if sum(count * strings[index] for index, count in counts.items() if index < len(strings)) > TEXT_LIMIT:
            raise _too_large(path, "xl/sharedStrings.xml", TEXT_LIMIT)


def formulas_without_value(path: Path, sheet: str) -> int:
    """Cells of an .xlsx sheet whose formula was never calculated, so that nobody but a spreadsheet program knows its value."""
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return 0
        members = _members(archive, sheet)
        return sum(len(_UNKNOWN.findall(piece)) for member in members for piece in _pieces(path, archive, member))


def _filled(pieces: Iterable[bytes]) -> tuple[int, int]:
    """The last row and column that hold a value, looking at each cell."""
    row = column = height = width = 0
    for piece in pieces:
        for kind, attributes in _TAG.findall(piece):
            reference = _REFERENCE.search(attributes)
            if kind == b"row":
                row, column = (int(reference[2]) if reference else row + 1), 0
                continue
            column = column_number(reference[1]) if reference and reference[1] else column + 1
            if not attributes.endswith(b"/"):
                height, width = (
                    max(height, int(reference[2]) if reference and reference[1] else row),
                    max(width, column),
                )
    return height, width


def column_number(letters: bytes) -> int:
    """``A`` is 1, ``XFD`` is 16,384."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - ord("A") + 1
    return number


def check_strings(path: Path) -> None:
    """Raise `DataError` when the strings that the cells of an .xlsx file share are too large: the reader loads them first."""
    try:
        _lengths(path, path.stat().st_mtime_ns)
    except base.BROKEN_ZIP as error:
        raise base.unreadable(path, "Excel", error) from None


@lru_cache(maxsize=2)
def _lengths(path: Path, written: int) -> tuple[int, list[int]]:
    with zipfile.ZipFile(path) as archive:
        return _shared_strings(path, archive)


def _shared_strings(path: Path, archive: zipfile.ZipFile) -> tuple[int, list[int]]:
    """The longest of the strings that cells share, and the lengths of all in their order, as they are written."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return 0, []
    lengths: list[int] = []
    before = 0  # bytes since the last string began
    for piece in _pieces(path, archive, "xl/sharedStrings.xml"):
        last = 0
        for start in _STRING.finditer(piece):
            lengths.append(before + start.start() - last)
            before, last = 0, start.start()
        before += len(piece) - last
    lengths = [*lengths[1:], before]
    return max(lengths), lengths


def _members(archive: zipfile.ZipFile, sheet: str) -> list[str]:
    """The file of a sheet; those of all sheets where it cannot be told."""
    sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    targets = {}
    if "xl/_rels/workbook.xml.rels" in archive.namelist():
        for relation in _small(archive, "xl/_rels/workbook.xml.rels"):
            targets[relation.get("Id")] = str(relation.get("Target", ""))
    for element in _small(archive, "xl/workbook.xml").iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            identity = next((value for name, value in element.items() if name.endswith("}id")), None)
            target = targets.get(identity, "").lstrip("/").removeprefix("xl/")
            member = str(PurePosixPath("xl") / target)
            return [member] if member in archive.namelist() else sheets
    return sheets


def _small(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as stream:
        content = stream.read(_SMALL)
    if b"<!ENTITY" in content:
        raise zipfile.BadZipFile("entities")
    return ElementTree.fromstring(content)


def _pieces(path: Path, archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A file of the zip in pieces that end between two tags; `DataError` beyond `XML_LIMIT`."""
    seen, rest = 0, b""
    with archive.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            if seen > XML_LIMIT:
                raise _too_large(path, name, XML_LIMIT)
            chunk = rest + chunk
            cut = chunk.rfind(b"<")
            rest = chunk[cut:] if cut > 0 else b""
            yield chunk[:cut] if cut > 0 else chunk
    yield rest


def check_opendocument(path: Path) -> None:
    """Raise `DataError` when the sheets of an .ods file span more cells than `CELLS_LIMIT`; other files are passed over."""
    try:
        with zipfile.ZipFile(path) as archive:
            if "content.xml" not in archive.namelist() or "xl/workbook.xml" in archive.namelist():
                return
            counter = _OpenDocument(path)
            for piece in _pieces(path, archive, "content.xml"):
                counter.parser.Parse(piece, False)
    except base.BROKEN_ZIP as error:
        raise base.unreadable(path, "OpenDocument", error) from None
    except xml.parsers.expat.ExpatError as error:
        raise base.unreadable(path, "OpenDocument", error) from None


class _OpenDocument:
    """Counts the rows and columns of each table of an OpenDocument file, repeated ones included."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table = ""
        self._cells = 0  # of all tables so far
        self._rows = self._row_repeats = self._width = self._height = self._columns = self._filled = 0
        self._repeats = 0
        self._holds = False
        self.parser = xml.parsers.expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._table = attributes.get("table:name", "")
            self._rows = self._width = self._height = 0
        elif tag == "table:table-row":
            self._row_repeats = _count(attributes.get("table:number-rows-repeated"))
            self._columns = self._filled = 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._repeats = _count(attributes.get("table:number-columns-repeated"))
            self._holds = "office:value-type" in attributes
        elif tag == "text:p":
            self._holds = True

    def _end(self, tag: str) -> None:
        if tag in ("table:table-cell", "table:covered-table-cell"):
            self._columns += self._repeats
            self._filled = self._columns if self._holds else self._filled
        elif tag == "table:table-row":
            self._rows += self._row_repeats
            if self._filled:
                self._width, self._height = max(self._width, self._filled), self._rows
                if self._cells + self._width * self._height > table_checks.CELLS_LIMIT:
                    raise table_checks.too_wide(self._path, self._table, self._height, self._width)
        elif tag == "table:table":
            self._cells += self._width * self._height

    def _refuse(self, *_: Any) -> None:
        raise base.unreadable(self._path, "OpenDocument", "entities")


def _count(written: str | None) -> int:
    return int(written[:12]) if written is not None and written.isdecimal() else 1


def check_old_workbook(path: Path) -> None:
    """Raise `DataError` when the sheets of an .xls file span more cells than `CELLS_LIMIT`."""
    cells = 0
    try:
        for height, width in workbook_cells(path):
            cells += height * width
            if cells > table_checks.CELLS_LIMIT:
                raise table_checks.too_wide(path, "", height, width)
    except EndlessError:
        raise base.unreadable(path, "Excel", "its parts lead back to one another") from None


def _too_large(path: Path, name: str, limit: int) -> DataError:
    return DataError(
        "data.workbook_too_large",
        "'{member}' in '{file}' unpacks to more than {limit:.0f} GB. Save the table as CSV, or upload a part of it.",
        member=name,
        file=path.name,
        limit=limit / 1024**3,
    )
