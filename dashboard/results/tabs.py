"""The tabs below the confusion matrix: scores by label, curves, confident errors, ROC and precision-recall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from core.registry.records.reports import baseline_name
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.plots import charts
from dashboard.parts.run_view import draw_learning
from dashboard.results.behaviour import draw as behaviour
from dashboard.results.calibration import draw as trust
from dashboard.results.compare import draw as compare
from dashboard.results.curve import draw as curve
from dashboard.results.decisions import draw as decide
from dashboard.results.folds import draw as folds
from dashboard.results.page import ALL, Shown, message_of, predictions, rows_table
from dashboard.results.reasons import draw as reasons
from dashboard.results.slices import draw as slices
from dashboard.results.tree import draw as tree
from dashboard.shell import layout
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import language, t, t_message, tn
from dashboard.shell.palette import palette

AVERAGES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
MOST_ERRORS = 200
GROUPS = {
    "scores": ("labels", "tree", "roc", "compare"),
    "mistakes": ("errors", "slices", "reasons", "behaviour"),
    "sureness": ("trust", "decide"),
    "learning": ("curves", "curve"),
}


def draw(shown: Shown) -> None:
    """One group of tabs at a time; only the open one is computed."""
    names = {name: t(f"results.group_{name}") for name in GROUPS}
    group = st.segmented_control(
        t("results.group"),
        list(GROUPS),
        format_func=names.__getitem__,
        required=True,
        default=next(iter(GROUPS)),
        key="results.group",
        label_visibility="collapsed",
        persist_state="session",
    )
    known = parts()
    absent = {
        *(["roc"] if len(shown.classes) != 2 else []),
        *(["tree"] if shown.figures.hierarchical_f1 is None else []),
    }
    offered = [name for name in GROUPS[str(group)] if name not in absent]
    places = st.tabs([t(f"results.tab_{name}") for name in offered], key=tabs_key(str(group), shown), on_change="rerun")
    for tab, name in zip(places, offered, strict=True):
        if tab.open:
            with tab:
                known[name](shown)


def tabs_key(group: str, shown: Shown) -> str:
    """Carries the language and the number of labels: an open tab is known by its visible name, among those there are."""
    kind = "tree" if shown.figures.hierarchical_f1 is not None else "labels"
    return f"results.tabs.{language()}.{group}.{'two_' if len(shown.classes) == 2 else ''}{kind}"


def parts() -> dict[str, Callable[[Shown], None]]:
    """What draws each tab."""
    return {
        "labels": by_label,
        "tree": tree,
        "roc": roc,
        "compare": compare,
        "errors": errors,
        "slices": slices,
        "reasons": reasons,
        "behaviour": behaviour,
        "trust": trust,
        "decide": decide,
        "curves": learning,
        "curve": curve,
    }


def by_label(shown: Shown) -> None:
    """The averages beside the baseline's, then every label."""
    layout.section(t("results.overall"), help=t("results.overall_help"))
    _table(overall_table(shown), "overall")
    layout.section(t("results.each_label"), help=t("results.each_label_help"))
    _table(label_table(shown), "labels")


def overall_table(shown: Shown) -> pd.DataFrame:
    """One row for the version, one for the baseline, one for the version that it was updated from."""
    rows: list[dict[str, Any]] = [
        {t("results.method"): t("results.version_name", number=shown.version.number)}
        | {t(f"results.{name}"): tables.estimate(getattr(shown.figures, name)) for name in AVERAGES}
    ]
    baseline = t("results.baseline", method=t_message(baseline_name(shown.report)))
    for method, stored in ((baseline, shown.baseline), (t("results.before"), _before(shown))):
        if stored:
            known = {name: tables.score(**stored[name]) if name in stored else tables.NOTHING for name in AVERAGES}
            rows.append({t("results.method"): method} | {t(f"results.{name}"): known[name] for name in AVERAGES})
    return pd.DataFrame(rows)


def _before(shown: Shown) -> dict[str, Any] | None:
    tested = next((test for test in shown.report["tests"] if test["experience"] == shown.test), None)
    return tested["before"] if tested else None


def label_table(shown: Shown) -> pd.DataFrame:
    """Precision, recall and F1 of each label with intervals, and whether it has rows enough to be judged."""
    return pd.DataFrame(
        {
            t("results.label"): label,
            t("results.precision"): tables.estimate(scores.precision),
            t("results.recall"): tables.estimate(scores.recall),
            t("results.f1"): tables.estimate(scores.f1),
            t("results.support"): scores.support,
            t("results.remark"): t("results.too_few") if scores.too_few else "",
        }
        for label, scores in shown.figures.per_class.items()
    )


def _table(table: pd.DataFrame, name: str) -> None:
    height = min(500, 38 + 35 * len(table))
    st.dataframe(table, hide_index=True, key=f"results.{name}_table", height=height, row_height=35)
    tables.download_table(table, f"results_{name}", key=f"results.{name}.download")


def errors(shown: Shown) -> None:
    """The errors of which the version was surest: wrong labels in the data are often among them."""
    table = predictions(shown)
    wrong = table[table["truth"] != table["predicted"]].sort_values("probability", ascending=False)
    if not len(wrong):
        st.caption(t("results.no_confusion"))
        return
    st.caption(tn("results.errors_note", len(wrong), rows=tables.thousands(len(table))))
    several = shown.test == ALL and len(shown.report["tests"]) > 1
    rows_table(wrong.head(MOST_ERRORS), key="results.errors", several_tests=several)


def learning(shown: Shown) -> None:
    """The curves of the training, what ended it, and what was noticed on the way."""
    report = shown.report
    if report["epochs"]:
        draw_learning(report, key="results.curves")
    else:
        st.caption(t("results.no_curves"))
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
    st.caption(t("results.made", **facts))
    if shown.labelled:
        folds(shown)


def roc(shown: Shown) -> None:
    """ROC and precision-recall of one of two labels."""
    label = st.segmented_control(
        t("results.positive"),
        range(2),
        format_func=lambda number: tables.plain(shown.classes[number]),
        required=True,
        default=1,
        key="results.positive",
        help=t("results.positive_help"),
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
    chart.update_xaxes(title_text=t(f"results.{name}_x"), range=[-0.01, 1.01])
    chart.update_yaxes(title_text=t(f"results.{name}_y"), range=[-0.01, 1.02])
    title = t(f"results.{name}_title", area=tables.estimate(curve.area))
    charts.draw(chart, key=f"results.{name}", alt=title, title=title)
