"""Judges what stands at the head of a table: titles and comments, the row that names the columns, and what follows it.

Works on rows of strings from any kind of file. Knows nothing of delimiters, sheets or encodings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from core.data.reading.names import is_known_name, visible_names

Row = Sequence[str]

LONGEST_NAME = 40  # characters; longer than any column name, shorter than most texts
_LONG = 15  # characters; texts shorter than that may be as short as names
_TITLES = 20  # rows above a header that are looked at
_ROWS = 1000  # rows below a header that are looked at
_SURE = 3.0  # votes that leave no doubt
_COMMENT = re.compile(r"\s*(#|//|%%)")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|\.\d+)([eE][+-]?\d+)?%?")
_TYPES = frozenset(
    "string str text varchar char object category categorical discrete continuous int int32 int64 integer float float32 "
    "float64 double number numeric bool boolean date datetime s c d meta class".split()
)


@dataclass(frozen=True)
class Heading:
    """What stands at the head of some rows.

    Parameters
    ----------
    skip
        Rows above the header or first row of data.
    header
        Whether the next row names the columns.
    sure
        Whether that leaves no doubt.
    skip_sure
        The same of the rows above.
    """

    skip: int
    header: bool
    sure: bool
    skip_sure: bool = True


def detect_heading(rows: Sequence[Row], *, skip: int | None = None, header: bool | None = None) -> Heading:
    """Where the table begins and whether its first row names the columns; what is given is kept."""
    if skip is None:
        skip, skip_sure = _titles(rows)
    else:
        skip_sure = True
        while skip < len(rows) and not any(rows[skip]):
            skip += 1
    if header is not None:
        return Heading(skip, header, True, skip_sure)
    votes = header_votes(rows[skip], rows[skip + 1 : skip + 1 + _ROWS]) if skip < len(rows) else -1.0
    return Heading(skip, votes > 0, abs(votes) >= _SURE, skip_sure)


def body_width(rows: Sequence[Row], header: Row) -> int:
    """How many fields a row below the header has: the most common number, that of the header where nothing speaks against it.

    Rows of one field are not counted where others have more: they may be lines of a text in quotation marks.
    """
    widths = Counter(len(row) if any(row[len(header) :]) else min(len(row), len(header)) for row in rows)
    if len(widths) > 1:
        widths.pop(1, None)
    if not widths or widths[len(header)] * 2 >= widths.total():
        return len(header)
    width, count = widths.most_common(1)[0]
    is_regular = count >= max(2, 0.95 * widths.total())
    return (
        width if is_regular and width <= len(header) + 1 else len(header)
    )  # by far shorter, it is no header of these rows


def column_names(first: Row, rows: Sequence[Row]) -> list[str]:
    """Names of the columns by the header, as many as the rows below it have fields.

    A name without a column below it falls away at the end. A column without a name is called ``column 3``, or ``row`` where
    it comes first and numbers the rows, as R writes them.
    """
    names = _bare(first)
    width = body_width(rows, first)
    if len(names) == width - 1 and _numbers_rows([row[0] for row in rows if len(row) == width]):
        names.insert(0, "row" if "row" not in names else "")
    names = [*names[:width], *[""] * (width - len(names))]
    for index, name in enumerate(names):
        names[index] = name or _free_name(index, names)
    return names


def numbered_names(width: int) -> list[str]:
    """Names for columns that have none."""
    return [f"column {index + 1}" for index in range(width)]


def is_second_header(row: Row, names: Sequence[str]) -> bool:
    """Whether the row right below a header goes on naming: in another language, or with the types of the columns."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if len(row) < 2 or len(cells) < 2 or len(set(names)) < 2:
        return False
    return all(map(is_known_name, cells)) or (len(cells) == len(row) and all(cell.lower() in _TYPES for cell in cells))


