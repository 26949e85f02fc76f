"""Whether a version is as often right as it says it is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.statistics.intervals import MINIMUM_ROWS, Estimate, rate_estimate
from core.tasks.text_classification.calibration import Bin, brier_score, calibration_error, reliability
from core.tasks.text_classification.scores import MINIMUM_SUPPORT
from core.tasks.text_classification.temperature import rescale
from dashboard.evaluate.page import Shown, message_of, read_predictions
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.palette import palette

SIDES = ("before", "after")  # without and with the temperature


@dataclass(frozen=True)
class Side:
    """How sure the answers were stated, and what came of it."""

    stated: float
    ece: Estimate
    brier: Estimate
    bins: list[Bin]


@dataclass(frozen=True)
class Trust:
    """Both sides on the same rows, and the share of them that is right."""

    rows: int
    right: Estimate
    before: Side
    after: Side


def draw(shown: Shown) -> None:
    """The answer in a sentence, the diagram, the figures before and after."""
    layout.section(t("trust.title"), help=t("trust.help"))
    stored = shown.report.get("calibration") or {"temperature": 1.0, "rows": 0, "note": None}
    trust = measure(state.files_of(shown.version), shown.tests, shown.classes, stored["temperature"])
    if trust.rows < MINIMUM_ROWS:
        st.warning(tn("evaluate.too_few_rows", trust.rows), icon=":material/hourglass_empty:")
    st.markdown(f"{_icon(trust.after, trust.right)} {verdict(trust)}")
    left, right = st.columns(2, gap="medium")
    with left:
        _diagram(trust, corrected=stored["temperature"] != 1.0)
    with right:
        _figures(trust, stored)
    with st.expander(t("trust.table")):
        table = bin_table(trust.after.bins)
        st.dataframe(table, hide_index=True, key="evaluate.trust.bins", height="content")
        tables.download_table(table, "reliability", key="evaluate.trust.download")


@st.cache_data(show_spinner=False, max_entries=12)
def measure(files: state.Files, tests: tuple[int, ...], classes: tuple[str, ...], temperature: float) -> Trust:
    """Everything the tab shows, from a version's answers on these frozen tests."""
    table = read_predictions(files, tests)
    truth = table["truth"].map({name: number for number, name in enumerate(classes)}).to_numpy(dtype=np.int64)
    after = table[[f"p_{number}" for number in range(len(classes))]].to_numpy(dtype=np.float64)
    before = rescale(after, 1 / temperature) if temperature != 1.0 else after
    right = after.argmax(axis=1) == truth
    sides = [_side(stated, truth, right) for stated in (before, after)]
    return Trust(len(truth), rate_estimate(int(right.sum()), len(truth)), *sides)


def _side(stated: np.ndarray, truth: np.ndarray, right: np.ndarray) -> Side:
    sure = stated.max(axis=1)
    return Side(
        float(sure.mean()), calibration_error(sure, right), brier_score(truth, stated), reliability(sure, right)
    )


def verdict(trust: Trust) -> str:
    """What it says against what is so: over all answers, and of those it is surest of."""
    side, right = trust.after, trust.right
    whole = t(
        f"trust.{_kind(side, right)}",
        stated=tables.percent(side.stated),
        right=tables.percent(right.value),
        rows=tables.thousands(trust.rows),
    )
    top = side.bins[-1]
    if top.rows < MINIMUM_SUPPORT:
        return whole
    surest = t(
        "trust.surest",
        rows=tables.thousands(top.rows),
        least=tables.percent(top.low),
        stated=tables.percent(top.stated),
        right=tables.percent(top.right.value),
        low=tables.percent(top.right.low),
        high=tables.percent(top.right.high),
    )
    return f"{whole}{t('evaluate.gap')}{surest}"


def _kind(side: Side, right: Estimate) -> str:
    if side.ece.low == 0.0:
        return "honest"
    if right.low <= side.stated <= right.high:
        return "uneven"
    return "too_sure" if side.stated > right.value else "unsure"


def _icon(side: Side, right: Estimate) -> str:
    return {"honest": ":material/verified:", "uneven": ":material/tune:"}.get(
        _kind(side, right), ":material/trending_down:" if side.stated > right.value else ":material/trending_up:"
    )


