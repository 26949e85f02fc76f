"""Reads what writers other than CSV's put around or into texts, by writing each line as CSV has it.

Quotation marks behind a backslash, single or curly marks around fields, and texts that hold the delimiter without any marks.
Knows nothing of files; rows of several lines are known to the backslash alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from core.data.reading.names import TEXT_NAMES, canonical
from core.data.reading.text.rows import fields_of_line

Translate = Callable[[str], str]

BACKSLASH, MARKDOWN = "backslash", "markdown"
ENCLOSING = {"single": ("'", "'"), "curly": ("“", "”"), "low": ("„", "“"), "angled": ("«", "»")}
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_RULE = re.compile(
    r"\s*\|?(\s*:?-{2,}:?\s*\|)+\s*(:?-{2,}:?\s*)?"
)  # between the header of a Markdown table and its rows
_BAR = re.compile(r"(?<!\\)\|")
_HEAD = 20  # lines among which that one stands
_MOST = 0.8  # of the lines, that must have a field in foreign marks
_ENOUGH = 4  # rows from which texts without marks are judged
_FEW = 0.5  # different values of a column of labels, as a share of its rows, at most


def translator(dialect: str, delimiter: str) -> Translate | None:
    """What makes CSV of a line of a dialect, as `TableFormat.dialect` names it; None for CSV itself."""
    if not dialect:
        return None
    if dialect == BACKSLASH:
        return lambda line: _ESCAPED.sub(r'\1""', line)
    if dialect == MARKDOWN:
        return _markdown_row
    if dialect in ENCLOSING:
        fields = _enclosed(dialect, delimiter)
        return lambda line: fields.sub(lambda match: f'{match[1]}"{_doubled(match[2])}"', line)
    index, width = map(int, dialect.split("/"))
    return lambda line: _with_whole_text(line, delimiter, index, width)


def suspected(sample: str, delimiter: str, *, strict: bool) -> list[str]:
    """Dialects that a text may be written in.

    Parameters
    ----------
    strict
        Whether the text follows the rules of CSV.
    """
    lines = [line for line in sample.splitlines()[1:1000] if line.strip()]
    dialects = [BACKSLASH] if not strict and '\\"' in sample else []
    if delimiter == "|" and any(map(_RULE.fullmatch, lines[:_HEAD])):
        dialects.append(MARKDOWN)
    for dialect, (opening, _) in ENCLOSING.items():
        if opening in sample and lines:
            fields = _enclosed(dialect, delimiter)
            if sum(fields.search(line) is not None for line in lines) >= _MOST * len(lines):
                dialects.append(dialect)
    return dialects


def unmarked_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bool]:
    """Whether rows are longer than their header because a text holds the delimiter without quotation marks.

    Returns
    -------
    dialect
        The place of the text and the number of fields; empty where that does not show.
    doubt
        Whether the rows may be read in both ways.
    """
    names, width = [canonical(name) for name in header], len(header)
    index = next((names.index(name) for name in TEXT_NAMES if name in names), None)
    longer = [row for row in rows if len(row) > width and any(row[width:])]
    if index is None or width < 2 or not all(names) or len(longer) < max(_ENOUGH, 0.5 * len(rows)):
        return "", False
    if any(len(row) < width for row in rows) or _numbered(rows):
        return "", False
    joined = [_whole(row, ",", index, width) for row in rows]
    others = [column for column in range(width) if column != index]
    if not any(_repeats([row[column] for row in joined]) for column in others):
        return "", False
    behind = [row[index + 1] for row in longer]
    begins_with_blank = sum(cell.startswith(" ") for cell in behind) >= _MOST * len(behind)
    blank_elsewhere = any(row[column].startswith(" ") for row in joined for column in others if column)
    as_written = all(_repeats([row[column] for row in rows]) for column in others)
    if (begins_with_blank and not blank_elsewhere) or not as_written:
        return f"{index}/{width}", True
    return "", True


def _enclosed(dialect: str, delimiter: str) -> re.Pattern[str]:
    opening, closing = map(re.escape, ENCLOSING[dialect])
    cut = re.escape(delimiter)
    end = rf"[ ]*(?={cut}|[\r\n]|$)"
    return re.compile(rf"((?:^|{cut})[ ]*){opening}((?:(?!{closing}{end})[^\r\n])*){closing}{end}")


def _markdown_row(line: str) -> str:
    bare = line.strip("\r\n")
    end = line[len(line.rstrip("\r\n")) :]
    if "|" not in bare or _RULE.fullmatch(bare):
        return end if "|" in bare else line
    inner = bare.strip().removeprefix("|")
    cells = _BAR.split(inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner)
    return "|".join(f'"{_doubled(cell.strip().replace(chr(92) + "|", "|"))}"' for cell in cells) + end


def _with_whole_text(line: str, delimiter: str, index: int, width: int) -> str:
    row = fields_of_line(line, delimiter)
    if len(row) <= width:
        return line
    end = line[len(line.rstrip("\r\n")) :]
    return delimiter.join(f'"{_doubled(cell)}"' for cell in _whole(row, delimiter, index, width)) + end


def _whole(row: Sequence[str], delimiter: str, index: int, width: int) -> list[str]:
    """The row with as many fields as the header: what is too much belongs to the text."""
    behind = len(row) - (width - index - 1)
    return [*row[:index], delimiter.join(row[index:behind]), *row[behind:]]


def _doubled(cell: str) -> str:
    return cell.replace('"', '""')


def _repeats(values: Sequence[str]) -> bool:
    """Whether a column has a few values that come again and again."""
    return len(set(values)) <= max(2, min(100, _FEW * len(values)))


def _numbered(rows: Sequence[Sequence[str]]) -> bool:
    firsts = [row[0].strip() for row in rows]
    return all(first.isdigit() for first in firsts) and len(set(firsts)) == len(firsts)
