"""Where a text may have several labels: each label with its threshold, and the labels that meet or are confused."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.statistics.intervals import Estimate
from core.tasks.multilabel_classification.report import LabelPair
from core.workflows.versions.folder import VersionFolder
from dashboard.evaluate.page import Shown
from dashboard.parts import scores, tables
from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.shell.layout import Card

RANKING = "ranking_precision"
HEIGHT = 560


def further_cards(shown: Shown) -> list[Card]:
    """What only the version has, since it needs probabilities."""
    measured: Estimate | None = shown.figures.scores.get(RANKING)
    if measured is None:
        return []
    interval = tables.interval(measured.low, measured.high)
    named, told = scores.score_name(RANKING), scores.score_help(RANKING)
    return [Card(named, tables.score(measured.value), interval=interval, help=told, good="neither")]


def by_label(shown: Shown) -> None:
    """Precision, recall and F1 of each label with intervals, and the probability from which on it is given."""
    thresholds = VersionFolder(state.version_folder(shown.version)).thresholds or []
    known = dict(zip(shown.report["classes"], thresholds, strict=False))
    table = pd.DataFrame(
        {
            t("evaluate.label"): label,
            t("evaluate.f1"): tables.estimate(figures.f1),
            t("evaluate.precision"): tables.estimate(figures.precision),
            t("evaluate.recall"): tables.estimate(figures.recall),
            t("evaluate.threshold"): tables.score(known[label]) if label in known else tables.NOTHING,
            t("evaluate.support"): figures.support,
            t("evaluate.remark"): t("evaluate.too_few") if figures.too_few else "",
        }
        for label, figures in shown.figures.per_label.items()
    )
    if not any(figures.too_few for figures in shown.figures.per_label.values()):
        table = table.drop(columns=t("evaluate.remark"))
    layout.section(t("evaluate.each_label"), help=t("evaluate.each_label_help"))
    st.caption(t("evaluate.threshold_note"))
    height = tables.height_of(len(table), HEIGHT)
    st.dataframe(
        table, hide_index=True, key="evaluate.several_labels", height=height, column_config=tables.counts(table)
    )
    tables.download_table(table, "results_labels", key="evaluate.several_labels.download")


def pairs(shown: Shown) -> None:
    """Labels given in place of others, and labels that texts have together."""
    left, right = st.columns(2, gap="large")
    with left:
        layout.section(t("evaluate.confused"), help=t("evaluate.confused_help"))
        _pairs(shown.figures.confused, "confused", ("missed", "given"))
    with right:
        layout.section(t("evaluate.together"), help=t("evaluate.together_help"))
        _pairs(shown.figures.together, "together", ("label", "label_too"))


def _pairs(listed: Sequence[LabelPair], kind: str, columns: tuple[str, str]) -> None:
    if not listed:
        st.caption(t(f"evaluate.{kind}_none"))
        return
    table = pd.DataFrame(
        {
            t(f"evaluate.{columns[0]}"): pair.first,
            t(f"evaluate.{columns[1]}"): pair.second,
            t("evaluate.column_rows"): pair.rows,
            **({t("evaluate.both_given"): pair.right} if kind == "together" else {}),
        }
        for pair in listed
    )
    st.dataframe(table, hide_index=True, key=f"evaluate.several_{kind}", column_config=tables.counts(table))
    tables.download_table(table, f"results_{kind}", key=f"evaluate.several_{kind}.download")
