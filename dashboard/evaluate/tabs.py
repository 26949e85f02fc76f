"""The row of tabs under the cards; and scores by label, curves, confident errors, ROC and precision-recall."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from core.registry.records.reports import baseline_name
from dashboard.evaluate import plain
from dashboard.evaluate.behaviour import draw as behaviour
from dashboard.evaluate.calibration import draw as trust
from dashboard.evaluate.compare import draw as compare
from dashboard.evaluate.confusion import draw as confusion
from dashboard.evaluate.curve import draw as curve
from dashboard.evaluate.decisions import draw as decide
from dashboard.evaluate.folds import draw as folds
from dashboard.evaluate.page import ALL, Shown, message_of, predictions, rows_table
from dashboard.evaluate.reasons import draw as reasons
from dashboard.evaluate.slices import draw as slices
from dashboard.evaluate.tree import draw as tree
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.plots import charts
from dashboard.parts.run_view import draw_learning
from dashboard.shell import layout, tabs
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.palette import palette

AVERAGES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
MOST_ERRORS = 200


def draw(shown: Shown) -> None:
    """The row of tabs; only the open one is computed."""
    if not shown.labelled:
        plain.draw(shown)
        return
    parts: dict[str, Callable[[Shown], None]] = {
        "summary": summary,
        "confusions": confusion,
        "errors": mistakes,
        "slices": slices,
        "trust": sureness,
        "behaviour": behaviour,
        "compare": comparisons,
    }
    tabs.row("evaluate", {name: partial(part, shown) for name, part in parts.items()})


def summary(shown: Shown) -> None:
    """The scores of every label, of the tree where there is one, and how it was learned."""
    by_label(shown)
    if shown.figures.hierarchical_f1 is not None:
        tree(shown)
    layout.section(t("evaluate.learned"))
    learning(shown)


def mistakes(shown: Shown) -> None:
    """The errors, and which words answers rest on."""
    errors(shown)
    reasons(shown)


def sureness(shown: Shown) -> None:
    """Whether probabilities hold, from which one on to answer, and for two labels what every threshold gives."""
    trust(shown)
    decide(shown)
    if len(shown.classes) == 2:
        roc(shown)


def comparisons(shown: Shown) -> None:
    """Other runs and versions, and what more rows would bring."""
    compare(shown)
    curve(shown)
    folds(shown)


def by_label(shown: Shown) -> None:
    """The averages beside the baseline's, then every label."""
    layout.section(t("evaluate.overall"), help=t("evaluate.overall_help"))
    _table(overall_table(shown), "overall")
    layout.section(t("evaluate.each_label"), help=t("evaluate.each_label_help"))
    _table(label_table(shown), "labels")


def overall_table(shown: Shown) -> pd.DataFrame:
    """One row for the version, one for the baseline, one for the version that it was updated from."""
    rows: list[dict[str, Any]] = [
        {t("evaluate.method"): t("evaluate.version_name", number=shown.version.number)}
        | {t(f"evaluate.{name}"): tables.estimate(getattr(shown.figures, name)) for name in AVERAGES}
    ]
    baseline = t("evaluate.baseline", method=t_message(baseline_name(shown.report)))
    for method, stored in ((baseline, shown.baseline), (t("evaluate.before"), _before(shown))):
        if stored:
            known = {name: tables.score(**stored[name]) if name in stored else tables.NOTHING for name in AVERAGES}
            rows.append({t("evaluate.method"): method} | {t(f"evaluate.{name}"): known[name] for name in AVERAGES})
    return pd.DataFrame(rows)


def _before(shown: Shown) -> dict[str, Any] | None:
    tested = next((test for test in shown.report["tests"] if test["experience"] == shown.test), None)
    return tested["before"] if tested else None


def label_table(shown: Shown) -> pd.DataFrame:
    """Precision, recall and F1 of each label with intervals, and whether it has rows enough to be judged."""
    return pd.DataFrame(
        {
            t("evaluate.label"): label,
            t("evaluate.precision"): tables.estimate(scores.precision),
            t("evaluate.recall"): tables.estimate(scores.recall),
            t("evaluate.f1"): tables.estimate(scores.f1),
            t("evaluate.support"): scores.support,
            t("evaluate.remark"): t("evaluate.too_few") if scores.too_few else "",
        }
        for label, scores in shown.figures.per_class.items()
    )


def _table(table: pd.DataFrame, name: str) -> None:
    height = min(500, 38 + 35 * len(table))
    st.dataframe(table, hide_index=True, key=f"evaluate.{name}_table", height=height, row_height=35)
    tables.download_table(table, f"results_{name}", key=f"evaluate.{name}.download")


def errors(shown: Shown) -> None:
    """The errors of which the version was surest: wrong labels in the data are often among them."""
    table = predictions(shown)
    wrong = table[table["truth"] != table["predicted"]].sort_values("probability", ascending=False)
    if not len(wrong):
        st.caption(t("evaluate.no_confusion"))
        return
    st.caption(tn("evaluate.errors_note", len(wrong), rows=tables.thousands(len(table))))
    several = shown.test == ALL and len(shown.report["tests"]) > 1
    rows_table(wrong.head(MOST_ERRORS), key="evaluate.errors", several_tests=several)


def learning(shown: Shown) -> None:
    """The curves of the training, what ended it, and what was noticed on the way."""
    report = shown.report
    if report["epochs"]:
        draw_learning(report, key="evaluate.curves")
    else:
        st.caption(t("evaluate.no_curves"))
    sentences = [report["end"]] if report["end"] is not None else []
    for stored in [*sentences, *report["findings"]]:
        st.markdown(f":material/info: {tables.plain(t_message(message_of(stored)))}")
    facts = {
        "model": name_of("model", report["model"]),
        "parameters": tables.thousands(report["parameters"]),
        "vocabulary": tables.thousands(report["vocabulary"]),
        "unit": t(f"choices.{report['segmentation']}").lower(),
        "time": tables.duration(report["seconds"]),
    }
    st.caption(t("evaluate.made", **facts))


def roc(shown: Shown) -> None:
    """ROC and precision-recall of one of two labels."""
    label = st.segmented_control(
        t("evaluate.positive"),
        range(2),
        format_func=lambda number: tables.plain(shown.classes[number]),
        required=True,
        default=1,
        key="evaluate.positive",
        help=t("evaluate.positive_help"),
    )
    table = predictions(shown)
    truth = (table["truth"] == shown.classes[int(label or 0)]).astype(int)
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
