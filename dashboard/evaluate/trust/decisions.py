"""Which texts are answered and which go to a person, and what that costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.tasks.text_classification.decisions import (
    THRESHOLDS,
    Costs,
    CoverageCurve,
    Decision,
    coverage_curve,
    judge_threshold,
    suggest_threshold,
)
from dashboard.evaluate.page import Shown, predictions
from dashboard.evaluate.trust import in_use
from dashboard.evaluate.trust.rows import Answers, validation_rows
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import palette

MOST_LABELS = 8  # whose cost matrix is still a table that somebody fills in
MISTAKE, PERSON = 10.0, 1.0
SLIDER = "evaluate.decide.threshold"


def draw(shown: Shown) -> None:
    """Costs, the slider, what it comes to on the test rows."""
    layout.section(t("decide.title"), help=t("decide.help"))
    test, validation = Answers.of(predictions(shown), shown.classes), validation_rows(shown)
    if shown.figures.hierarchical_f1 is not None:
        st.caption(t("evaluate.tree_also"))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        costs = _ask_costs(shown.classes)
        suggested = suggest_threshold(validation.truth, validation.stated, costs) if validation is not None else None
        threshold = _ask_threshold(suggested, validation)
    decision = judge_threshold(test.truth, test.stated, threshold, costs)
    with right:
        _say(decision, costs, test)
        in_use.draw(shown, threshold)
        _coverage(coverage_curve(test.truth, test.stated, costs), decision)
    _costs(test, validation, costs, decision)


def _ask_costs(classes: tuple[str, ...]) -> Costs:
    """The cost matrix, or one figure for all mistakes where there are many labels, and the cost of a person."""
    person = st.number_input(
        t("decide.person"), min_value=0.0, value=PERSON, step=0.5, key="evaluate.decide.person", help=t("decide.unit")
    )
    if len(classes) > MOST_LABELS:
        mistake = st.number_input(
            t("decide.mistake"), min_value=0.0, value=MISTAKE, step=1.0, key="evaluate.decide.mistake"
        )
        return Costs.even(len(classes), mistake=mistake, person=person)
    st.markdown(t("decide.matrix"), help=t("decide.matrix_help"))
    names = [t("decide.answered", label=name) for name in classes]
    start = pd.DataFrame(Costs.even(len(classes), mistake=MISTAKE).mistakes, index=list(classes), columns=names)
    edited = st.data_editor(
        start,
        key=f"evaluate.decide.costs.{len(classes)}",
        column_config={name: st.column_config.NumberColumn(name, min_value=0.0, step=0.5) for name in names},
    )
    return Costs(read_costs(edited), person)


def read_costs(edited: pd.DataFrame) -> np.ndarray:
    """The matrix that somebody typed: an empty cell costs nothing, and neither does a right answer."""
    matrix = edited.to_numpy(dtype=np.float64, na_value=0.0).copy()
    np.fill_diagonal(matrix, 0.0)
    return np.asarray(np.maximum(np.nan_to_num(matrix), 0.0))


def _ask_threshold(suggested: float | None, validation: Answers | None) -> float:
    """The slider in per cent, and the button that puts it on the suggestion."""
    if SLIDER not in st.session_state:
        st.session_state[SLIDER] = round(100 * (suggested or 0.0))
    percent = st.slider(t("decide.slider"), 0, 100, step=1, format="%d%%", key=SLIDER, help=t("decide.slider_help"))
    if validation is None:
        st.caption(t("decide.no_validation"))
    elif suggested is None:
        st.caption(tn("decide.few_validation", len(validation.truth)))
    else:
        wanted = round(100 * suggested)
        if percent != wanted:
            st.button(t("decide.take", percent=wanted), key="evaluate.decide.take", on_click=_take, args=(wanted,))
        st.caption(tn("decide.suggested", len(validation.truth)))
    return percent / 100


def _take(percent: int) -> None:
    st.session_state[SLIDER] = percent


def _say(decision: Decision, costs: Costs, test: Answers) -> None:
    """The chosen threshold in two sentences."""
    whole = judge_threshold(test.truth, test.stated, 0.0, costs)
    facts = {
        "coverage": tables.percent(decision.coverage.value),
        "coverage_low": tables.percent(decision.coverage.low),
        "coverage_high": tables.percent(decision.coverage.high),
        "rows": tables.thousands(decision.rows),
        "accuracy": f"{decision.accuracy.value:.1%}",
        "low": f"{decision.accuracy.low:.1%}",
        "high": f"{decision.accuracy.high:.1%}",
        "asked": tables.thousands(decision.rows - decision.answered),
    }
    st.markdown(t("decide.nothing", **facts) if not decision.answered else t("decide.found", **facts))
    if decision.answered and decision.too_few:
        st.caption(f":material/hourglass_empty: {tn('decide.too_few', decision.answered)}")
    st.markdown(
        t(
            "decide.costs",
            cost=_money(decision.cost.value),
            low=_money(decision.cost.low),
            high=_money(decision.cost.high),
            all=_money(whole.cost.value),
            person=_money(costs.person),
        )
    )


def _money(value: float) -> str:
    return f"{value:.2f}"


def _coverage(curve: CoverageCurve, decision: Decision) -> None:
    """Accuracy of what is answered against the share that is answered, with its band; the chosen point on it."""
    colors = palette()
    known = np.flatnonzero(curve.coverage > 0)
    chart = charts.figure(height=300)
    color = colors.categorical[0]
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    chart.add_scatter(x=curve.coverage[known], y=curve.high[known], **band)
    chart.add_scatter(x=curve.coverage[known], y=curve.low[known], fill="tonexty", fillcolor=_faint(color), **band)
    chart.add_scatter(
        x=curve.coverage[known],
        y=curve.accuracy[known],
        mode="lines",
        line={"color": color, "width": 2},
        customdata=THRESHOLDS[known],
        hovertemplate="%{customdata:.0%}: %{x:.0%} → %{y:.1%}<extra></extra>",
        showlegend=False,
    )
    if decision.answered:
        chart.add_scatter(
            x=[decision.coverage.value],
            y=[decision.accuracy.value],
            mode="markers",
            marker={"size": 12, "color": colors.categorical[1]},
            hoverinfo="skip",
            showlegend=False,
        )
    chart.update_xaxes(title_text=t("decide.coverage"), tickformat=".0%", range=[0, 1.02])
    lowest = max(0.0, float(curve.low[known].min()) - 0.02) if len(known) else 0.0
    chart.update_yaxes(title_text=t("decide.accuracy"), tickformat=".0%", range=[lowest, 1.01])
    title = t("decide.coverage_title", all=f"{curve.accuracy[0]:.1%}", half=f"{_at_half(curve):.1%}")
    charts.draw(chart, key="evaluate.decide.coverage", alt=title, title=title)


def _at_half(curve: CoverageCurve) -> float:
    """Accuracy on about the surer half."""
    return float(curve.accuracy[int(np.argmin(np.abs(np.where(curve.coverage > 0, curve.coverage, 9) - 0.5)))])


def _faint(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"


def _costs(test: Answers, validation: Answers | None, costs: Costs, decision: Decision) -> None:
    """Mean cost of a text against the threshold, on test rows and on the validation rows that suggest one."""
    colors = palette()
    chart = charts.figure(height=260)
    sides: list[tuple[str, Answers | None, dict[str, Any]]] = [
        ("decide.on_validation", validation, {"color": colors.muted, "width": 2, "dash": "dot"}),
        ("decide.on_test", test, {"color": colors.categorical[0], "width": 2}),
    ]
    for name, rows, line in sides:
        if rows is not None:
            cost = coverage_curve(rows.truth, rows.stated, costs).cost
            hover = "%{x:.0%}: %{y:.2f}<extra></extra>"
            chart.add_scatter(x=THRESHOLDS, y=cost, name=t(name), mode="lines", line=line, hovertemplate=hover)
    chart.add_vline(x=decision.threshold, line={"color": colors.categorical[1], "width": 1.5, "dash": "dot"})
    chart.update_xaxes(title_text=t("decide.threshold"), tickformat=".0%", range=[0, 1])
    chart.update_yaxes(title_text=t("decide.cost"), rangemode="tozero")
    title = t("decide.cost_title", cost=_money(decision.cost.value), percent=tables.percent(decision.threshold))
    charts.draw(chart, key="evaluate.decide.cost", alt=title, title=title)
