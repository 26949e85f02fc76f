"""Wrong answers put right: the question under an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import tables
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.data.labelling.corrections import Correction
    from core.registry import VersionInfo

CHOICE = "use.should_be"
LABELLING = "label.open"  # in the session: the labelling session that the Data page shows
JUDGED = "use.judged"  # the model and the text that the choice belongs to


def correction(version: VersionInfo, text: str, predicted: str, labels: list[str]) -> None:
    """Under an answer: what it should have been, or that this is known already."""
    waiting = waiting_for(version.classifier, text)
    if waiting is not None:
        known(version.classifier, waiting, waiting.label)
        return
    judged = (version.classifier, text)
    if st.session_state.get(JUDGED) != judged:  # a choice made for another text must not be taken for this one's
        st.session_state[JUDGED] = judged
        st.session_state[CHOICE] = None
    choice = st.selectbox(
        t("use.should_be"),
        labels,
        index=None,
        key=CHOICE,
        placeholder=t("use.should_be_placeholder"),
        help=t("use.should_be_help"),
        accept_new_options=True,
        width=360,
    )
    if choice:
        add(version, text, predicted, known_label(choice, labels))


def waiting_for(classifier: str, text: str) -> Correction | None:
    """The correction of this text that waits already."""
    return next((correction for correction in state.corrections().list(classifier) if correction.text == text), None)


def known_label(typed: str, labels: list[str]) -> str:
    """The label meant by what was typed: an existing one when only case or space differ, or when it alone begins so; else a new
    one.
    """
    typed = " ".join(typed.split())
    same = [label for label in labels if label.casefold() == typed.casefold()]
    beginning = [label for label in labels if label.casefold().startswith(typed.casefold())]
    if same:
        return same[0]
    return beginning[0] if typed and len(beginning) == 1 else typed


def add(version: VersionInfo, text: str, predicted: str, label: str) -> None:
    """Queue a correction, unless it is what was answered."""
    if not label:
        return
    if label == predicted:
        st.warning(t("use.same_label", label=tables.plain(label)), icon=":material/info:")
    else:
        state.corrections().add(version.classifier, text, label, predicted=predicted, version=version.number)
        st.rerun()  # the whole page: the list of corrections has one more


def known(classifier: str, waiting: Correction, told: str) -> None:
    """That a correction waits, and the way to take it back; ``told`` is its label as people read it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = t("use.waiting", label=tables.plain(told))
        st.markdown(f":primary[:material/check:] {sentence}", width="content")
        if st.button(t("use.undo"), key="use.undo", icon=":material/undo:", type="tertiary"):
            state.corrections().remove(classifier, {waiting.text})
            st.rerun()
