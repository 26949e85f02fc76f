"""The confusion tab of the Evaluate page, and the rows behind a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.continual.drift.typical_words import typical_words
from core.networks.text.words import words_in
from dashboard.evaluate.errors import cards
from dashboard.evaluate.page import Shown, predictions, rows_table
from dashboard.parts import tables
from dashboard.parts.plots.heatmaps import Cell, clickable_heatmap
from dashboard.shell import layout, tabs
from dashboard.shell.i18n import t, tn

KEY = "evaluate.confusion"
MOST_LABELS = 14  # side by side with the rows, more cells cannot be read


def draw(shown: Shown) -> None:
    """The matrix on the left, the rows of the chosen cell on the right."""
    labels = shown_labels(shown.figures.confusion)
    left, right = st.columns([5, 6], gap="large")
    with left:
        layout.section(t("evaluate.confusion"), help=t("evaluate.confusion_help"))
        cell = _matrix(shown, labels)
    with right:
        _rows(shown, labels, cell)


def shown_labels(confusion: np.ndarray[Any, Any]) -> list[int]:
    """Numbers of the labels to show: all, or those with most errors when there are many."""
    if len(confusion) <= MOST_LABELS:
        return list(range(len(confusion)))
    errors = confusion.sum(axis=0) + confusion.sum(axis=1) - 2 * np.diag(confusion)
    return sorted(int(label) for label in np.argsort(-errors, kind="stable")[:MOST_LABELS])


def worst_cell(counts: np.ndarray[Any, Any]) -> Cell | None:
    """The most frequent confusion; None when there is none."""
    errors = counts - np.diag(np.diag(counts))
    row, column = np.unravel_index(int(errors.argmax()), errors.shape)
    return (int(row), int(column)) if errors[row, column] else None


def _matrix(shown: Shown, labels: list[int]) -> Cell | None:
    choices = {name: t(f"evaluate.cells_{name}") for name in ("counts", "shares")}
    normalised = st.segmented_control(
        t("evaluate.cells"),
        list(choices),
        format_func=choices.__getitem__,
        required=True,
        default="counts",
        key="evaluate.cells",
        label_visibility="collapsed",
    )
    counts = shown.figures.confusion[np.ix_(labels, labels)]
    names = [shown.classes[label] for label in labels]
    worst = worst_cell(counts)
    _start_at(worst or (0, 0), shown, len(names))
    support = np.maximum(1, shown.figures.confusion.sum(axis=1))[labels]
    as_shares = normalised == "shares"
    title = t("evaluate.no_confusion")
    if worst is not None:
        facts = {"truth": names[worst[0]], "predicted": names[worst[1]]}
        title = tn("evaluate.worst_confusion", int(counts[worst]), **facts)
    if len(labels) < len(shown.classes):
        st.caption(tn("evaluate.labels_left_out", len(labels), total=len(shown.classes)))
    return clickable_heatmap(
        counts / support[:, None] if as_shares else counts,
        rows=names,
        columns=names,
        key=KEY,
        title=title,
        alt=t("evaluate.confusion_alt", labels=len(names), rows=tables.thousands(shown.figures.rows), finding=title),
        row_title=t("evaluate.truth"),
        column_title=t("evaluate.predicted"),
        kind="score" if as_shares else "count",
        limits=(0.0, 1.0) if as_shares else None,
    )


def _start_at(cell: Cell, shown: Shown, labels: int) -> None:
    """Begin at the worst confusion whenever another version or test is looked at."""
    looked_at = (shown.version.classifier, shown.version.number, shown.test, labels)
    if st.session_state.get(f"{KEY}.looked_at") != looked_at:
        st.session_state[f"{KEY}.looked_at"] = looked_at
        st.session_state[f"{KEY}.row"], st.session_state[f"{KEY}.column"] = cell


def _rows(shown: Shown, labels: list[int], cell: Cell | None) -> None:
    layout.section(t("evaluate.rows"), help=t("evaluate.rows_help"))
    if cell is None:
        st.caption(t("evaluate.rows_none"))
        return
    truth, predicted = (shown.classes[labels[number]] for number in cell)
    table = predictions(shown)
    inside = table[(table["truth"] == truth) & (table["predicted"] == predicted)]
    key = "evaluate.rows_right" if truth == predicted else "evaluate.rows_wrong"
    st.markdown(tn(key, len(inside), truth=tables.plain(truth), predicted=tables.plain(predicted)))
    if len(inside):
        surest_first = inside.sort_values("probability", ascending=False)
        rows_table(surest_first, key="evaluate.cell_rows", several_tests=len(shown.tests) > 1, of_cell=True)
        if truth != predicted:
            st.button(
                t("evaluate.as_cards"),
                key="evaluate.as_cards",
                icon=":material/view_agenda:",
                on_click=_as_cards,
                args=(truth, predicted),
            )
        words = _typical(tuple(inside["text"]), tuple(table.loc[table["truth"] == truth, "text"].drop(inside.index)))
        if words:
            st.caption(t("slices.typical", words=tables.plain(", ".join(words))), help=t("slices.typical_help"))


def _as_cards(truth: str, predicted: str) -> None:
    """Have the Errors tab open with these rows alone."""
    st.session_state[f"{cards.KEY}.truth"], st.session_state[f"{cards.KEY}.predicted"] = truth, predicted
    tabs.show("evaluate", "errors")


@st.cache_data(show_spinner=False, max_entries=50)
def _typical(inside: tuple[str, ...], outside: tuple[str, ...]) -> list[str]:
    """Words typical of the rows of a cell, beside the other rows of the same label."""
    return [typical.word for typical in typical_words(words_in(inside), words_in(outside))]
