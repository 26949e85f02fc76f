"""What makes lines of text unreadable as a table, as sentences: unknown formats, ragged rows, endless cells."""

from __future__ import annotations

from pathlib import Path

from core.base.errors import DataError
from core.data.reading.table_checks import CELL_LIMIT, only_header
from core.data.reading.table_format import TableFormat, TableScan, shown
from core.data.reading.text.encoding import ENCODINGS
from core.data.reading.text.layout import DELIMITERS, LONGEST_DELIMITER


def check_format(form: TableFormat) -> None:
    """Raise `DataError` for an encoding nobody knows, or a delimiter that cannot be one."""
    if form.encoding not in ENCODINGS:
        raise DataError(
            "data.encoding_unknown",
            "'{found}' is not an encoding that can be chosen here. Choose one of: {known}.",
            found=form.encoding,
            known=list(ENCODINGS),
        )
    signs = form.delimiter
    if not 0 < len(signs) <= LONGEST_DELIMITER or any(sign in '"\r\n\0' or sign.isalnum() for sign in signs):
        raise DataError(
            "data.delimiter_unknown",
            "'{found}' cannot be a delimiter. Use one to ten signs that are neither letters, digits, quotation marks nor line "
            "ends, such as: {known}.",
            found=signs,
            known=[shown(delimiter) for delimiter in (*DELIMITERS, "||", "_!_")],
        )


def wrong_delimiter(path: Path, delimiter: str, better: str) -> DataError:
    """The error for a chosen delimiter that gives one column where another gives more."""
    return DataError(
        "data.wrong_delimiter",
        "Cut at '{chosen}', '{file}' has only one column. Its rows look as if they were cut at '{better}': "
        "choose that delimiter.",
        chosen=shown(delimiter),
        file=path.name,
        better=shown(better),
    )


def no_rows(path: Path) -> DataError:
    """The error for a file of blank lines."""
    return DataError(
        "data.no_rows",
        "'{file}' holds no rows, only blank lines. Expected a table with a column of texts; a "
        "classifier also needs one of labels.",
        file=path.name,
    )


def check_cells(path: Path, row: list[str], row_number: int, line: int) -> None:
    """Raise `DataError` for a cell beyond all measure."""
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


def check_rows(scan: TableScan, unclosed: tuple[int, str] | None = None) -> None:
    """Raise `DataError` where no row or hardly any has the right width.

    Parameters
    ----------
    unclosed
        The line on which a quotation mark opens that never closes, and how it begins.
    """
    if scan.rows == 0:
        raise only_header(scan.path, scan.names)
    ragged = [skip for skip in scan.skipped if "reason" not in skip]
    if 2 * len(ragged) <= scan.rows:
        if scan.rows == len(scan.skipped):
            raise only_header(scan.path, scan.names)
        return
    if unclosed is not None:
        raise DataError(
            "data.quote_open",
            "In '{file}' a quotation mark opens on line {line} and never closes, so that everything after it "
            "became one cell: {start} "
            "Close the quotation mark, or double it where it belongs to the text.",
            file=scan.path.name,
            line=unclosed[0],
            start=unclosed[1],
        )
    raise DataError(
        "data.ragged",
        "{count:,} of {rows:,} rows of '{file}' do not have the {expected} fields expected; the first is line "
        "{line:,}, with {found}. "
        "Check the delimiter, and put texts that contain it in quotation marks.",
        count=len(ragged),
        rows=scan.rows,
        file=scan.path.name,
        expected=ragged[0]["expected"],
        line=ragged[0]["line"],
        found=ragged[0]["found"],
    )
