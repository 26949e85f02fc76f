"""Of a model that marks entities: each type, and what is taken for what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.data.spans.targets import Span, spans_of
from core.tasks.token_classification.report import NOTHING
from core.tasks.token_classification.row_statistics import overlapping
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import tables
from dashboard.parts.plots.heatmaps import Cell, clickable_heatmap
from dashboard.shell import layout
from dashboard.shell.i18n import t, tn

KEY = "evaluate.entities"
HEIGHT = 560


def by_type(shown: Shown) -> None:
    """Precision, recall and F1 of each type with intervals; how many are found by their length, and in part."""
    figures = shown.figures
    table = pd.DataFrame(
        {
            t("evaluate.entity_type"): name,
            t("evaluate.f1"): tables.estimate(scores.f1),
            t("evaluate.precision"): tables.estimate(scores.precision),
            t("evaluate.recall"): tables.estimate(scores.recall),
            t("evaluate.entities"): scores.support,
            t("evaluate.remark"): t("evaluate.too_few") if scores.too_few else "",
        }
        for name, scores in figures.per_type.items()
    )
    if not any(scores.too_few for scores in figures.per_type.values()):
        table = table.drop(columns=t("evaluate.remark"))
    layout.section(t("evaluate.each_type"), help=t("evaluate.each_type_help"))
    height = tables.height_of(len(table), HEIGHT)
    st.dataframe(table, hide_index=True, key=f"{KEY}.types", height=height, column_config=tables.counts(table))
    tables.download_table(table, "results_types", key=f"{KEY}.types.download")
    st.caption(t("evaluate.partial", share=tables.estimate(figures.partial)))
    further = shown.report.get("further") or {}
    if further and all(count for _, count in further.values()) and len(shown.tests) == len(shown.report["tests"]):
        seen, unseen = ((tables.score(**share), tables.thousands(count)) for share, count in further.values())
        facts = {"seen": seen[0], "seen_count": seen[1], "unseen": unseen[0], "unseen_count": unseen[1]}
        st.caption(t("evaluate.familiar", **facts))
    lengths = pd.DataFrame(
        {
            t("evaluate.entity_length"): t("evaluate.from_characters", count=length),
            t("evaluate.recall"): tables.estimate(share),
            t("evaluate.entities"): count,
        }
        for length, share, count in figures.by_length
    )
    with st.expander(t("evaluate.by_length")):
        st.dataframe(lengths, hide_index=True, key=f"{KEY}.lengths", column_config=tables.counts(lengths))


def confused(shown: Shown) -> None:
    """Types of the truth against those of the answers, and the entities behind a cell."""
    counts = {(true, given): count for true, given, count in shown.figures.confused}
    types = [*shown.figures.per_type]
    names = [*types, NOTHING]
    cells = np.array([[counts.get((true, given), 0) for given in names] for true in names])
    told = [*types, t("evaluate.not_marked")]
    left, right = st.columns([5, 6], gap="large")
    with left:
        layout.section(t("evaluate.confusion"), help=t("evaluate.type_confusion_help"))
        cell = clickable_heatmap(
            cells,
            rows=told,
            columns=told,
            key=f"{KEY}.confusion",
            title=t("evaluate.type_confusion_title"),
            alt=t("evaluate.type_confusion_alt", types=len(types)),
            row_title=t("evaluate.truth"),
            column_title=t("evaluate.predicted"),
            kind="count",
            limits=None,
        )
    with right:
        layout.section(t("evaluate.behind_cell"))
        _behind(shown, names, told, cell)


def _behind(shown: Shown, names: list[str], told: list[str], cell: Cell | None) -> None:
    if cell is None:
        st.caption(t("evaluate.rows_none"))
        return
    true, given = (names[number] for number in cell)
    rows = [
        {t("evaluate.entity"): surface, t("evaluate.column_predicted"): answer, t("evaluate.text"): text}
        for text, surface, answer in _pairs(predictions(shown), true, given)
    ]
    st.markdown(tn("evaluate.entities_of_cell", len(rows), truth=told[cell[0]], predicted=told[cell[1]]))
    if rows:
        table = pd.DataFrame(rows)
        st.dataframe(table, hide_index=True, key=f"{KEY}.behind", height=tables.height_of(len(table), HEIGHT))


def _pairs(table: pd.DataFrame, true: str, given: str) -> list[tuple[str, str, str]]:
    """Text, entity, and what was marked there, of entities of one type that got another."""
    behind = []
    for text, truth, answer in zip(table["text"], table["truth"], table["predicted"], strict=True):
        has, marks = spans_of(truth), spans_of(answer)
        pairs: list[tuple[Span, Span | None]]
        if true == NOTHING:
            pairs = [(span, span) for span in marks if span.type == given and not overlapping(span, has)]
        else:
            pairs = [(span, _met(span, marks)) for span in has if span.type == true]
            pairs = [(span, other) for span, other in pairs if (other.type if other else NOTHING) == given]
        for span, other in pairs:
            surface = text[span.start : span.end]
            behind.append((text, surface, text[other.start : other.end] if other else tables.NOTHING))
    return behind


def _met(span: Span, marks: tuple[Span, ...]) -> Span | None:
    near = overlapping(span, marks)
    return next((other for other in near if other == span), near[0] if near else None)
