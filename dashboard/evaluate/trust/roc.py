"""For two labels: ROC and precision-recall, at every threshold there is."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette


def draw(shown: Shown, label: int) -> None:
    """ROC and precision-recall of one of two labels, by its number."""
    layout.section(t("evaluate.every_threshold", label=tables.plain(shown.classes[label])), help=t("evaluate.roc_help"))
    table = predictions(shown)
    truth = (table["truth"] == shown.classes[label]).astype(int)
    scores = table[f"p_{label}"]
    try:
        curves = _curves(truth, scores)
    except DataError as error:
        show_error(error)
        return
    share = float((truth == 1).mean())
    chance: dict[str, list[float]] = {"roc": [0, 1], "pr": [share, share]}
    for column, (name, points) in zip(st.columns(2, gap="medium"), curves.items(), strict=True):
        with column:
            _curve(name, points, chance[name])


@st.cache_data(show_spinner=False, max_entries=8)
def _curves(truth: pd.Series[int], scores: pd.Series[float]) -> dict[str, Any]:
    """Both curves; redrawing rows for the intervals of their areas takes a second."""
    from core.tasks.text_classification.curves import pr_points, roc_points

    return {"roc": roc_points(truth, scores), "pr": pr_points(truth, scores)}


def _curve(name: str, curve: Any, chance: list[float]) -> None:
    colors = palette()
    chart = charts.figure(height=320)
    chart.add_scatter(x=[0, 1], y=chance, mode="lines", line={"color": colors.muted, "dash": "dot"}, hoverinfo="skip")
    chart.add_scatter(x=curve.x, y=curve.y, mode="lines", line={"color": colors.categorical[0], "width": 2})
    chart.update_traces(hovertemplate="%{x:.3f} · %{y:.3f}<extra></extra>", selector=1)
    chart.update_layout(showlegend=False)
    chart.update_xaxes(title_text=t(f"evaluate.{name}_x"), range=[-0.01, 1.01])
    chart.update_yaxes(title_text=t(f"evaluate.{name}_y"), range=[-0.01, 1.02])
    title = t(f"evaluate.{name}_title", area=tables.estimate(curve.area))
    charts.draw(chart, key=f"evaluate.{name}", alt=title, title=title)