def _diagram(trust: Trust, *, corrected: bool) -> None:
    """Stated against true shares above, how many answers below."""
    colors = palette()
    chart = charts.figure(height=420)
    chart.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": colors.muted, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    styles = {
        "before": (colors.categorical[1], "circle-open", t("trust.as_learned")),
        "after": (colors.categorical[0], "circle", t("trust.as_served")),
    }
    for name in SIDES if corrected else SIDES[1:]:
        color, symbol, label = styles[name]
        _points(chart, getattr(trust, name).bins, color, symbol, label)
    bins = trust.after.bins
    chart.add_bar(
        x=[(bar.low + bar.high) / 2 for bar in bins],
        y=[bar.rows for bar in bins],
        width=0.085,
        yaxis="y2",
        marker={"color": colors.categorical[0], "opacity": 0.55, "cornerradius": 3},
        text=[tables.thousands(bar.rows) for bar in bins],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y:,}<extra></extra>",
        showlegend=False,
    )
    low = max(0.0, min(bar.low for bar in bins) - 0.02)
    lowest = min(low, *(bar.right.low for side in (trust.before, trust.after) for bar in side.bins)) - 0.03
    chart.update_xaxes(title_text=t("trust.stated"), range=[low, 1.02], tickformat=".0%", anchor="y2")
    chart.update_yaxes(title_text=t("trust.right"), range=[lowest, 1.03], tickformat=".0%", domain=[0.34, 1])
    quiet = {"domain": [0, 0.2], "showgrid": False, "showticklabels": False, "zeroline": False, "fixedrange": True}
    chart.update_layout(yaxis2={**quiet, "range": [0, 1.4 * max(bar.rows for bar in bins)]}, showlegend=corrected)
    title = t("trust.chart", ece=tables.score(trust.after.ece.value))
    charts.draw(chart, key="evaluate.trust", alt=f"{title}. {verdict(trust)}", title=title)


def _points(chart: Any, bins: list[Bin], color: str, symbol: str, name: str) -> None:
    chart.add_scatter(
        x=[bar.stated for bar in bins],
        y=[bar.right.value for bar in bins],
        name=name,
        mode="lines+markers",
        line={"color": color, "width": 1.5},
        marker={"size": 9, "symbol": symbol, "color": color, "line": {"width": 2, "color": color}},
        error_y=charts.whiskers(((bar.right.value, bar.right.low, bar.right.high) for bar in bins), color),
        customdata=[[bar.right.low, bar.right.high, bar.rows] for bar in bins],
        hovertemplate="%{x:.0%} → %{y:.0%} (%{customdata[0]:.0%}–%{customdata[1]:.0%}), n = %{customdata[2]:,}"
        "<extra></extra>",
    )


def _figures(trust: Trust, stored: dict[str, Any]) -> None:
    """Calibration error and Brier score before and after, and where the temperature came from."""
    rows = {
        t("trust.ece"): [getattr(trust, name).ece for name in SIDES],
        t("trust.brier"): [getattr(trust, name).brier for name in SIDES],
    }
    table = pd.DataFrame(
        {
            t("evaluate.figure"): list(rows),
            t("trust.as_learned"): [tables.estimate(pair[0]) for pair in rows.values()],
            t("trust.as_served"): [tables.estimate(pair[1]) for pair in rows.values()],
        }
    )
    st.dataframe(table, hide_index=True, key="evaluate.trust.figures", height="content")
    st.caption(t("trust.figures_note"))
    if stored["note"] is not None:
        st.caption(tables.plain(t_message(message_of(stored["note"]))))
    elif stored["rows"]:
        st.caption(t("trust.temperature", value=f"{stored['temperature']:.2f}", rows=tables.thousands(stored["rows"])))
    else:
        st.caption(t("trust.no_temperature"))


def bin_table(bins: list[Bin]) -> pd.DataFrame:
    """The points of the diagram as rows."""
    return pd.DataFrame(
        {
            t("trust.range"): f"{bar.low:.0%}–{bar.high:.0%}",
            t("trust.answers"): bar.rows,
            t("trust.stated"): tables.score(bar.stated),
            t("trust.right"): tables.estimate(bar.right),
            t("evaluate.remark"): t("evaluate.too_few") if bar.rows < MINIMUM_SUPPORT else "",
        }
        for bar in bins
    )
