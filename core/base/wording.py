"""Numbers as people read them, the same on screen, in sentences, in reports and on the command line.

A score is ``0.912 (0.897–0.926)``: three decimals, one from 10 on, and its 95 % interval. A difference of two scores is told in
percentage points, with its sign: ``+1.2``, ``−0.4``, and ``0.0`` without one. Knows nothing of languages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

NOTHING = "–"


def score(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A score, and its interval when there is one, both with as many decimals."""
    if value is None or math.isnan(value):
        return NOTHING
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return f"{value:,.{decimals_of(value)}f}"
    return f"{value:,.{decimals_of(low, high)}f} ({interval(low, high)})"


def interval(low: float, high: float) -> str:
    """The ends of an interval of scores: ``0.897–0.926``."""
    decimals = decimals_of(low, high)
    return f"{low:,.{decimals}f}–{high:,.{decimals}f}"


def decimals_of(*values: float) -> int:
    """Of a share three; a score without an upper end, such as perplexity, has digits enough before them."""
    return 3 if max(map(abs, values)) < 10 else 1


def signed(value: float, decimals: int = 1) -> str:
    """A number with its true minus or plus; what rounds to zero has no sign."""
    shown = round(value, decimals)
    sign = "−" if shown < 0 else "+" if shown > 0 else ""
    return f"{sign}{abs(shown):.{decimals}f}"


def percent(share: float, decimals: int = 1) -> str:
    """A share in per cent, which may be below zero: ``3.1%``, ``−0.4%``; what rounds to zero has no sign."""
    return f"{signed(100 * share, decimals).removeprefix('+')}%"


def unsigned_zero(value: float, decimals: int) -> float:
    """The number rounded, and zero instead of a negative zero; for what is written elsewhere, such as in tables."""
    return round(value, decimals) + 0.0


def points(difference: float, decimals: int = 1) -> str:
    """A difference of two scores (−1 to 1) in percentage points: ``+3.1``."""
    return signed(100 * difference, decimals)


def points_interval(low: float, high: float, decimals: int = 1) -> str:
    """The ends of an interval of differences, in percentage points: ``−1.2 – +0.4``."""
    return f"{points(low, decimals)} – {points(high, decimals)}"


def seconds(value: float) -> str:
    """A measured time in seconds: ``0.42 s``, ``3.1 s``, ``74 s``; never ``0 s``."""
    decimals = 2 if value < 1 else 1 if value < 10 else 0
    return f"{max(value, 0.01):,.{decimals}f} s"


def counted(count: int, noun: str) -> str:
    """A number with its English noun: ``1 row``, ``2,000 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


_NOUNS = (
    "answer|case|character|column|correction|dataset|epoch|file|fold|group|label|line|model|month|parameter|row|run|seed|step|"
    "test|text|token|training|trial|version|word"
)
_COUNTED = re.compile(
    r"\{(?P<name>(?!version\b|number\b)\w+)(?P<form>:[^{}]*)?\}(?P<between>(?: (?!of\b)[a-z-]+){0,2}) (?P<noun>"
    + _NOUNS
    + r")s\b"
    r"(?P<after>\*{0,2}(?: (?P<verb>are|were|have)\b)?)"
)
_SINGULAR = {"are": "is", "were": "was", "have": "has"}


def agreeing(template: str, facts: Mapping[str, Any]) -> str:
    """An English template in which what is counted agrees with a fact of one: ``{rows} rows are`` becomes ``{rows} row is``.

    Other languages' templates hold no English nouns, and come back as they are.
    """

    def agree(match: re.Match[str]) -> str:
        if str(facts.get(match["name"])) != "1":
            return match[0]
        after = match["after"]
        if match["verb"]:
            after = after.removesuffix(match["verb"]) + _SINGULAR[match["verb"]]
        return f"{{{match['name']}{match['form'] or ''}}}{match['between']} {match['noun']}{after}"

    return _COUNTED.sub(agree, template)
