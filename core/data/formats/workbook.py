"""Workbooks: .xlsx, .xls and .ods; those with macros are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas

from core.data.formats.base import as_string, table_of, unreadable
from core.errors import DataError

ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"


def is_workbook(path: Path) -> bool:
    """Whether a zip file is an Excel or OpenDocument workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            return any(name.startswith("xl/") for name in names) or (
                "mimetype" in names and archive.read("mimetype").startswith(_ODS)
            )
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return False


class Workbook:
    """A sheet of a workbook; its first row that is not empty names the columns."""

    name = "workbook"

    def fits(self, path: Path, head: bytes) -> bool:
        return head.startswith(_OLD_OFFICE) or (head.startswith(ZIP) and is_workbook(path))

    def parts(self, path: Path) -> list[str]:
        book = self._open(path)
        try:
            return [str(sheet) for sheet in book.sheet_names]
        finally:
            book.close()

    def read(self, path: Path, part: str) -> pandas.DataFrame:
        book = self._open(path)
        try:
            sheets = [str(sheet) for sheet in book.sheet_names]
            if part and part not in sheets:
                raise DataError(
                    "data.no_such_sheet",
                    "'{file}' has no sheet '{sheet}'. Its sheets are: {sheets}.",
                    file=path.name,
                    sheet=part,
                    sheets=sheets,
                )
            rows = book.get_sheet_by_name(part or sheets[0]).to_python(skip_empty_area=True)
        except DataError:
            raise
        except Exception as error:  # the reader has an error of its own for each way in which a file can be broken
            raise unreadable(path, "Excel", error) from None
        finally:
            book.close()
        filled = [row for row in rows if any(cell not in ("", None) for cell in row)]
        if not filled:
            raise DataError(
                "data.sheet_empty",
                "Sheet '{sheet}' of '{file}' is empty. Its sheets are: {sheets}. Choose the one with the table.",
                sheet=part or sheets[0],
                file=path.name,
                sheets=sheets,
            )
        names = [as_string(cell).strip() or f"column {index + 1}" for index, cell in enumerate(filled[0])]
        columns = [[as_string(row[index]) for row in filled[1:]] for index in range(len(names))]
        return table_of(path, names, columns)

    def _open(self, path: Path) -> Any:
        import python_calamine

        _refuse_macros(path)
        try:
            return python_calamine.load_workbook(str(path))
        except Exception as error:
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
            macros = [name for name in archive.namelist() if name.lower().endswith("vbaproject.bin")]
    except (zipfile.BadZipFile, OSError):
        macros = []
    if macros or path.suffix.lower() in (".xlsm", ".xlsb", ".xltm", ".xlam"):
        raise DataError(
            "data.macros",
            "'{file}' is a workbook that may hold macros, and is not opened. In Excel choose File › Save as › Excel "
            "workbook (.xlsx), and upload that file.",
            file=path.name,
        )
