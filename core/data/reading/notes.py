"""What a reader did or saw, as sentences that stand with the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.base.messages import Message, message
from core.data.reading.text.dialects import BACKSLASH, ENCLOSING, MARKDOWN
from core.data.reading.text.quoting import Joins

_LISTED = 5  # places that are named
HEADER_AGAIN, SECOND_HEADER = "header_again", "second_header"


def note_separator(line: str) -> Message:
    """An Excel line such as ``sep=;`` was followed."""
    return message("data.note_separator", "The first line, '{line}', tells the delimiter and is left out.", line=line)


def note_titles(count: int, start: str) -> Message:
    """Lines or rows above the table were left out."""
    return message(
        "data.note_titles",
        "Left out above the table, besides blank lines: {count:,} (the first: {start}). Change this where rows are to be "
        "skipped.",
        count=count,
        start=start[:60],
    )


def note_headers(skipped: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Rows that name the columns once more were left out."""
    again = [skip["line"] for skip in skipped if skip.get("reason") == HEADER_AGAIN]
    second = [skip["line"] for skip in skipped if skip.get("reason") == SECOND_HEADER]
    notes = []
    if again:
        notes.append(
            message(
                "data.note_header_again",
                "The header is repeated further below and left out there: {count:,} times, first in line {line:,}.",
                count=len(again),
                line=again[0],
            )
        )
    if second:
        notes.append(
            message(
                "data.note_second_header",
                "Line {line:,} goes on naming the columns and is left out.",
                line=second[0],
            )
        )
    return notes


def note_names_without_column(names: Sequence[str]) -> Message:
    """The header is longer than the rows."""
    return message(
        "data.note_names_without_column",
        "The header names columns that no row has: {names}. They are left out.",
        names=list(names),
    )


def note_columns_without_name(names: Sequence[str]) -> Message:
    """The header is shorter than the rows."""
    return message(
        "data.note_columns_without_name",
        "The header is shorter than the rows; columns that it does not name are called: {names}.",
        names=list(names),
    )


def note_dialect(dialect: str) -> Message:
    """The file is written otherwise than CSV."""
    if dialect == BACKSLASH:
        return message(
            "data.note_backslash",
            "Quotation marks inside texts stand behind a backslash, and are read as part of the text.",
        )
    if dialect == MARKDOWN:
        return message("data.note_markdown", "Read as a table of Markdown; the line below its header is left out.")
    if dialect in ENCLOSING:
        return message(
            "data.note_other_marks",
            "Fields stand in {opening}…{closing} instead of quotation marks; the marks are left out.",
            opening=ENCLOSING[dialect][0],
            closing=ENCLOSING[dialect][1],
        )
    return message(
        "data.note_text_joined",
        "Rows have more fields than the header has names: texts that hold the delimiter stand without quotation marks. What is "
        "too much is read as part of column {column}. Check some rows.",
        column=int(dialect.partition("/")[0]) + 1,
    )


def note_fasttext() -> Message:
    """Labels bear the mark of fastText."""
    return message("data.note_fasttext", "Read as a file for fastText; the labels are taken without '__label__'.")


def note_replaced_bytes(replaced: Mapping[int, int], encoding: str) -> Message:
    """Bytes without meaning were read as U+FFFD."""
    return message(
        "data.note_replaced_bytes",
        "Bytes that have no meaning in {encoding} are read as �: {count:,}, in lines {lines}.",
        encoding=encoding,
        count=sum(replaced.values()),
        lines=_listed(sorted(replaced)),
    )


def note_replaced_cells(count: int, places: Sequence[tuple[int, str]]) -> Message:
    """Characters that no text has, such as half an emoji, were replaced."""
    return message(
        "data.note_replaced_cells",
        "Cells with characters that no text has, such as half an emoji, read as �: {count:,}. The first, by row (column): "
        "{places}.",
        count=count,
        places=[f"{row:,} ({column})" for row, column in places[:_LISTED]],
    )


def note_weak_encoding(encoding: str) -> Message:
    """The encoding is no more than the most plausible one."""
    return message(
        "data.note_weak_encoding",
        "The file is not UTF-8; {encoding} is the most plausible encoding. If letters look wrong, choose another.",
        encoding=encoding,
    )


def note_joins(joins: Joins) -> list[Message]:
    """Quotation marks that open in one line and close in another."""
    notes = []
    if joins.apart:
        notes.append(
            message(
                "data.note_marks_are_text",
                "A quotation mark opens in one line and closes in another: lines {lines}. Each of these lines is complete "
                "as it stands, so each is a row and the mark is text.",
                lines=_spans(joins.apart),
            )
        )
    if joins.joined:
        notes.append(
            message(
                "data.note_lines_joined",
                "A quotation mark joins lines that would also be complete rows: lines {lines}. If they are rows of their "
                "own, remove the mark or double it.",
                lines=_spans(joins.joined),
            )
        )
    return notes


def note_merged(count: int) -> Message:
    """Merged cells of a sheet were filled down."""
    if count == 1:
        return message(
            "data.note_merged_single", "The sheet has a merged cell: its value was filled down, into the cell below."
        )
    return message(
        "data.note_merged",
        "The sheet has merged cells: the value of each was filled down, into {count:,} cells.",
        count=count,
    )


def note_formulas(count: int) -> Message:
    """Cells of a sheet hold formulas alone."""
    return message(
        "data.note_formulas",
        "Cells with formulas that were never calculated are read as empty: {count:,}. Open the workbook in Excel or LibreOffice "
        "and save it.",
        count=count,
    )


def _spans(spans: Sequence[tuple[int, int]]) -> list[str]:
    return [f"{first:,}–{last:,}" for first, last in spans[:_LISTED]] + ["…"] * (len(spans) > _LISTED)


def _listed(numbers: Sequence[int]) -> list[str]:
    return [f"{number:,}" for number in numbers[:_LISTED]] + ["…"] * (len(numbers) > _LISTED)
