"""The lower part of the Quality tab: the chosen fixes as a recipe, and the cleaned table as a new dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import DataError
from core.data.quality import Fix, steps_of
from core.workflows.recipes import save_cleaned
from dashboard.data.quality.page import NEXT
from dashboard.parts import tables
from dashboard.parts.forms.label_editor import edit_labels
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset
    from core.data.recipe import Step

SAVED = "quality.saved"  # id of what was cleaned → id of what came out
LONGEST_NAME = 120


def draw(dataset: StoredDataset, fixes: list[Fix]) -> None:
    """Other labels, if wanted; what will be done, in its order; and the button that does it to a copy."""
    labels: list[Step] = []
    if dataset.labelled and not dataset.roles.spans:
        with st.expander(t("labels.title"), icon=":material/label:"):
            labels = edit_labels(dataset.classes, key=f"quality.labels.{dataset.id}")
    steps = [*steps_of(fixes), *labels]
    if not steps:
        return
    layout.section(t("quality.chosen"))
    st.markdown("\n".join(f"1. {tables.plain(t_message(step.sentence()))}" for step in steps))
    name = st.text_input(
        t("quality.name"),
        value=t("quality.name_default", name=dataset.name)[:LONGEST_NAME],
        key=f"quality.name.{dataset.id}",
        max_chars=LONGEST_NAME,
        help=t("quality.name_help"),
    )
    if st.button(t("quality.save"), key="quality.save", icon=":material/cleaning_services:", type="primary"):
        _save(dataset, steps, name.strip())


def _save(dataset: StoredDataset, steps: list[Step], name: str) -> None:
    with st.spinner(t("quality.saving")):
        try:
            made = save_cleaned(state.workspace(), dataset.id, steps, name or None)
        except DataError as error:
            show_error(error)
            return
    st.session_state.setdefault(SAVED, {})[dataset.id] = made.id
    st.rerun()


def saved(dataset: StoredDataset) -> None:
    """What this session has made of a dataset, with the way to training."""
    made = st.session_state.get(SAVED, {}).get(dataset.id)
    cleaned = next((stored for stored in state.datasets() if stored.id == made), None)
    if cleaned is None:
        return
    if cleaned.id == dataset.id:
        st.info(t("quality.unchanged"), icon=":material/info:")
        return
    with st.container(border=True, key="quality-saved", gap="small"):
        before, after = tn("quality.rows", dataset.rows), tn("quality.rows", cleaned.rows)
        st.markdown(
            f":green[:material/check_circle:] {t('quality.saved', name=tables.plain(cleaned.name), before=before, after=after)}"
        )
        with st.container(horizontal=True):
            if st.button(t("quality.train"), key="quality.train", icon=":material/model_training:"):
                state.choose_dataset(cleaned.id)
                go("train", "new")
            if st.button(t("quality.look_again"), key="quality.next", type="tertiary"):
                state.choose_dataset(cleaned.id)
                st.session_state[NEXT] = cleaned.id
                st.rerun()
