"""For two labels: from which probability on one of them is given, with precision, recall and cost."""

from __future__ import annotations

import streamlit as st

from core.tasks.text_classification.decisions import THRESHOLDS, judge_line, line_curve, suggest_line
from dashboard.evaluate.page import Shown, predictions
from dashboard.evaluate.trust.rows import Answers, validation_rows
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.shell import layout
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette

SLIDER = "evaluate.line.threshold"


def draw(shown: Shown) -> int:
    """The label, what its two mistakes cost, the slider, and what comes of it on the test rows; returns the label's number."""
    test, validation = Answers.of(predictions(shown), shown.classes), validation_rows(shown)
    layout.section(t("line.title"), help=t("line.help"))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        label, missed, false_alarm = _ask(shown.classes)
        suggested = None
        if validation is not None:
            rows = (validation.truth == label, validation.stated[:, label])
            suggested = suggest_line(*rows, missed=missed, false_alarm=false_alarm)
        threshold = _ask_threshold(suggested)
    has, scores = test.truth == label, test.stated[:, label]
    judged = judge_line(has, scores, threshold)
    with right:
        facts = {
            "label": tables.plain(shown.classes[label]),
            "percent": tables.percent(threshold),
            "given": tables.thousands(judged.given),
            "precision": tables.estimate(judged.precision),
            "recall": tables.estimate(judged.recall),
        }
        st.markdown(t("line.found", **facts))
        curve = line_curve(has, scores, missed=missed, false_alarm=false_alarm)
        cost = curve.cost[round(100 * threshold)]
        st.markdown(t("line.cost", cost=f"{cost:.2f}", usual=f"{curve.cost[50]:.2f}"))
        colors = palette()
        chart = charts.figure(height=280)
        for number, (name, values) in enumerate((("precision", curve.precision), ("recall", curve.recall))):
            hover = "%{x:.0%}: %{y:.3f}<extra></extra>"
            line = {"color": colors.categorical[number], "width": 2}
            text = t(f"evaluate.{name}")
            chart.add_scatter(x=THRESHOLDS, y=values, name=text, mode="lines", line=line, hovertemplate=hover)
        chart.add_vline(x=threshold, line={"color": colors.muted, "width": 1.5, "dash": "dot"})
        chart.update_xaxes(title_text=t("line.axis"), tickformat=".0%", range=[0, 1])
        chart.update_yaxes(range=[0, 1.02])
        title = t("line.chart")
        charts.draw(chart, key="evaluate.line", alt=title, title=title)
    return label


def _ask(classes: tuple[str, ...]) -> tuple[int, float, float]:
    """Which label, and the cost of missing it and of giving it wrongly."""
    label = st.segmented_control(
        t("evaluate.positive"),
        range(2),
        format_func=lambda number: tables.plain(classes[number]),
        required=True,
        default=1,
        key="evaluate.line.label",
        help=t("evaluate.positive_help"),
    )
    missed = st.number_input(t("line.missed"), min_value=0.0, value=1.0, step=0.5, key="evaluate.line.missed")
    false_alarm = st.number_input(t("line.false_alarm"), min_value=0.0, value=1.0, step=0.5, key="evaluate.line.false")
    return int(label or 0), missed, false_alarm


def _ask_threshold(suggested: float | None) -> float:
    if SLIDER not in st.session_state:
        st.session_state[SLIDER] = 50
    percent = st.slider(t("line.slider"), 0, 100, step=1, format="%d%%", key=SLIDER)
    if suggested is not None:
        wanted = round(100 * suggested)
        if percent != wanted:
            st.button(t("decide.take", percent=wanted), key="evaluate.line.take", on_click=_take, args=(wanted,))
    return percent / 100


def _take(percent: int) -> None:
    st.session_state[SLIDER] = percent
