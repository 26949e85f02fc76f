"""Guesses how the rows of a text are laid out: the delimiter, lines above the table, and whether its first row is a header."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from core.data.reading.names import is_known_name
from core.data.reading.text.dialects import suspected, translator, unmarked_text
from core.data.reading.text.heading import detect_heading
from core.data.reading.text.rows import FASTTEXT, Lines, Manner, split_rows

DELIMITERS: tuple[str, ...] = (",", "\t", ";", "|", " ")

_RARE = ("，", "；", "\x01", "\x1f")  # typed on a Chinese keyboard, or written by Hive; tried where no other cuts
_ROWS = 1000  # rows looked at
_FEW = 0.5  # different values of a column of labels, as a share of its rows, at most
_SEPARATOR = re.compile(r'"?sep=(?P<delimiter>\\t|tab|[^\w\s"]|\t)"?[,;\t]*\s*', re.IGNORECASE)
_SIGNS = re.compile(r" ?[!#-+\-./:<-@\[-`{-~]{2,} ?| {2,}")  # runs without quotation mark, comma and semicolon
LONGEST_DELIMITER = 10


@dataclass(frozen=True)
class Layout:
    """A delimiter, what stands at the head, and whether each is beyond doubt.

    Parameters
    ----------
    dialect
        The dialect as `TableFormat` has it.
    """

    delimiter: str
    header: bool
    skip: int
    delimiter_sure: bool
    header_sure: bool
    skip_sure: bool
    dialect: str = ""

    @property
    def certain(self) -> bool:
        return self.delimiter_sure and self.header_sure and self.skip_sure


@dataclass(frozen=True)
class _Candidate:
    delimiter: str
    rows: list[list[str]]
    lines: list[int]  # the line on which each row begins, counted from 0
    width: int  # the most common number of fields
    share: float  # of rows that have it
    names: int  # known column names in the row that has most of them, of those at the top
    strict: bool = False  # whether quotation marks follow the rules of CSV

    @property
    def is_table(self) -> bool:
        return self.width >= 2 and (self.share >= 0.8 or self.names >= 2)


def detect_layout(
    sample: str, complete: bool, *, delimiter: str | None = None, header: bool | None = None, skip: int | None = None
) -> Layout:
    """Guess the layout from the beginning of a text; what is given is kept.

    Parameters
    ----------
    complete
        Whether the sample is the whole text; otherwise its last row may be cut and is not looked at.
    """
    separator = separator_line(sample) if skip is None else None
    body = _without_lines(sample, 1 if separator else skip or 0)
    if delimiter is None:
        delimiter = separator
    best, delimiter_sure = (_candidate(body, complete, delimiter), True) if delimiter else _best(body, complete)
    dialect, best = _in_dialect(body, complete, best, told=delimiter is not None)
    heading = detect_heading(best.rows, skip=None if skip is None else 0, header=header)
    if heading.header and not dialect and best.delimiter != " ":
        dialect, doubt = unmarked_text(best.rows[heading.skip], best.rows[heading.skip + 1 :])
        if dialect:
            best = _candidate(_translated(body, dialect, best.delimiter), complete, best.delimiter)
        delimiter_sure = delimiter_sure and (not doubt or delimiter is not None)
    if skip is None:
        above = best.lines[heading.skip] if heading.skip and heading.skip < len(best.lines) else 0
        skip = above + (separator is not None)
    share = _share(best.rows[heading.skip + heading.header :], best.width)
    delimiter_sure = delimiter_sure and (delimiter is not None or (best.width >= 2 and share >= 0.95))
    return Layout(best.delimiter, heading.header, skip, delimiter_sure, heading.sure, heading.skip_sure, dialect)


def separator_line(sample: str) -> str | None:
    """The delimiter that a first line such as ``sep=;`` tells, as Excel writes it; None where there is none."""
    told = _SEPARATOR.fullmatch(re.split(r"[\r\n]", sample, maxsplit=1)[0])
    if told is None:
        return None
    return "\t" if told["delimiter"].lower() in ("\\t", "tab", "\t") else told["delimiter"]


def _without_lines(sample: str, count: int) -> str:
    stream = io.StringIO(sample, newline="")
    for _ in range(count):
        stream.readline()
    return stream.read()


def _translated(sample: str, dialect: str, delimiter: str) -> str:
    translate = translator(dialect, delimiter)
    return sample if translate is None else "".join(map(translate, io.StringIO(sample, newline="")))


def _in_dialect(sample: str, complete: bool, best: _Candidate, *, told: bool) -> tuple[str, _Candidate]:
    """How fields are marked where that is not as in CSV, and the candidate that follows it."""
    cuts = [best.delimiter] if told else dict.fromkeys((best.delimiter, ",", ";", "\t", "|"))
    readings = []
    for cut in cuts:
        if len(cut) > 1 or cut == " " or cut not in sample:
            continue
        plain = best if cut == best.delimiter else _candidate(sample, complete, cut)
        for dialect in suspected(sample, cut, strict=plain.strict):
            other = _candidate(_translated(sample, dialect, cut), complete, cut)
            if other.strict and other.width >= 2 and other.share >= 0.95 and other.share >= plain.share:
                readings.append((dialect, other))
    return max(readings, key=lambda reading: (reading[1].names, reading[1].share), default=("", best))


def _best(sample: str, complete: bool) -> tuple[_Candidate, bool]:
    """The candidate that cuts best, and whether no other comes near."""
    if is_fasttext(sample):
        return _candidate(sample, complete, " "), True
    candidates = [_candidate(sample, complete, delimiter) for delimiter in DELIMITERS if delimiter != " "]
    tables = [candidate for candidate in candidates if candidate.is_table and not _is_prose(candidate)]
    if several := _several_signs(sample, complete, candidates):
        return several, True
    if not any(table.names for table in tables) and (rare := _rare(sample, complete, named=bool(tables))):
        return rare, rare.names >= 2
    if tables:
        # where several cut as well: texts hold tabs hardly ever, and commas or semicolons now and then
        return max(
            tables,
            key=lambda candidate: (
                candidate.names > 0,
                candidate.share,
                candidate.delimiter == "\t",
                candidate.width if candidate.delimiter in ",;" else 0,
            ),
        ), True
    if _is_label_and_text(sample):
        return _candidate(sample, complete, " "), False
    loose = [
        candidate
        for candidate in candidates
        if candidate.width >= 2 and candidate.share >= 0.5 and not _is_prose(candidate)
    ]
    single = [candidate for candidate in candidates if candidate.width < 2]
    return max(loose or single or candidates, key=lambda candidate: candidate.share), True


def is_fasttext(sample: str) -> bool:
    """Whether lines begin with labels as fastText has them, and a text after a blank."""
    lines = [line.lstrip(" \ufeff") for line in re.split(r"[\r\n]+", sample)[:_ROWS] if line.strip()]
    return bool(lines) and sum(line.startswith(FASTTEXT) and "\t" not in line for line in lines) >= 0.95 * len(lines)


def _is_prose(candidate: _Candidate) -> bool:
    """Whether lines of text were cut at their commas: not all have one, and a blank follows it."""
    if candidate.delimiter not in ",;" or candidate.names or candidate.share >= 0.95:
        return False
    cells = [cell for row in candidate.rows for cell in row[1:]]
    return sum(cell.startswith(" ") for cell in cells) >= 0.8 * len(cells)


def _rare(sample: str, complete: bool, *, named: bool) -> _Candidate | None:
    """A delimiter that texts may hold as well: known names or a column of labels must speak for it.

    Parameters
    ----------
    named
        Whether nothing but known names counts, because another delimiter cuts as well.
    """
    present = [signs for signs in _RARE if signs in sample]
    candidates = [_candidate(sample, complete, signs) for signs in present]
    fitting = [
        candidate
        for candidate in candidates
        if candidate.width >= 2
        and candidate.share >= 0.95
        and (candidate.names >= 2 or (not named and _has_labels(candidate)))
    ]
    return max(fitting, key=lambda candidate: (candidate.names, candidate.share), default=None)


def _has_labels(candidate: _Candidate) -> bool:
    """Whether the first or last column has a few values that come again and again."""
    rows = [row for row in candidate.rows[1:] if len(row) == candidate.width]
    return len(rows) >= 4 and any(
        len({row[index].strip() for row in rows}) <= max(2, min(100, _FEW * len(rows))) for index in (0, -1)
    )


_NO_DELIMITERS = ("://", "><", "</", "](")  # of addresses, of tags, and of marked entities


def _several_signs(sample: str, complete: bool, single: list[_Candidate]) -> _Candidate | None:
    """A delimiter of several signs, such as ``_!_`` or ``||``, that stands equally often in every line."""
    lines = [line for line in re.split(r"\r\n|\r|\n", sample)[:_ROWS] if line.strip()][: None if complete else -1]
    if len(lines) < 3:
        return None
    runs = Counter(run for line in lines[:50] for run in dict.fromkeys(_SIGNS.findall(line)))
    candidates = []
    for run, count in runs.most_common(20):
        if count < 0.9 * min(50, len(lines)) or any(part in run for part in _NO_DELIMITERS):
            continue
        for signs in dict.fromkeys((run, run.strip())):
            if not signs or len(signs) > LONGEST_DELIMITER:
                continue
            if not signs.strip() and signs not in lines[0]:  # texts hold blanks side by side, names of columns do not
                continue
            times = Counter(line.count(signs) for line in lines).most_common(1)[0]
            if times[0] >= 1 and times[1] >= 0.95 * len(lines):
                candidate = _candidate(sample, complete, signs)
                if not _has_empty_column(candidate) and (signs.strip() or candidate.names or _has_labels(candidate)):
                    candidates.append(candidate)
    best = max(candidates, key=lambda candidate: (candidate.width, len(candidate.delimiter)), default=None)
    rivals = [other for other in single if other.is_table and other.share >= 0.95 and not _has_empty_column(other)]
    if best is None or any(best.width <= other.width or _is_clearer(other, best) for other in rivals):
        return None
    return best


def _is_clearer(one: _Candidate, wider: _Candidate) -> bool:
    """Whether one is a table with labels, and only signs of its texts, such as ``**`` around a word, cut it further."""
    return wider.names < 2 and (one.names >= 2 or _has_labels(one))


def _has_empty_column(candidate: _Candidate) -> bool:
    """Whether a column below the first row is empty throughout, as between the bars of ``a||b`` cut at one bar."""
    rows = [row for row in candidate.rows if len(row) == candidate.width]
    return any(not any(row[index].strip() for row in rows) for index in range(candidate.width))


def _candidate(sample: str, complete: bool, delimiter: str) -> _Candidate:
    """Cut the sample with one delimiter, in the manner that gives the most regular rows."""
    best = _Candidate(delimiter, [], [], 1, 0.0, 0)
    manners: tuple[Manner, ...] = ("strict", "lines")
    for manner in manners:
        lines = Lines(io.StringIO(sample.replace("\0", ""), newline=""), "", "")
        rows: list[list[str]] = []
        numbers: list[int] = []
        begin = 0
        try:
            for row in split_rows(lines, delimiter, manner):
                if row and (len(row) > 1 or row[0].strip()):
                    rows.append(row)
                    numbers.append(begin)
                begin = lines.number
                if len(rows) == _ROWS:
                    break
        except csv.Error:
            if complete or not lines.exhausted:
                continue
        if not complete and len(rows) > 1 and len(rows) < _ROWS:
            rows.pop()
            numbers.pop()
        if not rows:
            continue
        width = Counter(map(len, rows)).most_common(1)[0][0]
        share = _share(rows, width)
        if share > best.share:
            names = max(sum(map(is_known_name, row)) for row in rows[:3])
            best = _Candidate(delimiter, rows, numbers, width, share, names, manner == "strict")
        if best.share == 1.0:
            break
    return best


def _share(rows: list[list[str]], width: int) -> float:
    return sum(1 for row in rows if len(row) == width) / max(1, len(rows))


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
    several = len(firsts) >= 2 or all(first.lstrip("-").replace(".", "", 1).isdigit() for first in firsts)
    return few and several and all(len(first) <= 30 for first in firsts)
