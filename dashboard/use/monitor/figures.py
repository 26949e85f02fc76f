"""The charts and tables of a model in use: what its answers are worth, how many of each there were, and all figures."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.workflows.monitor.look import DayLook, Monitored
from dashboard.parts import scores, tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors, palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.registry import VersionInfo
    from core.statistics.intervals import Estimate
    from core.tasks import Task

KEY = "use.monitor"
MOST = 8  # answers that have a colour of their own
MOST_TICKS = 10


def draw(version: VersionInfo, look: Monitored) -> None:
    """All of them, those that say most first."""
    task = scores.task_of_version(version)
    _worth(task, look)
    _answers(version, task, look)
    _shares(look)
    _all(look, task)


def _worth(task: Task, look: Monitored) -> None:
    """The deciding score by day: as it is foreseen, as far as it is known, and as the tests had it."""
    name, colors = task.score.name, palette()
    told = [(day, day.foreseen.scores[name]) for day in look.days if day.foreseen and name in day.foreseen.scores]
    true = [(day, day.true[name]) for day in look.days if name in day.true]
    if not told and not true:
        return
    chart = charts.figure(height=280)
    _dots(chart, told, t("monitor.foreseen"), colors.categorical[0], "circle")
    _dots(chart, true, t("monitor.true"), colors.categorical[1], "diamond")
    if name in look.measured:
        days, half = [day.day for day in look.days], timedelta(hours=12)
        ends = [datetime.combine(min(days), time()) - half, datetime.combine(max(days), time()) + half]
        chart.add_scatter(
            x=ends,
            y=[look.measured[name].value] * 2,
            name=t("monitor.measured"),
            mode="lines",
            line={"color": colors.muted, "dash": "dot", "width": 1.5},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    by_day(chart, (day.day for day in look.days))
    chart.update_yaxes(title_text=scores.score_name(name))
    charts.draw(chart, key=f"{KEY}.worth", alt=t("monitor.worth_alt"), title=_finding(look, name))
    unlike = sum(day.foreseen is not None and day.foreseen.unknown is not None for day in look.days)
    if unlike:
        st.caption(tn("monitor.days_unknown", unlike))
    inside, known = look.record
    if known:
        st.caption(tn("monitor.record", known, inside=inside))


def _dots(chart: Any, days: Sequence[tuple[DayLook, Estimate]], name: str, color: str, symbol: str) -> None:
    if days:
        chart.add_scatter(
            x=[day.day for day, _ in days],
            y=[each.value for _, each in days],
            error_y=charts.whiskers(((each.value, each.low, each.high) for _, each in days), color),
            name=name,
            mode="markers",
            marker={"color": color, "size": 9, "symbol": symbol},
            hovertemplate="%{x|%Y-%m-%d}: %{y:.3f}<extra></extra>",
        )


def _finding(look: Monitored, name: str) -> str:
    """What the chart says, in a sentence."""
    whole, measured = look.whole, look.measured.get(name)
    called = scores.score_name(name)
    if whole is None or name not in whole.scores or measured is None:
        return t("monitor.worth_title", score=called)
    estimate = whole.scores[name]
    facts = {"score": called, "points": tables.size_in_points(estimate.value - measured.value)}
    if estimate.high < measured.low:
        return t("monitor.worth_lower", **facts)
    return t("monitor.worth_higher" if estimate.low > measured.high else "monitor.worth_same", **facts)


def _answers(version: VersionInfo, task: Task, look: Monitored) -> None:
    """How often each answer was given, day by day."""
    totals: Counter[str] = Counter()
    for day in look.days:
        totals.update(day.answers)
    if not totals:
        return
    named = [name for name, _ in totals.most_common(MOST)]
    colors = label_colors(list(task.named(state.report(version)["classes"])))
    chart, quiet = charts.figure(height=260), palette().muted
    parts = [(name, charts.text(name), colors.get(name, quiet)) for name in named]
    for name, shown, color in [*parts, *([("", t("monitor.others"), quiet)] if len(totals) > MOST else [])]:
        counts: Counter[Any] = Counter()
        for day in look.days:
            rest = sum(count for other, count in day.answers.items() if other not in named)
            counts[day.day] += day.answers.get(name, 0) if name else rest
        chart.add_bar(
            x=list(counts),
            y=list(counts.values()),
            name=shown,
            marker={"color": color},
            hovertemplate=f"{shown}: %{{y:,}}<extra></extra>",
        )
    chart.update_layout(barmode="stack", hovermode="x unified")
    by_day(chart, (day.day for day in look.days))
    chart.update_yaxes(title_text=t("monitor.answers"))
    charts.draw(chart, key=f"{KEY}.answers", alt=t("monitor.answers_alt"), title=t("monitor.answers_title"))


def by_day(chart: Any, days: Iterable[date]) -> None:
    """Days along the axis, each named while they are few."""
    days = sorted(set(days))
    ticks = {"tickvals": days} if len(days) <= MOST_TICKS else {}
    chart.update_xaxes(tickformat="%m-%d", showgrid=False, type="date", **ticks)


def _shares(look: Monitored) -> None:
    """How frequent each answer is, as counted and with the model's own mistakes taken into account."""
    if look.whole is None or not look.whole.shares:
        return
    counted: Counter[str] = Counter()
    for day in look.days:
        if day.version == look.version:
            counted.update(day.answers)
    total = max(1, sum(counted.values()))
    rows = [
        {
            t("monitor.share_name"): name,
            t("monitor.share_counted"): f"{counted[name] / total:.1%}",
            t("monitor.share_true"): f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})",
        }
        for name, share in sorted(look.whole.shares.items(), key=lambda pair: -pair[1].value)
    ]
    layout.section(t("monitor.shares"), help=t("monitor.shares_help"))
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=t("monitor.shares"), key=f"{KEY}.shares")


def _all(look: Monitored, task: Task) -> None:
    """Every figure of every day."""
    with st.expander(t("monitor.figures")):
        rows = [_row(day, task) for day in reversed(look.days)]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=t("monitor.figures"), key=f"{KEY}.figures")
        st.caption(
            t(
                "monitor.sources",
                sources=_listed("source", look.sources),
                languages=_listed("language", look.languages),
            )
        )


def _listed(kind: str, counts: Any) -> str:
    named = [f"{t(f'monitor.{kind}_{name}')} {tables.thousands(count)}" for name, count in counts.items()]
    return ", ".join(named) or tables.NOTHING


def _row(day: DayLook, task: Task) -> dict[str, str]:
    name = task.score.name
    told = day.foreseen.scores.get(name) if day.foreseen is not None else None
    row = {
        t("monitor.day"): day.day.isoformat(),
        t("monitor.version"): str(day.version),
        t("monitor.texts"): tables.thousands(day.texts),
        t("monitor.requests"): tables.thousands(day.requests),
        t("monitor.median"): _milliseconds(day.median),
        t("monitor.slow"): _milliseconds(day.slow),
        t("monitor.cut"): tables.thousands(day.cut),
    }
    if task.distribution:
        row |= {
            t("monitor.sure"): tables.NOTHING if day.sure is None else tables.score(day.sure),
            t("monitor.unsure"): tables.thousands(day.unsure),
            t("monitor.foreseen"): tables.NOTHING if told is None else tables.estimate(told),
        }
    return row | {t("monitor.true"): tables.estimate(day.true[name]) if name in day.true else tables.NOTHING}


def _milliseconds(seconds: float | None) -> str:
    return tables.NOTHING if seconds is None else f"≤ {1000 * seconds:g} ms"
