"""One dataset out of those that are saved: the one that this session worked with elsewhere since, else the chosen model's own,
else the likeliest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import choices
from dashboard.shell import job_news, state

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset


SEEN = ".seen"  # ends the key of the dataset that was worked with when this choice was last drawn


def choose_dataset(
    datasets: Sequence[StoredDataset],
    key: str,
    *,
    label: str,
    about: Callable[[StoredDataset], str],
    help_text: str | None = None,
) -> StoredDataset:
    """Draw the list and return what is chosen.

    Parameters
    ----------
    about
        Says what stands behind a dataset's name, such as its rows.
    """
    known = {dataset.id: dataset for dataset in datasets}
    # Two may have the same name, and the browser sends an option's text back.
    names = {dataset.id: f"{dataset.name} · {about(dataset)}" for dataset in datasets}
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    names = {key: f"{name} · {key[:4]}" if name in doubled else name for key, name in names.items()}
    worked_with = state.chosen_dataset()  # elsewhere, where it is not what was seen here last
    if worked_with in known and st.session_state.get(f"{key}{SEEN}") != worked_with:
        st.session_state[key] = st.session_state[f"{key}{SEEN}"] = worked_with
    first = first_offered(datasets).id
    return known[choices.listed(label, names, key=key, first=first, help=help_text)]


def first_offered(datasets: Sequence[StoredDataset]) -> StoredDataset:
    """What a list begins with while nobody has picked from it: the table that the model of the link, or of the picker, was first
    trained on; the likeliest where nobody asked for a model.
    """
    classifier = state.chosen_classifier()
    if classifier is not None and classifier != st.session_state.get(job_news.NOBODYS_CHOICE):
        learned = state.first_learned(classifier)
        own = next((dataset for dataset in datasets if dataset.id == learned), None)
        if own is not None:
            return own
    return state.likeliest(datasets)
