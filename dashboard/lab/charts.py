"""The charts of a comparison: its score over experiences, its score against cost, one small matrix R a strategy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.lab import labels
from dashboard.lab.words import said
from dashboard.parts import tables
from dashboard.parts.plots import charts, heatmaps
from dashboard.parts.plots.comparison_figures import (
    FAMILY_COLORS,
    average,
    best_name,
    chart_name,
    ranked,
    strategy_name,
)
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import as_text, palette, readable_on, scale

NARROW = 230.0  # pixels that a chart's field has on a phone: names that fit there fit everywhere
MATRICES = 6  # shown before "show all"
A_ROW = 3
VALUES_UP_TO = 8  # experiences: with more, the cells are too small for figures


def color_of_family(family: str) -> str:
    """The colour that all strategies of a family have."""
    return palette().categorical[FAMILY_COLORS[family]]


def over_experiences(result: dict[str, Any]) -> None:
    """One line a strategy: its average score over the tests seen so far; the names stand at the lines' ends."""
    strategies = ranked(result)
    lines = {strategy["strategy"]: seen_so_far(strategy["R"]) for strategy in strategies}
    colors = {strategy["strategy"]: color_of_family(strategy["family"]) for strategy in strategies}
    count = len(result["experiences"])
    height = max(320, 60 + 19 * len(strategies))
    values = [value for line in lines.values() for value in line]
    low, high = min(values), max(values)
    room = max(0.008, (high - low) * 0.08)
    chart = charts.figure(height=height)
    per_pixel = (high - low + 2 * room) / (height - 70)
    ends = labels.spread([line[-1] for line in lines.values()], 16 * per_pixel)
    for (name, line), end in zip(lines.items(), ends, strict=True):
        _line(chart, name, line, end, colors[name], best=name == best_name(result))
    chart.update_xaxes(
        tickvals=list(range(1, count + 1)) if count <= 12 else None,
        range=[0.9, count + 0.06 * count],
        title_text=t("lab.experiences_learned"),
        showgrid=False,
    )
    chart.update_yaxes(
        title_text=said(result, "lab.seen_axis"), range=[min(low - room, *ends), max(high + room, *ends)]
    )
    chart.update_layout(showlegend=False, margin={"r": 118})
    first, last = strategies[0], strategies[-1]
    title = t("lab.over_title", best=strategy_name(first["strategy"]), score=tables.score(lines[first["strategy"]][-1]))
    alt = said(
        result,
        "lab.over_alt",
        count=len(strategies),
        best=strategy_name(first["strategy"]),
        high=tables.score(lines[first["strategy"]][-1]),
        worst=strategy_name(last["strategy"]),
        low=tables.score(lines[last["strategy"]][-1]),
    )
    charts.draw(chart, key="lab.over", alt=alt, title=title)


def seen_so_far(matrix: Sequence[Sequence[float]]) -> list[float]:
    """After each experience, the mean score over its test and all earlier ones."""
    return [float(np.mean(row[: number + 1])) for number, row in enumerate(matrix)]


def _line(chart: go.Figure, name: str, line: Sequence[float], end: float, color: str, *, best: bool) -> None:
    shown = charts.text(strategy_name(name))
    places = list(range(1, len(line) + 1))
    chart.add_scatter(
        x=places,
        y=list(line),
        mode="lines+markers",
        line={"color": color, "width": 4 if best else 1.8},
        marker={"size": 7 if best else 4},
        hovertemplate=f"{shown} · %{{x}} · %{{y:.3f}}<extra></extra>",
    )
    edge = len(line) + 0.05 * len(line)
    chart.add_scatter(  # from the line's end to its name
        x=[len(line), edge], y=[line[-1], end], mode="lines", line={"color": color, "width": 1}, hoverinfo="skip"
    )
    chart.add_annotation(
        x=edge,
        y=end,
        text=_printed(chart_name(name), bold=best),
        showarrow=False,
        xanchor="left",
        font={"color": as_text(color), "size": 12},
    )


