"""Judges quotation marks that open in one line and close in another: a text of several lines, or a sign of the text.

A line that has the right number of fields as it stands is a row of its own, unless what stands in its columns is unlike all other
lines. Knows nothing of files and encodings.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.data.reading.text.rows import Lines, fields_of_line

JoinVerdict = Literal["joined", "apart"]

_GROUP = 1000  # lines that one cell may span
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_ALIKE = 0.8  # share of lines that must read like the others; a value may be a rare one
_NEW = 0.05  # share of values that came once, up to which a column is known to have no others
_MANY = 200  # different values of a column of labels at most
_FEW = 5  # lines from which a column is judged


@dataclass(frozen=True)
class ColumnTraits:
    """What the complete lines of a file have in their columns.

    Parameters
    ----------
    values
        All values of a column in which the same few come again and again, otherwise None.
    quotes
        Whether complete lines have quotation marks that only a writer of CSV sets: around a delimiter, or doubled.
    """

    width: int
    values: tuple[frozenset[str] | None, ...]
    numeric: tuple[bool, ...]
    filled: tuple[bool, ...]
    quotes: bool

    @property
    def tell(self) -> bool:
        """Whether there is a column by which lines can be judged."""
        return any(values is not None for values in self.values) or any(self.numeric)

    def fit(self, row: Sequence[str]) -> bool:
        """Whether a row reads like the others."""
        for cell, values, numeric, filled in zip(row, self.values, self.numeric, self.filled, strict=True):
            if filled and not cell.strip():
                return False
            if '"' not in cell and (
                (values is not None and cell.strip() not in values) or (numeric and not _number(cell))
            ):
                return False
        return True


@dataclass
class Joins:
    """Places where a quotation mark opens in one line and closes in another although each line is complete as it stands.

    Parameters
    ----------
    apart, joined
        First and last line of those read as rows of their own, and of those read as one row.
    doubt
        Whether another reading is as likely.
    open
        The first line with a mark that never closes and with the wrong number of fields, and its beginning.
    """

    apart: list[tuple[int, int]] = field(default_factory=list)
    joined: list[tuple[int, int]] = field(default_factory=list)
    doubt: bool = False
    open: tuple[int, str] | None = None


def may_be_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line that was read as part of a row is a row as it stands, or blank between two.

    A doubled mark shows that marks follow CSV's rules.
    """
    if not line.strip("\r\n"):
        return width > 1
    return width > 1 and '""' not in line and len(fields_of_line(line, delimiter)) == width


def columns_of(lines: Sequence[str], delimiter: str, width: int) -> ColumnTraits:
    """Learn from lines what a row looks like; those on which a quotation mark stays open tell nothing."""
    rows, quotes = [], False
    for line in lines:
        if is_open(line, delimiter):
            continue
        row = fields_of_line(line, delimiter)
        if len(row) == width:
            rows.append(row)
            quotes = quotes or (
                line.count('"') > 1 and (line.count(delimiter) >= width or '""' in line.replace(',"",', ""))
            )
    columns = list(zip(*rows, strict=True)) or [()] * width
    values: list[frozenset[str] | None] = []
    for column in columns:
        counts = Counter(cell.strip(' "') for cell in column)
        # how many values came once tells how likely the next one is new (Good and Turing)
        repeating = (
            len(column) >= _FEW
            and len(counts) <= _MANY
            and sum(count == 1 for count in counts.values()) <= _NEW * len(column)
        )
        values.append(frozenset(counts) if repeating else None)
    numeric = tuple(len(column) >= _FEW and all(map(_number, column)) for column in columns)
    filled = tuple(len(column) >= 2 and all(cell.strip(' "') for cell in column) for column in columns)
    return ColumnTraits(width, tuple(values), numeric, filled, quotes)


def careful_rows(lines: Lines, delimiter: str, columns: ColumnTraits, joins: Joins) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line on which each begins; what was judged goes into ``joins``."""
    source = iter(lines)
    waiting: deque[tuple[int, str]] = deque()

    def following() -> Iterator[str]:
        """Lines after the first of the group, kept so that they can be read again."""
        for index in range(_GROUP):
            if index == len(waiting):
                line = next(source, None)
                if line is None:
                    return
                waiting.append((lines.number, line))
            yield waiting[index][1]

    while True:
        if waiting:
            number, line = waiting.popleft()
        else:
            line = next(source, "")
            number = lines.number
            if not line:
                return
        lines.held.clear()
        if not is_open(line, delimiter):
            yield number, _complete(line, delimiter, columns.width)
            continue
        count, row = _closed(line, following(), delimiter)
        group = [line, *(text for _, text in list(waiting)[: count - 1])]
        if count and _verdict(group, delimiter, columns, joins, number, row) == "joined":
            for _ in range(count - 1):
                waiting.popleft()
            yield number, row
        else:
            fields = fields_of_line(line, delimiter)
            if not count and len(fields) != columns.width and joins.open is None:
                joins.open = (number, fields[0][:60])
            yield number, fields


def _closed(line: str, following: Iterator[str], delimiter: str) -> tuple[int, list[str]]:
    """How many lines the row that begins here has when its marks are followed, and its fields; no lines when no mark closes."""
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        count = 1
        yield line
        for text in following:
            count += 1
            yield text

    try:
        row = next(csv.reader(counted(), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return 0, []
    return count, row


def _verdict(
    group: list[str], delimiter: str, columns: ColumnTraits, joins: Joins, number: int, row: list[str]
) -> JoinVerdict:
    """Whether lines are one row or one each."""
    if not all(may_be_row(line, delimiter, columns.width) for line in group):
        first_is_whole = len(fields_of_line(group[0], delimiter)) == columns.width
        return "apart" if first_is_whole and len(row) != columns.width else "joined"
    rows = [fields_of_line(line, delimiter) for line in group if line.strip("\r\n")]
    if sum(map(columns.fit, rows)) < _ALIKE * len(rows):
        return "joined"
    span = (number, number + len(group) - 1)
    if columns.tell or not columns.quotes:
        joins.apart.append(span)
        joins.doubt = joins.doubt or not columns.tell
        return "apart"
    joins.joined.append(span)
    joins.doubt = True
    return "joined"


def is_open(line: str, delimiter: str) -> bool:
    """Whether a quotation mark encloses the end of the line."""
    if line.count('"') == 0:
        return False
    try:
        next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _complete(line: str, delimiter: str, width: int) -> list[str]:
    """The fields of one line; where its marks follow no rule, in the way that gives the right number."""
    row = fields_of_line(line, delimiter)
    if len(row) == width or '"' not in line:
        return row
    guessed = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter))
    return guessed if len(guessed) == width else row


def _number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell.strip(' "')) is not None
