"""What follows a saved table: training, an update, its quality; for texts alone labelling, or the answers of a model."""

from __future__ import annotations

import streamlit as st

from core.data.dataset.store import StoredDataset
from dashboard.data.labelling import new
from dashboard.data.quality.page import inspect
from dashboard.parts import tables
from dashboard.parts.names import labels_of
from dashboard.parts.scores import task_of_version
from dashboard.parts.upload.files import Source
from dashboard.parts.upload.upload import ANSWERED, hand_over
from dashboard.shell import state
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

KEY = "data"
SAVED = "data.saved"  # in the session: the dataset that was just saved
ICONS = {"train": ":material/model_training:", "label": ":material/new_label:"}


def remember(stored: StoredDataset, asked: str, source: Source | None) -> None:
    """Offer the next step for this dataset, which came from that file and was to have that name."""
    st.session_state[SAVED] = {"id": stored.id, "asked": asked, "source": source}


def just_saved() -> str | None:
    """The dataset that was just saved, unless it was deleted since."""
    saved = st.session_state.get(SAVED)
    known = {stored.id for stored in state.datasets()}
    return saved["id"] if saved and saved["id"] in known else None


def forget_saved() -> None:
    """Back to the drop zone."""
    st.session_state.pop(SAVED, None)


def what_comes_next() -> None:
    """After saving: that it is saved, and the step that follows."""
    saved = st.session_state[SAVED]
    stored = next(stored for stored in state.datasets() if stored.id == saved["id"])
    name = tables.plain(stored.name)
    with st.container(border=True, key="next-step", gap="small"):
        st.header(t("data.saved_title", name=name), anchor=False)
        facts = {"rows": tn("data.rows", stored.rows), "labels": labels_of(stored, "data.labels")}
        if stored.name != saved["asked"]:
            st.markdown(t("data.saved_before", name=name, asked=tables.plain(saved["asked"])))
        st.markdown(t("data.saved" if stored.labelled else "data.saved_texts", **facts))
        with st.container(horizontal=True):
            if stored.labelled:
                _after_labels(stored)
            else:
                _after_texts(stored, saved["source"])
            st.button(t("data.another"), type="tertiary", key=f"{KEY}.another", on_click=forget_saved)


def _after_labels(stored: StoredDataset) -> None:
    """What a table with labels is for."""
    if st.button(t("data.train"), type="primary", key=f"{KEY}.train", icon=ICONS["train"]):
        forget_saved()
        go("train", "new")
    if state.classifiers() and st.button(t("data.update"), key=f"{KEY}.update", icon=":material/autorenew:"):
        forget_saved()
        go("update", "batch")
    if st.button(t("data.check"), key=f"{KEY}.check", icon=":material/fact_check:"):
        forget_saved()
        inspect(stored.id)


def _after_texts(stored: StoredDataset, source: Source | None) -> None:
    """What a table without labels is for."""
    if st.button(t("data.label"), type="primary", key=f"{KEY}.label", icon=ICONS["label"]):
        forget_saved()
        new.label(stored.id)
    offer_answers(source)
    if st.button(t("data.train_texts"), key=f"{KEY}.train", icon=ICONS["train"]):
        forget_saved()
        go("train", "new")


def offer_answers(source: Source | None) -> None:
    """A model that serves can answer a table without labels."""
    chosen = state.chosen_classifier()
    champion = state.champion(chosen) if chosen else None
    if source is None or champion is None or not task_of_version(champion).activation:
        return
    label = t("data.answer", classifier=tables.plain(champion.classifier))
    if st.button(label, key=f"{KEY}.answer", icon=":material/table_rows:"):
        hand_over(source, ANSWERED)
        forget_saved()
        go("use", "table")
