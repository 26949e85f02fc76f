"""The Corrections tab: answers that readers put right, which wait for the next update."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.dataset.label_sets import labels_of
from core.data.labelling.corrections import lacking
from dashboard.parts import tables
from dashboard.parts.corrections import JOIN, NEXT_BATCH, still_needed
from dashboard.parts.scores import task_of_version
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.labelling.corrections import Correction

LISTED = "use.listed"  # how many corrections are shown
PAGE = 20
SHOWN = 200  # characters of a text in the list


def draw() -> None:
    """The queue of the chosen model."""
    classifier = state.chosen_classifier()
    if classifier is None:
        layout.needs_classifier(t("data.corrections_none_title"), t("data.corrections_none"))
        return
    st.caption(t("data.corrections_what", classifier=tables.plain(classifier)))
    _queue(classifier)


@guarded_fragment()
def _queue(classifier: str) -> None:
    """The list of corrections, newest first, and the way to learn from them."""
    waiting = state.corrections().list(classifier)
    _unreadable(classifier)
    if not waiting:
        with st.container(border=True):
            st.markdown(f"**{t('use.no_corrections_title')}**")
            st.markdown(t("use.no_corrections"))
        return
    _ahead(classifier, waiting)
    shown = st.session_state.get(LISTED, PAGE)
    champion = state.champion(classifier)
    told = task_of_version(champion).told if champion is not None else str
    for correction in waiting[::-1][:shown]:
        _row(classifier, correction, told)
    if len(waiting) > shown:
        st.button(t("use.show_more"), key="use.show_more", type="tertiary", on_click=_show_more)
    tables.download_table(lambda: _table(waiting), f"{classifier}-corrections", key="use.corrections.download")


def _unreadable(classifier: str) -> None:
    """Say that lines of the queue were passed over, and where they are."""
    count = state.corrections().unreadable(classifier)
    if count:
        file = tables.plain(str(state.corrections().file(classifier)))
        st.warning(tn("use.unreadable", count, file=file), icon=":material/warning:")


def _show_more() -> None:
    st.session_state[LISTED] = st.session_state.get(LISTED, PAGE) + PAGE


def _ahead(classifier: str, waiting: list[Correction]) -> None:
    champion = state.champion(classifier)
    labels = set(state.engine(champion).labels) if champion else set()
    sets = champion is not None and task_of_version(champion).reads_sets
    asked = {label for row in waiting for label in (labels_of(row.label) if sets else [row.label])}
    fresh = sorted(asked - labels)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            layout.section(tn("use.count", len(waiting)))
            if fresh:
                st.caption(tn("use.new_labels", len(fresh), labels=[tables.plain(label) for label in fresh]))
        missing = lacking(waiting)
        label = t("use.join") if missing else t("use.use")
        if st.button(label, key="use.use", type="primary", icon=":material/autorenew:"):
            st.session_state[NEXT_BATCH] = JOIN if missing else "corrections"
            go("update")
    if missing:
        st.caption(tables.plain(still_needed(missing)))


def _row(classifier: str, correction: Correction, told: Callable[[str], str]) -> None:
    text = " ".join(correction.text.split())
    shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(gap=None, width="stretch"):
            st.markdown(tables.plain(shown))
            st.caption(
                t(
                    "use.change",
                    predicted=tables.plain(told(correction.predicted)),
                    label=tables.plain(told(correction.label)),
                    version=correction.version,
                    when=tables.moment(correction.created),
                )
            )
        key = f"use.remove.{correction.created}.{hash(correction.text)}"
        if layout.icon_button(t("use.remove"), of=shown, key=key, icon=":material/close:"):
            state.corrections().remove(classifier, {correction.text})
            st.rerun()


def _table(waiting: list[Correction]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "text": correction.text,
                "label": correction.label,
                "predicted": correction.predicted,
                "version": correction.version,
            }
            for correction in waiting
        ]
    )
