"""Numbers and tables as people read them: scores with intervals, thousands, durations; tables that open in Excel.

Knows nothing of where the numbers come from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.base import wording
from core.data.dataset.formulas import defused
from dashboard.shell.i18n import t

NOTHING = wording.NOTHING
SIGNS = re.compile(r"[\\`*_{}\[\]()<>#+!|~$:]|&(?=#?\w+;)")
LINE_START = re.compile(r"(?m)^( {0,3}(?:\d+(?=\.(?:\s|$)))?)([-=.])")  # of a list, a rule, a heading
INDENTED = re.compile(r"(?m)^(?= {0,3}\t| {4})[ \t]+")  # a block of code
# Streamlit looks for these in what was read, so that a backslash does not keep it from making links, icons, emoji and arrows.
NAMED = re.compile(r"(?i)(?<=:)(?=material/|[-+\w]+:)|(?=://)|(?<=www)(?=\.)|(?<=[-.+\w])(?=@[-\w])")
ARROW = re.compile(r"(?m)(^|\s)([-<>~])(?=(?:->|[->=])(?:\s|$))")
JOINER = "\u2060"  # has no width; what stands before and behind it is not read as one


def score(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A score, and its interval when there is one: ``0.912 (0.897–0.926)``, ``266.6 (247.6–287.0)``."""
    return wording.score(value, low, high)


def interval(low: float, high: float) -> str:
    """The ends of an interval of scores: ``0.897–0.926``."""
    return wording.interval(low, high)


def estimate(measured: Any) -> str:
    """The same for anything with ``value``, ``low`` and ``high``, such as `core.statistics.intervals.Estimate`."""
    return score(measured.value, measured.low, measured.high)


def points(value: float) -> str:
    """A difference of two scores in percentage points with its sign, for sentences that name the unit: ``+3.1``."""
    return wording.points(value)


def points_interval(low: float, high: float) -> str:
    """The ends of an interval of differences in percentage points: ``−1.2 – +0.4``."""
    return wording.points_interval(low, high)


def size_in_points(value: float) -> str:
    """How large a difference of two scores is, whatever its direction, for sentences that name both: ``3.1``."""
    return wording.points(abs(value)).removeprefix("+")


def change(value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference of two scores by itself, with its unit and its interval where there is one: ``+3.1 pt (+1.0 – +5.2)``."""
    if low is None or high is None:
        return t("units.change", value=points(value))
    return t("units.change_interval", value=points(value), low=points(low), high=points(high))


def loss(value: float) -> str:
    """What was lost, in percentage points: positive without a sign, since the word says the direction: ``3.1``."""
    return points(value).removeprefix("+")


def may_be_chance(low: float, high: float) -> bool:
    """Whether a difference with this interval may be none at all."""
    return low <= 0 <= high


def plain(text: str) -> str:
    """The text as Markdown that shows just this text, whatever it holds; for names that people chose, and all from files."""
    apart = ARROW.sub(rf"\1\2{JOINER}", NAMED.sub(JOINER, INDENTED.sub(" ", text)))
    return LINE_START.sub(r"\1\\\2", SIGNS.sub(r"\\\g<0>", apart))


def typed(text: str) -> str:
    """What a person typed or pasted, without the signs that `plain` puts into names on screen."""
    return text.replace(JOINER, "")


def percent(fraction: float) -> str:
    """A share as whole per cent."""
    return f"{fraction:.0%}"


def signed(value: float, decimals: int = 1) -> str:
    """Any number with its sign; what rounds to zero has none."""
    return wording.signed(value, decimals)


def thousands(count: float) -> str:
    """A whole number with separated thousands."""
    return f"{count:,.0f}"


def duration(seconds: float | None) -> str:
    """A time span in words, at most two units: ``2 min 10 s``; never ``0 s``."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    whole = max(0, round(seconds))
    if whole < 1:
        return t("units.under_a_second")
    if whole < 60:
        return t("units.seconds", seconds=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return (
            t("units.minutes_seconds", minutes=minutes, seconds=rest) if rest else t("units.minutes", minutes=minutes)
        )
    hours, rest = divmod(round(whole / 60), 60)
    return t("units.hours_minutes", hours=hours, minutes=rest) if rest else t("units.hours", hours=hours)


def milliseconds(value: float) -> str:
    """A short time that was measured in milliseconds: ``0.035 ms``, ``3.46 ms``, ``118 ms``; from a second on ``3.9 s``."""
    if value >= 999.5:
        return t("units.seconds", seconds=f"{value / 1000:.1f}") if value < 9950 else duration(value / 1000)
    return t("units.milliseconds", value=digits_that_matter(value))


def digits_that_matter(value: float) -> str:
    """A positive number with as many digits as matter: ``0.035``, ``3.46``, ``118``."""
    if value < 1:
        return f"{value:.2g}"
    return f"{value:.3g}" if value < 100 else thousands(value)


def size(count: float) -> str:
    """A number of bytes: ``2.4 MB``."""
    if count < 1_000:
        return f"{count:.0f} B"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    if count < 999_950_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def counts(table: pd.DataFrame) -> dict[str, Any]:
    """The columns of whole numbers of a table that count something, with separated thousands."""
    whole = table.select_dtypes("integer").columns
    return {str(name): st.column_config.NumberColumn(format="localized") for name in whole}


def height_of(rows: int, most: int = 420) -> int | Literal["content"]:
    """How high a table is drawn: as its rows are, so that nothing scrolls for a few pixels, and at most so many pixels."""
    return "content" if 38 + 35 * rows <= most else most


def moment(iso: str) -> str:
    """A stored time (ISO 8601, in UTC unless it says otherwise) on this machine's clock: ``2026-03-01 14:05``."""
    when = datetime.fromisoformat(iso)
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


def to_csv(table: pd.DataFrame) -> bytes:
    """The table as CSV that Excel opens with Chinese intact: UTF-8 with a byte order mark, formulas defused."""
    return defused(table).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def download_table(table: pd.DataFrame | Callable[[], pd.DataFrame], name: str, *, key: str | None = None) -> None:
    """A quiet button that downloads the table as ``<name>.csv``; the file is made when asked for."""

    def make() -> bytes:
        return to_csv(table() if callable(table) else table)

    st.download_button(
        t("shell.download_csv"),
        make,
        file_name=f"{name}.csv",
        mime="text/csv",
        key=key or f"download.{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def tiny(value: float) -> str:
    """A tiny difference as people write it: ``1.2e-07`` reads ``1.2 × 10⁻⁷``."""
    if value == 0:
        return "0"
    digits, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} × 10{raised}"
