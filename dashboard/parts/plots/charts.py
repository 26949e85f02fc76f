"""Charts over time and by label: curves, probability bars, intervals, the timeline of versions.

Takes plain numbers and names and draws them; knows nothing of classifiers, jobs or files. Heatmaps: `heatmaps`.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.data.dataset.label_tree import BELOW
from dashboard.parts.tables import JOINER, plain, score
from dashboard.shell.i18n import t
from dashboard.shell.palette import Palette, palette

CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
LONGEST, TICK = 200, 24  # characters of a name in a figure, and beside a row


def figure(*, height: int = 280) -> go.Figure:
    """An empty figure in the house style: no frame, no background, quiet axes."""
    colors = palette()
    axis = {
        "gridcolor": colors.line,
        "zeroline": False,
        "linecolor": colors.line,
        "automargin": True,
        "fixedrange": True,
        # Streamlit's own grey is too pale for small text
        "tickfont": {"color": colors.muted},
        "title": {"font": {"color": colors.muted}},
    }
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": colors.text, "size": 13},
            "legend": {
                "orientation": "h",
                "y": 1.02,
                "yanchor": "bottom",
                "x": 1,
                "xanchor": "right",
                "title": {"text": ""},
                "font": {"color": colors.text},
            },
            "hoverlabel": {"bgcolor": colors.background, "bordercolor": colors.line, "font": {"color": colors.text}},
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": False,
        }
    )


def text(name: str, length: int = LONGEST) -> str:
    """A name as part of a figure, cut where it is long: at its end, or above its last levels, which tell labels of a tree apart.

    Plotly takes some HTML for markup, and ``%{…}`` for a place to fill in.
    """
    short = name
    if len(name) > length:
        short = f"…{name[1 - length :].lstrip()}" if BELOW in name else f"{name[: length - 1]}…"
    return html.escape(short, quote=False).replace("%{", f"%{JOINER}{{")


def draw(chart: go.Figure, *, key: str, alt: str, title: str = "") -> None:
    """Put a figure on the page, without the mode bar, with a description for those who cannot see it."""
    head(title)
    st.plotly_chart(chart, key=key, config=CONFIG, alt=alt)


def head(title: str) -> None:
    """A chart's title: text of the page, not of the picture, so that it wraps on a phone and can be read aloud."""
    if title:
        st.markdown(f"**{plain(title)}**")


def curves(
    series: Mapping[str, Sequence[float | None]], *, title: str, key: str, axis: str, alt: str, best: int | None = None
) -> None:
    """Lines over epochs, one a name; `best` marks the epoch whose weights were kept (counted from 1)."""
    lines = tuple((name, tuple(values)) for name, values in series.items())
    chart = _curves(lines, palette(), (axis, t("charts.epoch"), t("charts.best")), best)
    draw(chart, key=key, alt=alt, title=title)