def header_votes(first: Row, rest: Sequence[Row]) -> float:
    """How much speaks for a row being the names of the columns below it: positive for, negative against."""
    cells = _bare(first)
    filled = [cell for cell in cells if cell]
    if not filled:
        return -_SURE
    others = [row for row in rest if list(row) != list(first)]
    if len(cells) > 1 and len(rest) - len(others) <= max(2, len(rest) // 20):
        rest = others  # a header may be repeated inside
    short = all(len(cell) <= LONGEST_NAME for cell in cells)
    columns = [[row[index].strip() for row in rest if index < len(row)] for index in range(len(cells))]
    if not rest:
        return _SURE if short and any(map(is_known_name, filled)) else -1.0
    if _counts_up(filled) and any(column and not _share(_is_number, column) for column in columns):
        return 2 * _SURE  # pandas numbers columns that have no name
    votes = sum(_vote(cell, [value for value in column if value]) for cell, column in zip(cells, columns, strict=True))
    again = [bool(cell) and cell in column for cell, column in zip(cells, columns, strict=True)]
    if short and not any(again) and any(map(is_known_name, filled)):
        return max(votes, _SURE)
    doubled = len(set(filled)) < len(filled) and not any(map(is_known_name, filled))
    return votes - 4.0 * doubled


def _vote(cell: str, below: list[str]) -> float:
    """How much one cell looks like a name of the values below it."""
    if not cell or not below:
        return 0.5 * bool(cell) + (2.0 if cell and is_known_name(cell) else 0.0)
    numeric = _share(_is_number, below) >= 0.9
    if _is_number(cell):
        return -_SURE if numeric else -0.5
    again = below.count(cell)
    distinct = len(set(below))
    repeating = 2 * distinct <= len(below)
    votes = 4.0 if is_known_name(cell) and not again and len(cell) <= LONGEST_NAME else 0.0
    if numeric:
        return votes + _SURE
    if again:
        return votes - (_SURE if repeating else 2.0)
    if repeating and len(below) >= 4:
        votes += 2.0 if len(below) >= 8 else 1.0
    elif any(sign.isdigit() for sign in cell) and _shape(cell) in set(map(_shape, below)):
        votes -= 2.0
    return votes + _vote_by_length(cell, below)


def _vote_by_length(cell: str, below: list[str]) -> float:
    """A name is short and one word where texts are long."""
    if cell.isascii() and cell[0].isalpha() and sum(not value.isascii() for value in below) >= 0.9 * len(below):
        return 2.0  # a word in Latin letters above another script
    lengths = sorted(map(len, below))
    middle = median(lengths)
    if middle < 6:
        return 0.0
    one_word = " " not in cell and cell.isascii() and cell[:1].isalpha()
    if one_word and len(cell) < lengths[0] and sum(" " in value for value in below) >= 0.9 * len(below):
        return 4.0 if len(below) >= 10 else 2.0
    if len(cell) <= min(LONGEST_NAME, middle / 2) and len(cell) <= lengths[len(lengths) // 10]:
        return 1.5
    if _asks(cell) and not any(map(_asks, below)):
        return 1.5  # the question of a survey above its answers
    if len(cell) > LONGEST_NAME or 2 * len(cell) >= middle:
        return -_SURE if middle >= _LONG else -1.0
    return 0.0


def _asks(cell: str) -> bool:
    return cell.rstrip(" *)").endswith(("?", "？"))


def _titles(rows: Sequence[Row]) -> tuple[int, bool]:
    """How many rows at the top are titles, comments or blank, and whether that leaves no doubt."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    usual = median(filled[1 : 1 + _ROWS]) if len(rows) > 2 else 0
    widths = Counter(len(row) for row, count in zip(rows[1 : 1 + _ROWS], filled[1:], strict=False) if count)
    width = widths.most_common(1)[0][0] if widths else 0
    named = _row_of_names(rows, filled)
    if named:
        return named, True
    skip, sure = 0, True
    while skip < min(_TITLES, len(rows) - 1):
        row, count = rows[skip], filled[skip]
        comment = bool(_COMMENT.match(row[0])) if row else False
        if count == 0 or (comment and (len(row) != width or _named_next(rows, filled, skip))):
            skip += 1
        elif count == 1 and usual >= 2 and (len(row) != width or comment or _named_next(rows, filled, skip)):
            skip, sure = skip + 1, sure and _named_next(rows, filled, skip)
        else:
            break
    return skip, sure


def _named_next(rows: Sequence[Row], filled: Sequence[int], skip: int) -> bool:
    """Whether the next row that holds anything reads as names of columns, beyond doubt."""
    following = next((index for index in range(skip + 1, len(rows)) if filled[index] > 1), None)
    return following is not None and header_votes(rows[following], rows[following + 1 : following + 1 + _ROWS]) >= _SURE


def _row_of_names(rows: Sequence[Row], filled: Sequence[int]) -> int:
    """The first of the upper rows in which known names stand side by side, where those above it read like no data; 0 for none."""
    for index in range(1, min(_TITLES, len(rows) - 1)):
        cells = [cell.strip() for cell in rows[index] if cell.strip()]
        known = sum(map(is_known_name, cells))
        if known < 2 or 2 * known < len(cells) or any(len(cell) > LONGEST_NAME for cell in cells):
            continue
        below = rows[index + 1 : index + 1 + _ROWS]
        for row, count in zip(rows[:index], filled[:index], strict=True):
            names = sum(is_known_name(cell) for cell in row)
            again = any(
                cell.strip() and any(column < len(other) and other[column] == cell for other in below)
                for column, cell in enumerate(row)
            )
            if count and (names >= 2 or (names and count > 1 and names >= known) or (again and count > 1)):
                return 0
        return index
    return 0


def _bare(header: Row) -> list[str]:
    """The cells of a header without outer space, and without the sign of a comment before a known name."""
    cells = visible_names(header)
    name = cells[0].lstrip("#").strip() if cells else ""
    return [name, *cells[1:]] if is_known_name(name) else cells


def _numbers_rows(values: list[str]) -> bool:
    return len(values) >= 2 and len(set(values)) == len(values) and all(value.strip().isdigit() for value in values)


def _free_name(index: int, names: Sequence[str]) -> str:
    number = index + 1
    while f"column {number}" in names:
        number += 1
    return f"column {number}"


def _counts_up(cells: list[str]) -> bool:
    return len(cells) >= 2 and cells == [str(number) for number in range(len(cells))]


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell.strip()) is not None


def _share(test: Callable[[str], bool], values: list[str]) -> float:
    return sum(bool(value) and test(value) for value in values) / max(1, len(values))


def _shape(cell: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d]+", "a", cell))
