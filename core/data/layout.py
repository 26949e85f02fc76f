"""Guesses how the rows of a text are laid out: the delimiter, and whether the first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from core.data.names import is_known_name
from core.data.rows import Lines, Manner, split_rows

DELIMITERS: tuple[str, ...] = (",", "\t", ";", "|", " ")

_ROWS = 1000  # rows looked at
_LONGEST_NAME = 40  # characters; longer than any column name, shorter than most texts


@dataclass(frozen=True)
class Layout:
    """A delimiter, whether there is a header, and whether both are beyond doubt."""

    delimiter: str
    header: bool
    certain: bool


@dataclass(frozen=True)
class _Candidate:
    delimiter: str
    rows: list[list[str]]
    width: int  # the most common number of fields
    share: float  # of rows that have it
    names: int  # known column names in the first row

    @property
    def is_table(self) -> bool:
        return self.width >= 2 and (self.share >= 0.8 or self.names >= 2)


def detect_layout(sample: str, complete: bool) -> Layout:
    """Guess the layout from the beginning of a text.

    Parameters
    ----------
    complete
        Whether the sample is the whole text; otherwise its last row may be cut and is not looked at.
    """
    candidates = [_candidate(sample, complete, delimiter) for delimiter in DELIMITERS if delimiter != " "]
    tables = [candidate for candidate in candidates if candidate.is_table]
    if tables:
        best = max(tables, key=lambda candidate: (candidate.names > 0, candidate.share))
    elif _is_label_and_text(sample):
        best = _candidate(sample, complete, " ")
    else:
        loose = [candidate for candidate in candidates if candidate.width >= 2 and candidate.share >= 0.5]
        single = [candidate for candidate in candidates if candidate.width < 2]
        best = max(loose or single or candidates, key=lambda candidate: candidate.share)
    header, header_certain = _detect_header(best.rows)
    certain = header_certain and best.delimiter != " " and best.width >= 2 and best.share >= 0.95
    return Layout(best.delimiter, header, certain)


def _candidate(sample: str, complete: bool, delimiter: str) -> _Candidate:
    """Cut the sample with one delimiter, in the manner that gives the most regular rows."""
    best = _Candidate(delimiter, [], 1, 0.0, 0)
    manners: tuple[Manner, ...] = ("strict", "lines", "lenient")
    for manner in manners:
        lines = Lines(io.StringIO(sample.replace("\0", ""), newline=""), "", "")
        rows = []
        try:
            for row in split_rows(lines, delimiter, manner):
                if row:
                    rows.append(row)
                if len(rows) == _ROWS:
                    break
        except csv.Error:
            if complete or not lines.exhausted:
                continue
        if not complete and len(rows) > 1 and len(rows) < _ROWS:
            rows.pop()
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        names = sum(map(is_known_name, rows[0]))
        if count / len(rows) > best.share:
            best = _Candidate(delimiter, rows, width, count / len(rows), names)
        if best.share == 1.0:
            break
    return best


def _is_label_and_text(sample: str) -> bool:
    """Lines such as ``1 a fine film .``: a few short first words that come again and again, then a text.

    A file sorted by label may show only one label here; that counts when it is a number.
    """
    lines = [line.strip(" ") for line in re.split(r"\r\n|\r|\n", sample)[:_ROWS]]
    lines = [line for line in lines if line]
    firsts = Counter(line.partition(" ")[0] for line in lines)
    if len(lines) < 4 or any(" " not in line for line in lines[:-1]):
        return False
    few = len(firsts) <= max(2, len(lines) // 10)
    several = len(firsts) >= 2 or all(map(_is_number, firsts))
    return few and several and all(len(first) <= 30 for first in firsts)


def _detect_header(rows: list[list[str]]) -> tuple[bool, bool]:
    """Whether the first row names the columns, and whether that is beyond doubt."""
    if not rows:
        return False, False
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    short = all(len(cell) <= _LONGEST_NAME for cell in first)
    if short and any(map(is_known_name, first)):
        return True, True
    if not rest or not short or any(_is_number(cell) for cell in first) or len(set(first)) < len(first):
        return False, bool(rest)
    columns = [[row[index].strip() for row in rest if index < len(row)] for index in range(len(first))]
    if any(name in column for name, column in zip(first, columns, strict=True)):
        return False, True  # a label that comes again
    if any(column and all(map(_is_number, column)) for column in columns):
        return True, True  # a word above a column of numbers
    longest = max(sum(map(len, column)) / max(1, len(column)) for column in columns)
    return longest > 2 * max(map(len, first)), False


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