def against_cost(result: dict[str, Any]) -> None:
    """The average score over seconds of all updates, on a logarithmic axis; the names stand beside the points."""
    strategies = ranked(result)
    seconds = [max(float(strategy["seconds"]), 1e-3) for strategy in strategies]
    scores = [float(strategy[average(result)]) for strategy in strategies]
    best = best_name(result)
    names = [_point_name(strategy["strategy"], best) for strategy in strategies]
    across, up = _padded([math.log10(value) for value in seconds], 0.12), _padded(scores, 0.02)
    height = max(320, 60 + 19 * len(strategies))
    field = NARROW, height - 70.0
    points = [
        (_share(math.log10(x), across) * field[0], _share(y, up) * field[1])
        for x, y in zip(seconds, scores, strict=True)
    ]
    chart = charts.figure(height=height)
    for strategy, name, x, y, side in zip(
        strategies, names, seconds, scores, labels.place_names(points, names, field), strict=True
    ):
        color = color_of_family(strategy["family"])
        is_best = strategy["strategy"] == best
        whole_name = charts.text(strategy_name(strategy["strategy"]))
        chart.add_scatter(
            x=[x],
            y=[y],
            mode="markers+text",
            marker={"size": 14 if is_best else 9, "color": color, "line": {"width": 2, "color": palette().background}},
            text=[_printed(name, bold=is_best)],
            textposition=side,
            textfont={"color": as_text(color), "size": 12},
            cliponaxis=False,
            hovertemplate=f"{whole_name} · {tables.duration(x)} · %{{y:.3f}}<extra></extra>",
        )
    chart.update_xaxes(
        type="log", range=list(across), title_text=t("lab.cost_axis"), dtick=1 if across[1] - across[0] > 1.2 else None
    )
    chart.update_yaxes(title_text=t(f"lab.{average(result)}"), range=list(up))
    chart.update_layout(showlegend=False)
    facts = {"name": strategy_name(best), "count": len(strategies)}
    charts.draw(chart, key="lab.cost", alt=said(result, "lab.cost_alt", **facts), title=t("lab.cost_title", **facts))


def _printed(name: str, *, bold: bool) -> str:
    escaped = charts.text(name)
    return f"<b>{escaped}</b>" if bold else escaped


def _point_name(strategy: str, best: str) -> str:
    name = chart_name(strategy)
    return t("lab.best_point", name=name) if strategy == best else name


def _padded(values: Sequence[float], least: float) -> tuple[float, float]:
    room = max(least, (max(values) - min(values)) * 0.15)
    return min(values) - room, max(values) + room


def _share(value: float, limits: tuple[float, float]) -> float:
    return (value - limits[0]) / (limits[1] - limits[0])


def matrices(result: dict[str, Any]) -> None:
    """The matrices R side by side on one scale of colours, best average first."""
    strategies = ranked(result)
    limits = heatmaps.score_limits(*(strategy["R"] for strategy in strategies))
    everything = len(strategies) <= MATRICES or st.session_state.get("lab.all_matrices", False)
    shown = strategies if everything else strategies[:MATRICES]
    st.caption(said(result, "lab.matrices_how", low=tables.percent(limits[0]), high=tables.percent(limits[1])))
    for start in range(0, len(shown), A_ROW):
        for column, strategy in zip(st.columns(A_ROW, gap="medium"), shown[start : start + A_ROW], strict=False):
            with column:
                _small_matrix(result, strategy, limits)
    if not everything:
        st.button(
            tn("lab.matrices_all", len(strategies)), key="lab.all_matrices_button", type="tertiary", on_click=_show_all
        )


def _show_all() -> None:
    st.session_state["lab.all_matrices"] = True


def _small_matrix(result: dict[str, Any], strategy: dict[str, Any], limits: tuple[float, float]) -> None:
    matrix = np.asarray(strategy["R"], dtype=float)
    count = len(matrix)
    ramp = palette().sequential
    chart = charts.figure(height=70 + max(150, min(34 * count, 300)))
    places = list(range(1, count + 1))
    chart.add_heatmap(
        z=matrix,
        x=places,
        y=places,
        zmin=limits[0],
        zmax=limits[1],
        colorscale=scale(ramp),
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate=f"{t('lab.learned')} %{{y}} · {t('lab.test')} %{{x}} · %{{z:.3f}}<extra></extra>",
    )
    if count <= VALUES_UP_TO:
        shares = (matrix - limits[0]) / (limits[1] - limits[0])
        chart.add_scatter(
            x=places * count,
            y=np.repeat(places, count),
            mode="text",
            text=[f"{value:.0%}".rstrip("%") for value in matrix.ravel()],
            textfont={"color": [readable_on(ramp, share) for share in shares.ravel()], "size": 12},
            hoverinfo="skip",
            showlegend=False,
        )
    step = 1 + (count - 1) // 10
    ticks = {"tickvals": places[::step], "showgrid": False}
    chart.update_xaxes(title_text=t("lab.test"), range=[0.5, count + 0.5], **ticks)
    chart.update_yaxes(title_text=t("lab.learned"), autorange=False, range=[count + 0.5, 0.5], **ticks)
    name = strategy_name(strategy["strategy"])
    alt = said(
        result,
        "lab.matrix_alt",
        name=name,
        count=count,
        values=[tables.score(value) for value in matrix[-1]] if count <= 12 else tables.score(matrix[-1].mean()),
    )
    title = t("lab.matrix_title", name=chart_name(strategy["strategy"]), score=tables.score(strategy[average(result)]))
    charts.draw(chart, key=f"lab.matrix.{strategy['strategy']}", alt=alt, title=title)
