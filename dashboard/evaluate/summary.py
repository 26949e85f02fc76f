"""The Summary tab: the verdict beside the baseline, all figures, how it was learned, and the report to take along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.registry.records.reports import baseline_name
from core.statistics.intervals import MINIMUM_ROWS
from dashboard.evaluate import entities, learned, plain, several, tree
from dashboard.evaluate.page import Shown
from dashboard.parts import scores, tables
from dashboard.parts.versions import report_download, verdict
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message, tn

AVERAGES = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
HEIGHT = 500
ICONS = {"better": ":material/check_circle:"}  # what may be chance is level


def draw(shown: Shown) -> None:
    """The verdict, the figures of the task, how it was learned, the report."""
    _verdict(shown)
    figures: Callable[[Shown], None] = _labelled if shown.labelled else _plain
    figures(shown)
    layout.section(t("evaluate.learned"))
    learned.draw(shown)
    report_download.draw(shown.version, key="evaluate")


def _verdict(shown: Shown) -> None:
    """How it stands beside the baseline, and what a reader must know before believing the figures."""
    judged = verdict.judge(shown.measured)
    told = tables.plain(verdict.joined([verdict.sentences(judged, shown.version.number), *_baseline_changed(shown)]))
    if judged.lost:
        st.warning(told, icon=":material/trending_down:")
    else:
        st.markdown(f"{ICONS.get(judged.kind, ':material/balance:')} {told}")
    verdict.tell_since(shown.report)
    if shown.figures.rows < MINIMUM_ROWS:
        st.warning(tn("evaluate.too_few_rows", shown.figures.rows), icon=":material/hourglass_empty:")
    notes = [t("evaluate.synthetic")] if shown.report["synthetic"] else []
    if not shown.labelled and (about := scores.about_points(shown.task.score)):
        notes.append(about)
    if notes:
        st.caption(tables.plain(verdict.joined(notes)))


def _baseline_changed(shown: Shown) -> list[str]:
    """That the version before stood beside another baseline, where it did: then the distance jumps for that alone."""
    known = {version.number: version for version in state.versions(shown.version.classifier)}
    parent = known.get(shown.version.parent or 0)
    if parent is None:
        return []
    before, now = (baseline_name(report) for report in (state.report(parent), shown.report))
    if before == now:
        return []
    facts = {"version": parent.number, "before": t_message(before)}
    return [t("evaluate.baseline_changed", **facts)]


def _labelled(shown: Shown) -> None:
    layout.section(t("evaluate.overall"), help=t("evaluate.overall_help"))
    _table(overall_table(shown), "overall")
    layout.section(t("evaluate.each_label"), help=t("evaluate.each_label_help"))
    _table(label_table(shown), "labels")
    if shown.figures.hierarchical_f1 is not None:
        tree.draw(shown)


def _plain(shown: Shown) -> None:
    plain.tests(shown)
    if shown.task.reads_sets:
        several.by_label(shown)
    if shown.task.reads == "spans":
        entities.by_type(shown)


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
    judged = shown.figures.per_class
    table = pd.DataFrame(
        {
            t("evaluate.label"): label,
            t("evaluate.precision"): tables.estimate(figures.precision),
            t("evaluate.recall"): tables.estimate(figures.recall),
            t("evaluate.f1"): tables.estimate(figures.f1),
            t("evaluate.support"): figures.support,
            t("evaluate.remark"): t("evaluate.too_few") if figures.too_few else "",
        }
        for label, figures in judged.items()
    )
    few = any(figures.too_few for figures in judged.values())
    return table if few else table.drop(columns=t("evaluate.remark"))


def _table(table: pd.DataFrame, name: str) -> None:
    height = tables.height_of(len(table), HEIGHT)
    st.dataframe(
        table, hide_index=True, key=f"evaluate.{name}_table", height=height, column_config=tables.counts(table)
    )
    tables.download_table(table, f"results_{name}", key=f"evaluate.{name}.download")
