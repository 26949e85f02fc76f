"""The charts of a measurement of speed: single answers, and texts a second; how its figures are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette

DEVICES = {"cpu": "CPU", "cuda": "CUDA", "tensorrt": "TensorRT"}


def way_name(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """How a way is called beside others: its device only where there are several."""
    name = t(f"benchmark.way_{row['runtime']}", precision=row["precision"])
    several = len({other["device"] for other in rows}) > 1
    return f"{name} · {DEVICES[row['device']]}" if several else name


def times(ratio: dict[str, float], *, spread: bool = False) -> str:
    """A ratio: ``3.2×``, with its spread ``3.2× (3.0–3.4)``."""
    middle = f"{ratio['median']:.1f}×"
    return f"{middle} ({ratio['low']:.1f}–{ratio['high']:.1f})" if spread else middle


def batch(row: dict[str, Any]) -> str:
    """Of how much each batch was: a number of texts, or as many as fit a number of tokens."""
    kind, count = next(iter(row["batch"].items()))
    return t(f"benchmark.batch_{kind}", count=tables.thousands(count))


def _colors(rows: Sequence[dict[str, Any]]) -> list[str]:
    colors = palette()
    of = {"eager": colors.muted, "compiled": colors.categorical[2], "onnx": colors.categorical[0]}
    return [of[row["runtime"]] for row in rows]


def _frame(rows: Sequence[dict[str, Any]]) -> tuple[go.Figure, list[int]]:
    """An empty chart with a line for each way, the first on top; what serves stands out."""
    chart = charts.figure(height=92 + 44 * len(rows))
    places = list(range(len(rows)))[::-1]
    names = [charts.text(way_name(row, rows)) for row in rows]
    shown = [f"<b>{name}</b>" if row.get("served") else name for name, row in zip(names, rows, strict=True)]
    chart.update_yaxes(tickvals=places, ticktext=shown, range=[-0.6, len(rows) - 0.4], showgrid=False, ticksuffix="  ")
    chart.update_layout(showlegend=False)
    return chart, places


def latency(rows: list[dict[str, Any]]) -> None:
    """One answer at a time: a dot for half of them, a line up to the slowest in a hundred."""
    chart, places = _frame(rows)
    single = [row["latency"] for row in rows]
    colors = _colors(rows)
    for y, quantiles, color in zip(places, single, colors, strict=True):
        chart.add_scatter(
            x=[quantiles["p50"], quantiles["p95"], quantiles["p99"]],
            y=[y] * 3,
            mode="lines+markers",
            line={"color": color, "width": 3},
            marker={"color": color, "size": [12, 1, 9], "symbol": ["circle", "circle", "line-ns"], "opacity": 1}
            | {"line": {"color": color, "width": [0, 0, 3]}},
            hoverinfo="skip",
        )
        chart.add_annotation(
            x=_log(quantiles["p99"]),
            y=y,
            text=tables.digits_that_matter(quantiles["p50"]),
            showarrow=False,
            xanchor="left",
            xshift=8,
        )
    chart.add_scatter(
        x=[quantiles["p50"] for quantiles in single],
        y=places,
        mode="markers",
        marker={"size": 26, "opacity": 0},
        customdata=[[tables.milliseconds(quantiles[name]) for name in ("p50", "p95", "p99")] for quantiles in single],
        hovertemplate="p50 %{customdata[0]}<br>p95 %{customdata[1]}<br>p99 %{customdata[2]}<extra></extra>",
    )
    low, high = min(quantiles["p50"] for quantiles in single), max(quantiles["p99"] for quantiles in single)
    left, right = low / 1.3, high * max(1.3, high / low) ** 0.25  # room for the figure behind the longest line
    values = ticks(left, right)
    chart.update_xaxes(
        type="log",
        range=[_log(left), _log(right)],
        tickvals=values,
        ticktext=[f"{value:g}" for value in values],
        title_text=t("benchmark.latency_axis"),
    )
    best = min(rows, key=lambda row: float(row["latency"]["p50"]))
    facts = {"way": way_name(best, rows), "time": tables.milliseconds(best["latency"]["p50"])}
    gain = best.get("speedup")
    title = t("benchmark.latency_title", **facts)
    if gain is not None:
        title = t("benchmark.latency_gain", **facts, times=f"{gain['latency']['median']:.1f}")
    charts.draw(chart, key="benchmark.latency", alt=title, title=title)
    st.caption(t("benchmark.latency_note"))


def throughput(rows: list[dict[str, Any]]) -> None:
    """Many texts at once: the middle round as a bar, the slowest and fastest as whiskers."""
    chart, places = _frame(rows)
    speeds = [row["throughput"] for row in rows]
    chart.add_bar(
        x=[speed["median"] for speed in speeds],
        y=places,
        orientation="h",
        width=0.5,
        marker={"color": _colors(rows), "cornerradius": 4},
        error_x=charts.whiskers(((speed["median"], speed["low"], speed["high"]) for speed in speeds), palette().text),
        customdata=[[batch(row)] for row in rows],
        hovertemplate="%{x:,.0f}<br>%{customdata[0]}<extra></extra>",
    )
    for y, speed in zip(places, speeds, strict=True):
        text = tables.thousands(speed["median"])
        chart.add_annotation(x=speed["high"], y=y, text=text, showarrow=False, xanchor="left", xshift=8)
    chart.update_xaxes(
        range=[0, 1.25 * max(speed["high"] for speed in speeds)], title_text=t("benchmark.speed_axis"), nticks=5
    )
    best = max(rows, key=lambda row: float(row["throughput"]["median"]))
    facts = {"way": way_name(best, rows), "value": tables.thousands(best["throughput"]["median"])}
    gain = best.get("speedup")
    title = t("benchmark.speed_title", **facts)
    if gain is not None:
        title = t("benchmark.speed_gain", **facts, times=f"{gain['throughput']['median']:.1f}")
    charts.draw(chart, key="benchmark.speed", alt=title, title=title)
    st.caption(t("benchmark.speed_note"))


def ticks(low: float, high: float) -> list[float]:
    """Round numbers for a logarithmic axis: 1, 2, 5 of each power of ten, or only the powers where that were many."""
    candidates = [
        step * 10.0**power for power in range(-6, 7) for step in (1, 2, 5) if low <= step * 10.0**power <= high
    ]
    return candidates if len(candidates) <= 6 else [value for value in candidates if f"{value:e}".startswith("1.0")]


def _log(value: float) -> float:
    return math.log10(value)
