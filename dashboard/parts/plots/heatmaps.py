"""Heatmaps of scores, counts and differences, whose cells can be clicked; knows nothing of what the cells mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.parts.plots.charts import CONFIG, draw, figure, head, text
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette, readable_on, scale

Cell = tuple[int, int]
Kind = Literal["score", "error", "count", "difference"]

TICK = 18  # characters of a name beside a row or below a column
NUMBERS = {"score": ".3f", "error": ",.1f", "count": ",.0f", "difference": "+.1f"}


def heatmap(
    values: Any,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    key: str,
    alt: str,
    title: str = "",
    row_title: str = "",
    column_title: str = "",
    kind: Kind = "score",
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw a matrix with its values in the cells; unknown values (nan) stay empty.

    Parameters
    ----------
    kind
        What the values are, which decides the colours: ``"score"`` and ``"count"`` run along one green, ``"error"`` the
        other way, so that what is better is the stronger; ``"difference"``
        from orange over nothing to blue.
    limits
        The ends of the colour scale; the same for all of a set of small multiples. Default: `score_limits` for scores, 0
        to the largest for counts, symmetric for differences.
    """
    matrix = np.asarray(values, dtype=float)
    chart = _chart(matrix, rows, columns, row_title, column_title, kind, limits)
    draw(chart, key=key, alt=alt, title=title)


def clickable_heatmap(
    values: Any,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    key: str,
    alt: str,
    row_title: str,
    column_title: str,
    title: str = "",
    kind: Kind = "count",
    limits: tuple[float, float] | None = None,
) -> Cell | None:
    """A heatmap and, below it, two select boxes that choose the same cell from the keyboard.

    Returns
    -------
    The chosen cell ``(row, column)``, counted from 0; None before anything is chosen.
    """
    matrix = np.asarray(values, dtype=float)
    chart = _chart(matrix, rows, columns, row_title, column_title, kind, limits)
    _add_click_targets(chart, matrix, rows, columns)
    row_key, column_key = f"{key}.row", f"{key}.column"
    _outline(chart, st.session_state.get(row_key), st.session_state.get(column_key))

    def take_click() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            row, column = points[0]["customdata"]
            st.session_state[row_key], st.session_state[column_key] = int(row), int(column)

    head(title)
    # A heatmap trace reports no clicks, so an all but transparent scatter lies over it.
    st.plotly_chart(chart, key=key, config=CONFIG, alt=alt, on_select=take_click, selection_mode="points")
    left, right = st.columns(2)
    choose: dict[str, Any] = {"index": None, "placeholder": t("charts.choose"), "persist_state": "page"}
    row = left.selectbox(row_title, range(len(rows)), format_func=rows.__getitem__, key=row_key, **choose)
    column = right.selectbox(
        column_title, range(len(columns)), format_func=columns.__getitem__, key=column_key, **choose
    )
    return None if row is None or column is None else (int(row), int(column))


def _chart(
    matrix: np.ndarray[Any, Any],
    rows: Sequence[str],
    columns: Sequence[str],
    row_title: str,
    column_title: str,
    kind: Kind,
    limits: tuple[float, float] | None,
) -> go.Figure:
    colors = palette()
    low, high = limits or _limits(matrix, kind)
    ramp = colors.diverging if kind == "difference" else colors.sequential
    ramp = ramp[::-1] if kind == "error" else ramp
    chart = figure(height=80 + min(64, max(30, 420 // max(1, len(rows)))) * len(rows))
    chart.add_heatmap(
        z=matrix,
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        zmin=low,
        zmax=high,
        colorscale=scale(ramp),
        showscale=False,
        xgap=3,
        ygap=3,
        hoverongaps=False,
        hovertemplate=f"%{{z:{NUMBERS[kind]}}}<extra></extra>",
    )
    if len(columns) <= 12:
        _add_values(chart, matrix, ramp, (low, high), NUMBERS[kind])
    step = 1 + len(columns) // 40
    chart.update_xaxes(
        tickvals=list(range(0, len(columns), step)),
        ticktext=[text(name, TICK) for name in columns[::step]],
        title_text=column_title,
        side="bottom",
        showgrid=False,
        range=[-0.5, len(columns) - 0.5],
    )
    chart.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{text(name, TICK)} " for name in rows],
        title_text=row_title,
        autorange=False,
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    return chart


def _add_values(
    chart: go.Figure, matrix: np.ndarray[Any, Any], ramp: Sequence[str], limits: tuple[float, float], number: str
) -> None:
    # Plotly's own cell text is grey on some of these greens; here it is black or white, whichever reads better.
    low, high = limits
    cells = [(i, j) for i, j in np.ndindex(matrix.shape) if not np.isnan(matrix[i, j])]
    shares = [float(matrix[i, j] - low) / (high - low or 1) for i, j in cells]
    chart.add_scatter(
        x=[j for _, j in cells],
        y=[i for i, _ in cells],
        mode="text",
        text=[_written(float(matrix[i, j]), number) for i, j in cells],
        textfont={"color": [readable_on(ramp, share) for share in shares], "size": 14},
        hoverinfo="skip",
        showlegend=False,
    )


def _written(value: float, number: str) -> str:
    text = format(value, number)
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def _add_click_targets(
    chart: go.Figure, matrix: np.ndarray[Any, Any], rows: Sequence[str], columns: Sequence[str]
) -> None:
    cells = [(i, j) for i in range(len(rows)) for j in range(len(columns)) if not np.isnan(matrix[i, j])]
    chart.add_scatter(
        x=[j for _, j in cells],
        y=[i for i, _ in cells],
        customdata=[[i, j] for i, j in cells],
        mode="markers",
        marker={"symbol": "square", "size": 44, "opacity": 0.001, "color": palette().text},
        unselected={"marker": {"opacity": 0.001}},
        selected={"marker": {"opacity": 0.18}},
        hovertemplate=[f"{text(rows[i])} → {text(columns[j])}<extra></extra>" for i, j in cells],
        showlegend=False,
    )
    chart.update_layout(clickmode="event+select")


def score_limits(*matrices: Any) -> tuple[float, float]:
    """Colour ends for scores, rounded to 0.05: wide enough for all given matrices, narrow enough to see a few points."""
    known = np.concatenate([np.asarray(matrix, dtype=float).ravel() for matrix in matrices])
    known = known[~np.isnan(known)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.floor(known.min() * 20) / 20 - 0.05, np.ceil(known.max() * 20) / 20
    return max(0.0, float(low)), min(1.0, float(high))


def _outline(chart: go.Figure, row: int | None, column: int | None) -> None:
    if row is None or column is None:
        return
    edges = {"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.47, "y1": row + 0.47}
    chart.add_shape(type="rect", **edges, line={"color": palette().categorical[1], "width": 3})


def _limits(matrix: np.ndarray[Any, Any], kind: Kind) -> tuple[float, float]:
    if kind == "score":
        return score_limits(matrix)
    largest = float(np.nanmax(np.abs(matrix))) if np.isfinite(matrix).any() else 1.0
    return (0.0, max(largest, 1.0)) if kind in ("count", "error") else (-max(largest, 1e-9), max(largest, 1e-9))
