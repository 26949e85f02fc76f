"""Further columns of a row beside its text, written into the same string: a second text, numbers, categories, dates.

So whatever keeps, compares or forgets texts does it with their columns. The string is the text itself, then a line for each
column, such as ``price: 12.5``; signs that nobody sees mark where a column begins and what kind it is.

This file is also copied into bundles, so it needs nothing but Python.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

MARK = "\u2063"  # the invisible separator
ESCAPE = "\u2064"  # stands before what would else be read as a mark
FIELD = f"\n{MARK}"
VALUE = f":{MARK} "
# Two signs that nobody sees name the kind of a column.
CODES = {
    "text": "\u2061\u2061",
    "number": "\u2061\u2062",
    "category": "\u2062\u2061",
    "date": "\u2062\u2062",
}
KINDS = tuple(CODES)
_KIND_OF = {code: kind for kind, code in CODES.items()}
MISSING = frozenset(
    (
        "nan",
        "none",
        "null",
        "n/a",
        "#n/a",
        "na",
        "<na>",
        "nat",
        "nil",
        "undefined",
        "missing",
        "-",
        "--",
        "?",
        "缺失",
        "空",
    )
)
BINS = (4, 16)  # parts of equally many training rows in which a number is looked up, coarse and fine
MOST_CATEGORIES = 5000
_ESCAPED = {ESCAPE: ESCAPE + "\u2061", MARK: ESCAPE + "\u2062"}
_UNESCAPED = {written: sign for sign, written in _ESCAPED.items()}
_ESCAPES = re.compile(f"{ESCAPE}[\u2061\u2062]")
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_UNITS = re.compile(r"^[$€£¥￥]\s*|\s*[$€£¥￥%元]$")
_ISO_LIKE = re.compile(r"(\d{4})[/.年-](\d{1,2})(?:[/.月-](\d{1,2})日?)?(.*)", re.DOTALL)
_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(.*)", re.DOTALL)
_FORMS = ("%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_SECONDS = (1e8, 1e11)  # numbers between them are seconds since 1970, a thousand times as large ones milliseconds


class Field(NamedTuple):
    """One further column of a row; an empty value is a missing one."""

    name: str
    kind: str
    value: str


class ColumnSpan(NamedTuple):
    """A column and where its value stands: ``text[start:end]``."""

    field: Field
    start: int
    end: int


# -- one string for all columns


def compose(text: str, fields: Iterable[Field]) -> str:
    """The text and its further columns as one string, from which `parse` reads exactly them again."""
    parts = [_escaped(text)]
    for name, kind, value in fields:
        parts += [FIELD, CODES[kind], _escaped(name), VALUE, _escaped(value)]
    return "".join(parts)


def parse(text: str) -> tuple[str, list[Field]]:
    """The inverse of `compose`; a text without marks is itself."""
    if FIELD not in text:
        return text, []
    body, spans = columns_of(text)
    return _unescaped(body), [span.field for span in spans]


def columns_of(text: str) -> tuple[str, list[ColumnSpan]]:
    """The text as it stands before the first column, and each column with its place."""
    body, *rest = text.split(FIELD)
    at, spans = len(body), []
    for part in rest:
        code, (name, sign, value) = part[:2], part[2:].partition(VALUE)
        if code not in _KIND_OF or not sign:  # somebody's own signs
            return text, []
        end = at + len(FIELD) + len(part)
        spans.append(ColumnSpan(Field(_unescaped(name), _KIND_OF[code], _unescaped(value)), end - len(value), end))
        at = end
    return body, spans


def body_of(text: str) -> str:
    """The text without its further columns."""
    return parse(text)[0] if FIELD in text else text


def _escaped(text: str) -> str:
    if MARK not in text and ESCAPE not in text:
        return text
    return "".join(_ESCAPED.get(sign, sign) for sign in text)


def _unescaped(text: str) -> str:
    return text if ESCAPE not in text else _ESCAPES.sub(lambda found: _UNESCAPED[found.group()], text)


# -- values


def read_number(value: str) -> float | None:
    """The number that is written: ``12.5``, ``1,200``, ``¥30``, ``40 %``; None where it is none."""
    plain = _UNITS.sub("", unicodedata.normalize("NFKC", value).strip())
    try:
        number = float(plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@lru_cache(4096)
def read_date(value: str) -> datetime | None:
    """The time that is written, as it is on its own clock: in ISO 8601, with points, slashes or 年月日, or in a few other forms.

    Of ``3/4/2026`` the month stands first, unless the first number cannot be one. None where it is no time.
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    number = read_number(plain)
    if number is not None and not (plain.isdecimal() and len(plain) in (4, 8)):
        seconds = number if number < _SECONDS[1] else number / 1000
        return datetime.fromtimestamp(seconds, UTC) if _SECONDS[0] <= seconds <= _SECONDS[1] else None
    if plain.isdecimal() and len(plain) == 4:
        return datetime(int(plain), 1, 1) if int(plain) >= 1000 else None
    if swapped := _DAY_FIRST.fullmatch(plain):
        first, sign, second, year, rest = swapped.groups()
        month, day = (second, first) if sign == "." or int(first) > 12 else (first, second)
        plain = f"{year}-{month}-{day}{rest}"
    if parts := _ISO_LIKE.fullmatch(plain):
        year, month, day, rest = parts.groups()
        plain = f"{year}-{int(month):02}-{int(day or 1):02}{rest}"
    for read in (datetime.fromisoformat, *(lambda text, form=form: datetime.strptime(text, form) for form in _FORMS)):
        try:
            return read(plain)
        except ValueError:
            continue
    return None


