"""Tables in web pages and in XML workbooks of Excel 2003, which often bear the ending .xls; other XML is named for what it is."""

from __future__ import annotations

import re
import xml.parsers.expat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas

from core.base.errors import DataError
from core.data.reading import table_checks
from core.data.reading.formats import base
from core.data.reading.formats.base import empty_sheet, form_of_kind, no_such_sheet, refuse_corrections, unreadable
from core.data.reading.formats.rows_table import guess_head, table_of_rows
from core.data.reading.table_checks import COLUMNS_LIMIT, too_many_columns
from core.data.reading.table_format import FormatCorrections, Guess, TableFormat, confidence
from core.data.reading.text.encoding import codec_of, detect_encoding, named_encoding

MARKUP_LIMIT = 256 * 1024**2  # bytes
_ARCHIVED = "mime-version:"  # a web page with all its parts in one file, which holds no readable table
_STARTS = ("<!doctype html", "<html", "<head", "<table", "<meta", "<body", _ARCHIVED)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?>\s*<[A-Za-z_!]")
_ROWS_LIMIT = 1 << 20  # as many as a sheet of Excel has
_SPAN_LIMIT = 1000  # columns that one cell may span


class _Table:
    """Rows of a table that grows cell by cell."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.rows: list[list[str]] = []
        self.header = False  # whether the file marks the first row as a header
        self._path = path
        self._width = 0

    def add(self, cell: str, *, column: int | None = None, span: int = 1) -> None:
        """Put a cell into the last row, at a place of its own or after the others."""
        if not self.rows:
            self.rows.append([])
        row = self.rows[-1]
        end = len(row) + 1 if column is None else column + 1
        self._width = max(self._width, end + span - 1)
        if self._width > COLUMNS_LIMIT:
            raise too_many_columns(self._path, self._width)
        if self._width * len(self.rows) > table_checks.CELLS_LIMIT:
            raise table_checks.too_wide(self._path, self.name, len(self.rows), self._width)
        row.extend([""] * (end - 1 - len(row)))
        row.append(cell)
        row.extend([""] * (span - 1))

    def even(self) -> list[list[str]]:
        """The rows, short ones filled up: an empty cell at the end may be left out."""
        return [[*row, *[""] * (self._width - len(row))] for row in self.rows]


class WebPage:
    """A table of an HTML page; the largest where there are several."""

    name = "html"

    def fits(self, path: Path, head: bytes) -> bool:
        return _text_head(head).lstrip("\ufeff \t\r\n").lower().startswith(_STARTS)

    def parts(self, path: Path) -> list[str]:
        tables = _page_tables(path, _encoding(path, None)[0])
        return [table.name for table in tables] if len(tables) > 1 else []

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        refuse_corrections(path, corrections, {"encoding", "sheet", "header", "skip_rows"})
        encoding, sure = _encoding(path, corrections.encoding)
        tables = _page_tables(path, encoding)
        guesses = [Guess("encoding", encoding, confidence(sure, corrections.encoding))]
        return _detect(path, self.name, tables, corrections, guesses)

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        form = form or self.detect(path, FormatCorrections())
        table = _select_table(path, _page_tables(path, form.encoding), form.part)
        return table_of_rows(path, table.even(), form)


class XmlWorkbook:
    """A sheet of an XML workbook (SpreadsheetML, Excel 2003)."""

    name = "xml"

    def fits(self, path: Path, head: bytes) -> bool:
        start = _text_head(head).lstrip("\ufeff \t\r\n")
        return start.startswith("<?xml") or (start.startswith("<") and (_SPREADSHEET in start or _is_xml(path, start)))

    def parts(self, path: Path) -> list[str]:
        tables = _sheets(path)
        return [table.name for table in tables] if len(tables) > 1 else []

    def detect(self, path: Path, corrections: FormatCorrections) -> TableFormat:
        refuse_corrections(path, corrections, {"sheet", "header", "skip_rows"})
        return _detect(path, self.name, _sheets(path), corrections, [])

    def read(self, path: Path, form: TableFormat | None) -> pandas.DataFrame:
        form = form or self.detect(path, FormatCorrections())
        return table_of_rows(path, _select_table(path, _sheets(path), form.part).even(), form)


def _is_xml(path: Path, start: str) -> bool:
    """Whether the file is one XML element with others in it, which texts with tags are not."""
    root = _ROOT.match(start)
    if root is None or path.stat().st_size > MARKUP_LIMIT:
        return False
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - base.HEAD))
        if not stream.read().rstrip(b" \t\r\n\0").endswith(f"</{root[1]}>".encode()):
            return False
        stream.seek(0)
        try:
            xml.parsers.expat.ParserCreate().ParseFile(stream)
        except xml.parsers.expat.ExpatError:
            return False
    return True


def _text_head(head: bytes) -> str:
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if wide else "latin-1", "replace").removeprefix("\u00ef\u00bb\u00bf")


def _detect(
    path: Path, kind: str, tables: list[_Table], corrections: FormatCorrections, guesses: list[Guess]
) -> TableFormat:
    table = _select_table(path, tables, corrections.sheet or "")
    if len(tables) > 1:
        guesses.append(Guess("sheet", table.name, confidence(False, corrections.sheet)))
    guesses += guess_head(table.even()[:1000], corrections, marked=table.header)
    return form_of_kind(kind, guesses, part=table.name if len(tables) > 1 else "")


def _select_table(path: Path, tables: list[_Table], part: str) -> _Table:
    if not part:
        return max(tables, key=lambda table: sum(map(len, table.rows)))
    for table in tables:
        if table.name == part:
            return table
    raise no_such_sheet(path, part, [table.name for table in tables])


def _check_size(path: Path) -> None:
    if path.stat().st_size > MARKUP_LIMIT:
        raise DataError(
            "data.markup_too_large",
            "'{file}' is a web page or XML file of {size:,.0f} MB; the limit is {limit:,.0f} MB. Open it in Excel and save it as "
            ".xlsx or CSV.",
            file=path.name,
            size=path.stat().st_size / 1024**2,
            limit=MARKUP_LIMIT / 1024**2,
        )


def _encoding(path: Path, given: str | None) -> tuple[str, bool]:
    """What a person or the page itself says, or what the bytes say."""
    if given is not None:
        return named_encoding(given), True
    with path.open("rb") as stream:
        told = _CHARSET.search(stream.read(base.HEAD))
    if told is not None:
        try:
            encoding = named_encoding(told[1].decode("ascii", "replace"))
            path.read_bytes().decode(codec_of(encoding))
            return encoding, True
        except (DataError, UnicodeDecodeError):
            pass
    return detect_encoding(path, False)


def _page_tables(path: Path, encoding: str) -> list[_Table]:
    _check_size(path)
    parser, text = _Page(path), path.read_bytes().decode(codec_of(encoding), "replace")
    if not text.lower().startswith(_ARCHIVED):
        parser.feed(text)
    parser.close()
    tables = [table for table in parser.tables if any(any(row) for row in table.rows)]
    if not tables:
        raise DataError(
            "data.page_without_table",
            "'{file}' is a web page, whatever its name says, and holds no table. If Excel opens it, save it there as .xlsx; "
            "otherwise look for the file behind the page.",
            file=path.name,
        )
    return tables


class _Page(HTMLParser):
    """Collects the cells of all tables; of a table in a cell of another, the rows stand in a table of their own."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._path = path
        self._open: list[_Table] = []
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_cell()
            table = _Table(self._path, f"table {len(self.tables) + 1}")
            self.tables.append(table)
            self._open.append(table)
        elif tag == "tr" and self._open:
            self._end_cell()
            self._open[-1].rows.append([])
        elif tag in ("td", "th") and self._open:
            self._end_cell()
            self._span = max(1, min(_number(dict(attrs).get("colspan") or "", 1), _SPAN_LIMIT))
            self._cell = []
            table = self._open[-1]
            if tag == "th" and len(table.rows) <= 1:
                table.header = True
        elif tag in ("br", "p", "div", "li") and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def close(self) -> None:
        super().close()
        self._end_cell()

    def _end_cell(self) -> None:
        if self._cell is None or not self._open:
            return
        lines = [" ".join(line.split()) for line in "".join(self._cell).split("\n")]
        self._open[-1].add("\n".join(filter(None, lines)), span=self._span)
        self._cell = None


