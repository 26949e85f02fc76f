"""Word vectors under Base models: sets from files and from one's own texts, without a training in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.workflows.requests import DataConfig
from dashboard.parts.forms import word_vectors
from dashboard.parts.forms.dataset_choice import choose_dataset
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset


def draw(datasets: list[StoredDataset]) -> None:
    """Whose texts they are learned from, and the ways to more sets."""
    st.caption(t("pretrain.vectors_caption"))
    st.session_state.pop(word_vectors.MADE, None)  # made here, it is nobody's choice for a training
    dataset = choose_dataset(
        datasets,
        "pretrain.vectors_dataset",
        label=t("pretrain.dataset"),
        about=lambda dataset: tn("pretrain.texts", dataset.rows),
        help_text=t("pretrain.vectors_dataset_help"),
    )
    word_vectors.manage(dataset, DataConfig().model_dump())