def readable(kind: str, value: str) -> bool:
    """Whether a value can be read as its kind; a missing one can."""
    if not value.strip():
        return True
    if kind == "number":
        return read_number(value) is not None
    return kind != "date" or read_date(value) is not None


def category(value: str) -> str:
    """What makes two values of a category the same."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _amount(kind: str, value: str) -> float | None:
    """A number, or a date as seconds since 1970."""
    if kind == "number":
        return read_number(value)
    when = read_date(value)
    return None if when is None else (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


# -- what a model knows of its columns


def learned_inputs(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The further columns of training texts, as a version stores them: ``name``, ``kind`` and, of numbers and dates, ``edges``.

    Edges divide the training rows in parts of equally many, coarse and fine; they lie between values, never on one.
    """
    columns: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        if FIELD in text:
            for name, kind, value in parse(text)[1]:
                columns.setdefault((name, kind), []).append(value)
    inputs: list[dict[str, Any]] = []
    for (name, kind), values in columns.items():
        if any(each["name"] == name for each in inputs):
            continue  # the first kind of a name counts
        known: dict[str, Any] = {"name": name, "kind": kind}
        if kind in ("number", "date"):
            amounts = [amount for value in values if (amount := _amount(kind, value)) is not None]
            known["edges"] = [_edges(sorted(amounts), parts) for parts in BINS]
        inputs.append(known)
    return inputs


def _edges(amounts: Sequence[float], parts: int) -> list[float]:
    """At most ``parts`` − 1 values between which equally many amounts lie, each halfway between two that occur."""
    distinct = sorted(set(amounts))
    if len(distinct) <= parts:
        cuts = list(range(1, len(distinct)))
    else:
        cuts = [bisect_left(distinct, amounts[len(amounts) * part // parts]) for part in range(1, parts)]
    return [(distinct[cut - 1] + distinct[cut]) / 2 for cut in sorted(set(cuts)) if cut > 0]


def tokens_of(known: Mapping[str, Any], value: str) -> list[str]:
    """Names of the tokens that stand for a value of a category, a number or a date; no text can hold them."""
    name, kind = known["name"], known["kind"]
    if not value.strip():
        return [token_name(name, "")]
    if kind == "category":
        return [token_name(name, category(value))]
    amount = _amount(kind, value)
    if amount is None:
        return [token_name(name, "?")]
    bins = [
        token_name(name, f"{bisect_right(edges, amount)}/{parts}")
        for edges, parts in zip(known["edges"], BINS, strict=True)
    ]
    if kind == "number":
        return bins
    when = read_date(value)
    assert when is not None
    parts_of_date = [f"year {when.year}", f"month {when.month}", f"weekday {when.isoweekday()}"]
    if (when.hour, when.minute, when.second) != (0, 0, 0):
        parts_of_date.append(f"hour {when.hour}")
    return [*bins, *(token_name(name, part) for part in parts_of_date)]


def token_name(column: str, what: str) -> str:
    """The name of a token of a column: of a value, or of a word in a second text."""
    return f"{MARK}{_escaped(column)}{VALUE}{_escaped(what)}"


def border_name(column: str) -> str:
    """The name of the token that stands before a second text."""
    return f"{MARK}{_escaped(column)}"


def given(kind: str, value: str) -> str:
    """A value as it was written; empty where that stands for a missing one."""
    return "" if kind != "text" and value.strip().casefold() in MISSING else value


def row_of(inputs: Sequence[Mapping[str, Any]], text: str, values: Mapping[str, str]) -> str:
    """A row as a model with these columns reads it; what it knows and the values lack is missing. A blank text stays one."""
    if not text.strip() or not inputs:
        return text
    return compose(
        text,
        [Field(known["name"], known["kind"], given(known["kind"], values.get(known["name"], ""))) for known in inputs],
    )


def values_for(inputs: Sequence[Mapping[str, Any]], fields: Sequence[Field]) -> list[str]:
    """The value of each column that a model knows; empty where a row lacks it."""
    given = {field.name: field.value for field in fields}
    return [given.get(known["name"], "") for known in inputs]


def as_text(text: str, inputs: Sequence[Mapping[str, Any]], most: int) -> tuple[str, list[int]]:
    """A row as one plain text for a pretrained encoder: its columns, then the text; for each letter where it stood, −1 for added.

    Parameters
    ----------
    inputs
        The columns that are read.
    most
        Characters of a column that are read.
    """
    body, spans = columns_of(text)
    by_name = {span.field.name: span for span in spans}
    letters: list[str] = []
    at: list[int] = []
    for known in inputs:
        span = by_name.get(known["name"])
        if span is None or not span.field.value.strip():
            continue
        written = text[span.start : span.end][:most]
        for part, positions in (
            (f"{known['name']}: ", [-1] * (len(known["name"]) + 2)),
            (written, list(range(span.start, span.start + len(written)))),
            ("\n", [-1]),
        ):
            letters.append(part)
            at += positions
    letters.append(body)
    return "".join(letters), [*at, *range(len(body))]
