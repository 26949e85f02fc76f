"""Whether the times of the rows are what a time column should be, and whether the labels move with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas

from core.base.messages import message
from core.data.dataset.row_targets import Rows
from core.data.quality.base import Finding, Fix, Inspected, capped, drop

MOST_ROWS = 100_000  # whose times are read: dates in a free form take 50 µs each
_READABLE = 0.5  # share below which the column holds no times
_GAP = 5.0  # times the usual distance between two days with rows, at the least
_LONGEST_SILENCE = 30  # days from which a gap is told
_FEWEST = 30  # rows of a month, for its label shares to mean something
_MOVED = 0.1  # Cramér's V from which a difference is worth telling
_SURE = 0.001
_SECONDS = (1e8, 1e11)  # numbers between them are seconds since 1970, a thousand times as large ones milliseconds


def time_coverage(inspected: Inspected) -> Iterator[Finding | float]:
    """Times that cannot be read or lie ahead, gaps, everything on one day, and labels that move from month to month."""
    given = inspected.dataset.times
    if given is None:
        return
    rows = inspected.sample(MOST_ROWS)
    seen = len(rows) if len(rows) < len(inspected.dataset) else None
    moments = read_times([given[row] for row in rows])
    yield 0.8
    known = ~np.isnat(moments)
    if known.mean() < _READABLE:
        return
    unreadable = rows[~known]
    if len(unreadable):
        yield _unreadable(unreadable, seen)
    rows, days = rows[known], moments[known].astype("datetime64[D]")
    ahead = rows[days > np.datetime64(datetime.now(UTC).date()) + np.timedelta64(1, "D")]
    if len(ahead):
        yield _future(inspected, ahead, seen)
    different = np.unique(days)
    if len(different) == 1:
        yield _one_day(str(different[0]), len(rows), seen)
        return
    yield from _gap(rows, days, different, seen)
    yield from _moving(inspected, rows, days.astype("datetime64[M]"), seen)


def read_times(values: list[str]) -> Any:
    """datetime64[s] (rows,), UTC; NaT where a value is no time. Reads dates in most forms, years, and seconds since 1970."""
    column = pandas.Series(values, dtype=object).astype(str).str.strip()
    column = column.str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日", r"\1-\2-\3", regex=True)
    numbers = pandas.to_numeric(column, errors="coerce")
    seconds = numbers.where(numbers < _SECONDS[1], numbers / 1000)
    result = pandas.Series(pandas.NaT, index=column.index, dtype="datetime64[s, UTC]")
    stamps = seconds.between(*_SECONDS)
    result[stamps] = pandas.to_datetime(seconds[stamps].round(), unit="s", utc=True).dt.as_unit("s")
    years = numbers.between(1900, 2100) & column.str.fullmatch(r"\d{4}")
    result[years] = pandas.to_datetime(column[years], format="%Y", utc=True).dt.as_unit("s")
    others = ~stamps & ~years & (numbers.isna() | column.str.fullmatch(r"\d{8}"))
    parsed = pandas.to_datetime(column[others], errors="coerce", format="mixed", utc=True)
    result[others] = parsed.dt.as_unit("s")
    return result.dt.tz_localize(None).to_numpy(dtype="datetime64[s]")


def _unreadable(rows: Rows, seen: int | None) -> Finding:
    return Finding(
        "time_unreadable",
        "info",
        len(rows),
        message("quality.time_unreadable", "Rows whose time cannot be read: {count:,}.", count=len(rows)),
        message(
            "quality.time_unreadable_advice",
            "They are left out where rows are put in order of time. Write dates as 2026-03-01.",
        ),
        capped(rows),
        seen=seen,
    )


def _future(inspected: Inspected, rows: Rows, seen: int | None) -> Finding:
    fix = message("quality.time_future_fix", "Remove these rows: {count:,}", count=len(rows))
    return Finding(
        "time_future",
        "warning",
        len(rows),
        message("quality.time_future", "Rows from the future: {count:,}.", count=len(rows)),
        message(
            "quality.time_future_advice",
            "Day and month may have changed places, or the clock was wrong. Correct the column, or remove the rows.",
        ),
        capped(rows),
        fixes=(Fix("drop", fix, (drop(inspected, rows, "chosen"),)),),
        seen=seen,
    )


def _one_day(day: str, count: int, seen: int | None) -> Finding:
    return Finding(
        "time_one_day",
        "info",
        count,
        message("quality.time_one_day", "All {count:,} rows are of one day, {day}.", count=count, day=day),
        message(
            "quality.time_one_day_advice",
            "That is often the day of an export, not of the writing. If it is, choose no time column; if not, expect other "
            "days to differ.",
        ),
        seen=seen,
    )


def _gap(rows: Rows, days: Any, different: Any, seen: int | None) -> Iterator[Finding]:
    """The longest silence between two days with rows, where it is far longer than usual."""
    distances = np.diff(different).astype(np.int64)
    longest = int(distances.argmax())
    if distances[longest] < max(_LONGEST_SILENCE, _GAP * float(np.median(distances))):
        return
    yield Finding(
        "time_gap",
        "info",
        int(distances[longest]) - 1,
        message(
            "quality.time_gap",
            "No rows for {count:,} days, between {begin} and {end}.",
            count=int(distances[longest]) - 1,
            begin=str(different[longest]),
            end=str(different[longest + 1]),
        ),
        message(
            "quality.time_gap_advice",
            "What was said in between is not learned. If rows were lost on the way, fetch them; otherwise compare the two "
            "sides before you mix them.",
        ),
        capped(rows[(days == different[longest]) | (days == different[longest + 1])]),
        seen=seen,
    )


def _moving(inspected: Inspected, rows: Rows, months: Any, seen: int | None) -> Iterator[Finding]:
    """Shares of labels that differ between months (chi-squared test; size by Cramér's V)."""
    dataset = inspected.dataset
    names, month = np.unique(months, return_inverse=True)
    counts = np.zeros((len(names), len(dataset.classes)), dtype=np.int64)
    np.add.at(counts, (month, dataset.labels[rows]), 1)
    enough = counts.sum(axis=1) >= _FEWEST
    table, names = counts[enough], names[enough]
    table = table[:, table.sum(axis=0) > 0]
    used = [name for name, count in zip(dataset.classes, counts[enough].sum(axis=0), strict=True) if count]
    if min(table.shape) < 2:
        return
    from scipy import stats  # half a second of imports, for which no page should wait

    tested = stats.chi2_contingency(table)
    size = float(np.sqrt(tested.statistic / table.sum() / (min(table.shape) - 1)))
    if tested.pvalue > _SURE or size < _MOVED:
        return
    shares = table / table.sum(axis=1, keepdims=True)
    label = int((shares.max(axis=0) - shares.min(axis=0)).argmax())
    low, high = int(shares[:, label].argmin()), int(shares[:, label].argmax())
    yield Finding(
        "time_labels",
        "warning" if size >= 2 * _MOVED else "info",
        len(names),
        message(
            "quality.time_labels",
            "Labels move over {count:,} months: '{label}' has {low:.0%} of the rows in {low_month} and {high:.0%} in "
            "{high_month}.",
            count=len(names),
            label=used[label],
            low=float(shares[low, label]),
            low_month=str(names[low]),
            high=float(shares[high, label]),
            high_month=str(names[high]),
        ),
        message(
            "quality.time_labels_advice",
            "A random test then looks better than the next month will. Test on the latest rows, and watch the drift of new "
            "batches on the Update page.",
        ),
        seen=seen,
    )
