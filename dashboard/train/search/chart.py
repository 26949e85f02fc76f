"""Parallel coordinates of a search, lying on their side: one axis below the other, one line a trial.

Lying, the names of the axes have room on a phone, too. Drawn from plain lines, since Plotly's own chart of this kind
needs WebGL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette, scale
from dashboard.train.search import values

ROW = 62  # pixels
FEWEST_COLOURS = 1e-6


def draw(shown: dict[str, Any]) -> None:
    """All trials that finished an epoch; the best is the thick one."""
    trials = [trial for trial in shown["trials"] if trial["macro_f1"] is not None]
    best = shown["trials"][shown["best"]]
    space = shown["space"]
    # Trials that were given up can be far below: they would take all colours for themselves.
    scores = [trial["macro_f1"] for trial in trials if trial["state"] == "complete"]
    low, high = min(scores), max(max(scores), min(scores) + FEWEST_COLOURS)
    chart = charts.figure(height=70 + ROW * (len(space) + 1))
    for trial in sorted(trials, key=lambda trial: (trial is best, trial["macro_f1"])):
        _line(chart, trial, space, (low, high), is_best=trial is best)
    _axes(chart, space, (low, high))
    _colour_bar(chart, low, high)
    chart.update_xaxes(range=[-0.03, 1.03], showgrid=False, showticklabels=False)
    chart.update_yaxes(range=[-(len(space) + 0.35), 0.65], showgrid=False, showticklabels=False)
    chart.update_layout(showlegend=False, hovermode="closest")
    charts.draw(
        chart,
        key="search.parallel",
        title=t("search.parallel_title", trials=len(trials)),
        alt=t("search.parallel_alt", trials=len(trials), best=tables.score(best["macro_f1"])),
    )


def position(described: dict[str, Any], setting_value: Any) -> float:
    """Where a value lies on its axis, 0 (left end) to 1."""
    if described["low"] is None:
        options: list[Any] = described["choices"] or [False, True]
        return options.index(setting_value) / max(len(options) - 1, 1)
    low, high = described["low"], described["high"]
    if described["scale"] == "log":
        low, high, setting_value = (math.log(number) for number in (low, high, setting_value))
    return float((setting_value - low) / (high - low)) if high > low else 0.5


def _line(
    chart: go.Figure,
    trial: dict[str, Any],
    space: Sequence[dict[str, Any]],
    limits: tuple[float, float],
    *,
    is_best: bool,
) -> None:
    low, high = limits
    share = min(1.0, max(0.0, (trial["macro_f1"] - low) / (high - low)))
    ramp = palette().sequential
    colour = ramp[2 + round(share * (len(ramp) - 3))]  # the palest would not be seen
    given_up = trial["state"] != "complete"
    name = t("search.defaults") if trial["number"] == 0 else t("search.trial_number", number=trial["number"] + 1)
    lines = [f"{name}: {tables.score(trial['macro_f1'])} ({t('search.state_' + trial['state'])})"]
    for setting in space:
        shown = values.value(setting, trial["values"][setting["name"]])
        lines.append(f"{values.label(setting['name'])}: {shown}")
    chart.add_scatter(
        x=[position(setting, trial["values"][setting["name"]]) for setting in space] + [share],
        y=[-row for row in range(len(space) + 1)],
        mode="lines+markers",
        line={"color": colour, "width": 4 if is_best else 1.2, "dash": "dot" if given_up else "solid"},
        marker={"size": 9 if is_best else 4, "color": colour},
        opacity=1.0 if is_best else 0.45 if given_up else 0.8,
        hovertemplate="<br>".join(charts.text(line) for line in lines) + "<extra></extra>",
    )


def _axes(chart: go.Figure, space: Sequence[dict[str, Any]], limits: tuple[float, float]) -> None:
    """A line for each setting with its name above and its ends below; the last one is the score itself."""
    colors = palette()
    rows: list[tuple[str, str, str]] = [(values.label(setting["name"]), *_ends(setting)) for setting in space]
    rows.append((t("search.macro_f1"), tables.score(limits[0]), tables.score(limits[1])))
    for row, (name, left, right) in enumerate(rows):
        chart.add_shape(
            type="line", x0=0, x1=1, y0=-row, y1=-row, line={"color": colors.muted, "width": 1}, layer="below"
        )
        texts = [(0, 0.30, name, "left", colors.text, 13), (0, -0.22, left, "left", colors.muted, 11)]
        texts.append((1, -0.22, right, "right", colors.muted, 11))
        for x, shift, text, anchor, colour, size in texts:
            chart.add_annotation(
                x=x,
                y=-row + shift,
                text=charts.text(str(text)),
                showarrow=False,
                xanchor=anchor,
                font={"size": size, "color": colour},
                bgcolor=colors.background,
                opacity=0.9,
            )


def _ends(described: dict[str, Any]) -> tuple[str, str]:
    if described["low"] is None:
        options = described["choices"] or [False, True]
        shown = [values.value(described, option) for option in options]
        return shown[0], shown[-1]
    kind = int if described["kind"] == "int" else float
    left, right = (values.value(described, kind(described[side])) for side in ("low", "high"))
    return left, right


def _colour_bar(chart: go.Figure, low: float, high: float) -> None:
    """The scale of the lines' colours, hung on a point that nobody sees."""
    colors = palette()
    chart.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        hoverinfo="skip",
        marker={
            "color": [low],
            "cmin": low,
            "cmax": high,
            "colorscale": scale(colors.sequential[2:]),
            "showscale": True,
            "colorbar": {
                "orientation": "h",
                "thickness": 8,
                "len": 1.0,
                "y": 1.0,
                "yanchor": "bottom",
                "outlinewidth": 0,
                "tickformat": ".3f",
                "nticks": 4,
                "title": {"text": t("search.macro_f1"), "side": "top", "font": {"size": 12}},
            },
        },
    )