def _number(written: str, otherwise: int) -> int:
    """A number as markup has it; of one with thousands of digits the first are large enough."""
    return int(written[:12]) if written.isdecimal() else otherwise


def _sheets(path: Path) -> list[_Table]:
    _check_size(path)
    reader = _Spreadsheet(path)
    try:
        with path.open("rb") as stream:
            reader.parser.ParseFile(stream)
    except xml.parsers.expat.ExpatError as error:
        if reader.is_workbook:
            raise unreadable(path, "Excel XML", error) from None
    if not reader.is_workbook:
        raise DataError(
            "data.xml",
            "'{file}' is an XML file ('{root}'), whatever its name says, and not a workbook. Save the table as CSV or .xlsx "
            "where it was made.",
            file=path.name,
            root=reader.root or "?",
        )
    tables = [table for table in reader.tables if any(any(row) for row in table.rows)]
    if not tables:
        sheets = [table.name for table in reader.tables]
        raise empty_sheet(path, sheets[0] if sheets else "", sheets)
    return tables


class _Spreadsheet:
    """Collects the cells of all sheets of an XML workbook."""

    def __init__(self, path: Path) -> None:
        self.tables: list[_Table] = []
        self.root = ""
        self.is_workbook = False
        self._path = path
        self._data: list[str] | None = None
        self._column = 0
        self.parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self.root:
            self.root, self.is_workbook = name, namespace == _SPREADSHEET and name == "Workbook"
        if namespace != _SPREADSHEET or not self.is_workbook:
            return

        def of(attribute: str, otherwise: str = "") -> str:
            return attributes.get(f"{_SPREADSHEET} {attribute}", otherwise)

        if name == "Worksheet":
            self.tables.append(_Table(self._path, of("Name", f"table {len(self.tables) + 1}")))
        elif name == "Row" and self.tables:
            self._row(self.tables[-1], of("Index"))
        elif name == "Cell" and self.tables:
            self._column = _number(of("Index"), self._column + 1) - 1
        elif name == "Data":
            self._data = []

    def _row(self, table: _Table, index: str) -> None:
        self._column = 0
        number = _number(index, len(table.rows) + 1)
        if number > _ROWS_LIMIT:
            raise DataError(
                "data.row_far_away",
                "A row of sheet '{sheet}' in '{file}' has the number {row:,}; the limit is {limit:,}. Delete the rows below the "
                "table, or save it as CSV.",
                sheet=table.name,
                file=self._path.name,
                row=number,
                limit=_ROWS_LIMIT,
            )
        while len(table.rows) < number:
            table.rows.append([])

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "Data" and self._data is not None and self.tables:
            table = self.tables[-1]
            written = len(table.rows[-1]) if table.rows else 0
            table.add("".join(self._data), column=max(self._column, written))
            self._data = None
        elif name == "Cell":
            self._column += 1

    def _characters(self, data: str) -> None:
        if self._data is not None:
            self._data.append(data)

    def _refuse(self, *_: Any) -> None:
        raise unreadable(self._path, "XML", "entities")
