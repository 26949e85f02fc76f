"""The saved datasets on the Data page: a line each, with a look inside, the way to training, and deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas
import streamlit as st

from core.data.dataset.rows import TextDataset
from core.data.dataset.store import StoredDataset
from core.data.loading.entity_survey import type_figures
from dashboard.data.labelling import new
from dashboard.data.quality.page import inspect
from dashboard.parts import tables
from dashboard.parts.choices import confirm_deletion
from dashboard.parts.marking import told
from dashboard.parts.names import labels_of
from dashboard.parts.profile import label_balance
from dashboard.parts.recipe import recipe_sentences
from dashboard.parts.upload.files import excerpt
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.jobs import Job

SHOWN = 8  # lines before "show all"
LOOK_ROWS = 200


def saved_datasets(*, primary: bool) -> None:
    """The list.

    Parameters
    ----------
    primary
        Whether the newest line's "train" is the page's primary button.
    """
    datasets = state.datasets()
    if not datasets:
        return
    layout.section(t("data.saved_section"))
    show_all = st.session_state.get("data.all", False)
    for index, stored in enumerate(datasets if show_all else datasets[:SHOWN]):
        _line(stored, primary=primary and index == 0 and not state.classifiers())
    if len(datasets) > SHOWN and not show_all:
        st.button(t("data.show_all", count=len(datasets)), key="data.all-button", type="tertiary", on_click=_show_all)


def _show_all() -> None:
    st.session_state["data.all"] = True


def _line(stored: StoredDataset, *, primary: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"dataset-{stored.id}"):
        with st.container(gap=None, width="stretch"):
            mark = f" :gray-badge[{t('shell.synthetic')}]" if stored.synthetic else ""
            st.markdown(f"**{tables.plain(stored.name)}**{mark}")
            st.caption(" · ".join(_facts(stored)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            if st.button(t("data.look"), key=f"data.look.{stored.id}", type="tertiary"):
                _look(stored)
            if st.button(t("data.inspect"), key=f"data.inspect.{stored.id}", type="tertiary"):
                inspect(stored.id)
            kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
            if not stored.labelled and st.button(t("data.label"), key=f"data.label.{stored.id}", type=kind):
                new.label(stored.id)
            if st.button(
                t("data.train_on"), key=f"data.train.{stored.id}", type=kind if stored.labelled else "tertiary"
            ):
                state.choose_dataset(stored.id)
                go("train", "new")
            if layout.icon_button(
                t("data.delete_help", name=stored.name), key=f"data.delete.{stored.id}", icon=":material/delete:"
            ):
                _confirm_deletion(stored)


def _facts(stored: StoredDataset) -> list[str]:
    return [
        tn("data.rows", stored.rows),
        labels_of(stored, "data.labels"),
        t(f"data.language_{stored.language}"),
        tables.moment(stored.created),
    ]


def _look(stored: StoredDataset) -> None:
    """The labels and first rows of a dataset, in a dialog."""

    def body() -> None:
        with boundary():
            dataset = state.store().load(stored.id)
            st.caption(" · ".join(_facts(stored)))
            for sentence in recipe_sentences(stored):
                st.caption(f":material/edit: {sentence}")
            if stored.labelled:
                label_balance(stored.label_rows, key=f"data.look-labels.{stored.id}", types=stored.roles.spans)
            if stored.roles.spans:
                told.draw_types(type_figures(dataset.texts, dataset.label_names()), key=f"data.look-types.{stored.id}")
            head = dataset.take(range(min(LOOK_ROWS, len(dataset))))
            labels = {_heading(stored): _targets(stored, head)} if stored.labelled else {}
            rows = pandas.DataFrame({t("upload.text"): head.texts, **labels})
            st.dataframe(excerpt(rows, slice(None)), hide_index=True, alt=t("upload.preview"))

    st.dialog(tables.plain(stored.name), width="large")(body)()


def _targets(stored: StoredDataset, head: TextDataset) -> list[str]:
    """The targets of rows as people read them."""
    return told.told_targets(head.texts, head.label_names()) if stored.roles.spans else head.label_names()


def _heading(stored: StoredDataset) -> str:
    return t("spans.entities") if stored.roles.spans else t("upload.label")


def used_by(dataset: str) -> list[str]:
    """The versions that learned from a dataset, named for a sentence."""
    return [
        t("data.version_of", version=version.number, classifier=tables.plain(known.name))
        for known in state.classifiers()
        for version in state.versions(known.name)
        if version.summary.get("dataset") == dataset
    ]


def _confirm_deletion(stored: StoredDataset) -> None:
    """Ask before deleting, and say what depends on it."""

    def tell() -> bool:
        running = [job for job in state.active_jobs() if stored.id in _datasets_of(job)]
        versions = used_by(stored.id)
        if running:
            st.warning(t("data.delete_running", title=tables.plain(running[0].title)), icon=":material/warning:")
        elif versions:
            st.markdown(t("data.delete_used", versions=versions))
        else:
            st.markdown(t("data.delete_unused"))
        return not running

    confirm_deletion(t("data.delete_title", name=tables.plain(stored.name)), "data", _delete, stored.id, tell)


def _datasets_of(job: Job) -> list[str]:
    """What a job learns from: a training one dataset, a comparison several."""
    several: list[str] = job.config.get("datasets", [])
    return several or [str(job.config.get("dataset"))]


def _delete(dataset: str) -> None:
    state.store().delete(dataset)
    if state.chosen_dataset() == dataset:
        st.session_state.pop(state.DATASET)
