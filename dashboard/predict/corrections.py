"""Wrong answers put right: the question under an answer, and the list of what waits for the next update."""

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
    from core.registry import VersionInfo

CHOICE = "predict.should_be"
JUDGED = "predict.judged"  # the text that the choice belongs to
LISTED = "predict.listed"  # how many corrections are shown
PAGE = 20
SHOWN = 200  # characters of a text in the list


def correction(version: VersionInfo, text: str, predicted: str, labels: list[str]) -> None:
    """Under an answer: what it should have been, or that this is known already."""
    waiting = waiting_for(version.classifier, text)
    if waiting is not None:
        known(version.classifier, waiting, waiting.label)
        return
    if st.session_state.get(JUDGED) != text:  # a choice made for another text must not be taken for this one's
        st.session_state[JUDGED] = text
        st.session_state[CHOICE] = None
    choice = st.selectbox(
        t("predict.should_be"),
        labels,
        index=None,
        key=CHOICE,
        placeholder=t("predict.should_be_placeholder"),
        help=t("predict.should_be_help"),
        accept_new_options=True,
        width=360,
    )
    if choice:
        add(version, text, predicted, known_label(choice, labels))


def waiting_for(classifier: str, text: str) -> Correction | None:
    """The correction of this text that waits already."""
    return next((correction for correction in state.corrections().list(classifier) if correction.text == text), None)


def known_label(typed: str, labels: list[str]) -> str:
    """The label meant by what was typed: an existing one when only case or space differ, else a new one."""
    typed = " ".join(typed.split())
    return next((label for label in labels if label.casefold() == typed.casefold()), typed)


def add(version: VersionInfo, text: str, predicted: str, label: str) -> None:
    """Queue a correction, unless it is what was answered."""
    if not label:
        return
    if label == predicted:
        st.warning(t("predict.same_label", label=tables.plain(label)), icon=":material/info:")
    else:
        state.corrections().add(version.classifier, text, label, predicted=predicted, version=version.number)
        st.rerun()  # the whole page: the list of corrections has one more


def known(classifier: str, waiting: Correction, told: str) -> None:
    """That a correction waits, and the way to take it back; ``told`` is its label as people read it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = t("predict.waiting", label=tables.plain(told))
        st.markdown(f":primary[:material/check:] {sentence}", width="content")
        if st.button(t("predict.undo"), key="predict.undo", icon=":material/undo:", type="tertiary"):
            state.corrections().remove(classifier, {waiting.text})
            st.rerun()


@guarded_fragment()
def draw(classifier: str) -> None:
    """The list of corrections, newest first, and the way to learn from them."""
    waiting = state.corrections().list(classifier)
    _unreadable(classifier)
    if not waiting:
        with st.container(border=True):
            st.markdown(f"**{t('predict.no_corrections_title')}**")
            st.markdown(t("predict.no_corrections"))
        return
    _ahead(classifier, waiting)
    shown = st.session_state.get(LISTED, PAGE)
    champion = state.champion(classifier)
    told = task_of_version(champion).told if champion is not None else str
    for correction in waiting[::-1][:shown]:
        _row(classifier, correction, told)
    if len(waiting) > shown:
        st.button(t("predict.show_more"), key="predict.show_more", type="tertiary", on_click=_show_more)
    tables.download_table(lambda: _table(waiting), f"{classifier}-corrections", key="predict.corrections.download")


def _unreadable(classifier: str) -> None:
    """Say that lines of the queue were passed over, and where they are."""
    count = state.corrections().unreadable(classifier)
    if count:
        file = tables.plain(str(state.corrections().file(classifier)))
        st.warning(tn("predict.unreadable", count, file=file), icon=":material/warning:")


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
            layout.section(tn("predict.count", len(waiting)))
            if fresh:
                st.caption(tn("predict.new_labels", len(fresh), labels=[tables.plain(label) for label in fresh]))
        missing = lacking(waiting)
        label = t("predict.join") if missing else t("predict.use")
        if st.button(label, key="predict.use", type="primary", icon=":material/autorenew:"):
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
                    "predict.change",
                    predicted=tables.plain(told(correction.predicted)),
                    label=tables.plain(told(correction.label)),
                    version=correction.version,
                    when=tables.moment(correction.created),
                )
            )
        key = f"predict.remove.{correction.created}.{hash(correction.text)}"
        if layout.icon_button(t("predict.remove"), of=shown, key=key, icon=":material/close:"):
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