@functools.lru_cache(maxsize=32)
def _curves(
    lines: tuple[tuple[str, tuple[float | None, ...]], ...],
    colors: Palette,
    words: tuple[str, str, str],
    best: int | None,
) -> go.Figure:
    """The figure; kept, since a page that watches a run draws it each second, and making it costs ten times as much."""
    chart = figure(height=270)
    axis, epoch, kept = words
    for index, (name, values) in enumerate(lines):
        color = colors.categorical[index]
        chart.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=list(values),
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"size": 5},
            hovertemplate=f"{name} %{{y:.3f}}<extra></extra>",
        )
    longest = max((len(values) for _, values in lines), default=1)
    steps = {"range": [0.5, max(longest, 2) + 0.5], "dtick": max(1, longest // 10), "showgrid": False}
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": epoch}, **steps},
        "yaxis": {"title": {"text": axis}},
        "hovermode": "x unified",
        "showlegend": len(lines) > 1 or best is not None,
    }
    if best is not None:  # at once with the rest: `add_vline` would take as long as everything else together
        at = {"xref": "x", "yref": "y domain"}
        line = {"color": colors.muted, "width": 1, "dash": "dot"}
        layout["shapes"] = [{"type": "line", "x0": best, "x1": best, "y0": 0, "y1": 1, "line": line, **at}]
        # Its name stands in the legend: beside the mark it would lie over a line.
        chart.add_scatter(x=[None], y=[None], name=kept, mode="lines", line=line, hoverinfo="skip")
    chart.update_layout(layout)
    return chart


def whiskers(ends: Iterable[tuple[float, float, float]], color: str) -> dict[str, Any]:
    """Error bars to the ends of intervals, each ``(value, low, high)``; of ``error_x`` or ``error_y``."""
    known = list(ends)
    return {
        "type": "data",
        "array": [high - value for value, _, high in known],
        "arrayminus": [value - low for value, low, _ in known],
        "color": color,
        "thickness": 1.2,
        "width": 4,
    }


@dataclass(frozen=True)
class Change:
    """One test, or one label, before and after: each ``(value, low, high)``."""

    name: str
    before: tuple[float, float, float] | None
    after: tuple[float, float, float] | None


def before_after(changes: Sequence[Change], *, title: str, key: str, axis: str, alt: str) -> None:
    """Dots with their 95 % intervals, before above after, one line a test; the first change stands on top."""
    colors = palette()
    chart = figure(height=90 + 56 * len(changes))
    rows = list(range(len(changes)))[::-1]
    styles = [
        ("before", t("charts.before"), colors.muted, 0.13),
        ("after", t("charts.after"), colors.categorical[0], -0.13),
    ]
    for side, name, color, shift in styles:
        known = [
            (row, getattr(change, side)) for row, change in zip(rows, changes, strict=True) if getattr(change, side)
        ]
        chart.add_scatter(
            x=[score[0] for _, score in known],
            y=[row + shift for row, _ in known],
            name=name,
            mode="markers",
            marker={
                "color": color,
                "size": 10,
                "symbol": "circle-open" if side == "before" else "circle",
                "line": {"width": 2, "color": color},
            },
            error_x=whiskers((score for _, score in known), color),
            hovertemplate=f"{name}: %{{x:.3f}}<extra></extra>",
        )
    chart.update_xaxes(title_text=axis)
    chart.update_yaxes(
        tickvals=rows,
        ticktext=[text(change.name, TICK) for change in changes],
        range=[-0.6, len(changes) - 0.4],
        showgrid=False,
    )
    draw(chart, key=key, alt=alt, title=title)


@dataclass(frozen=True)
class Milestone:
    """One version on the timeline; ``low`` and ``high`` are the ends of its score's interval, ``parent`` is the version that it
    was made from.
    """

    number: int
    parent: int | None
    name: str
    score: float
    note: str
    champion: bool
    low: float
    high: float


def timeline(milestones: Sequence[Milestone], *, title: str, key: str, axis: str, alt: str) -> None:
    """Versions from left to right at the height of their score, each tied to the one it was made from; the serving one is
    filled.
    """
    colors = palette()
    chart = figure(height=260)
    chart.update_layout(margin_r=52)  # the score of the newest version stands to the right of its mark
    scores = [stone.score for stone in milestones]
    known = {stone.number: stone for stone in milestones}
    ties = [(known[stone.parent], stone) for stone in milestones if stone.parent in known]
    rising = {before.number for before, after in ties if after.score > before.score}
    chart.add_scatter(
        x=[number for before, after in ties for number in (before.number, after.number, None)],
        y=[value for before, after in ties for value in (before.score, after.score, None)],
        mode="lines",
        line={"color": colors.muted, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    chart.add_scatter(
        x=[stone.number for stone in milestones],
        y=scores,
        mode="markers+text",
        showlegend=False,
        marker={
            "size": 14,
            "color": [colors.categorical[0] if stone.champion else colors.background for stone in milestones],
            "line": {"color": colors.categorical[0], "width": 2},
        },
        text=[score(value) for value in scores],
        textposition=["bottom right" if stone.number in rising else "top right" for stone in milestones],
        error_y=whiskers(((stone.score, stone.low, stone.high) for stone in milestones), colors.muted),
        customdata=[[stone.name, stone.note, score(stone.score, stone.low, stone.high)] for stone in milestones],
        hovertemplate="<b>%{customdata[0]}</b> · %{customdata[2]}<br>%{customdata[1]}<extra></extra>",
        cliponaxis=False,
    )
    low = min((stone.low for stone in milestones), default=0.0)
    high = max((stone.high for stone in milestones), default=1.0)
    room = max(0.01, (high - low) * 0.2)
    top = high + room if high > 1 else min(1.04, high + room)  # a share ends at 1
    numbers = [stone.number for stone in milestones] or [1]
    chart.update_xaxes(
        tickvals=numbers,
        ticktext=[stone.name for stone in milestones],
        range=[min(numbers) - 0.5, max(max(numbers), min(numbers) + 3) + 0.5],
        showgrid=False,
    )
    chart.update_yaxes(
        title_text=axis, range=[max(0.0, low - room), top], nticks=4, tickformat=".2f" if high < 10 else ",.0f"
    )
    draw(chart, key=key, alt=alt, title=title)
