"""A table of the reader's own on Home: dropped, its columns seen and put right, and a model trained on it; two clicks."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from core.base.errors import CoreError, DataError
from core.data.dataset.rows import SetAside, TextDataset
from dashboard.parts import profile, tables
from dashboard.parts.first import start
from dashboard.parts.upload.looked_over import built, divided, forget
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import (
    UploadedTable,
    discard_upload,
    hand_over,
    has_upload,
    remember_columns,
    upload_table,
)
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

KEY = "home"
NAME_LIMIT = 76  # a number may follow


def in_progress() -> bool:
    """Whether a table was dropped: then the page is about it alone."""
    return has_upload(KEY)


def drop_zone() -> None:
    """Where a file is dropped, or a dataset of the Hub named."""
    upload_table(KEY, texts_alone=True, several=())


def draw() -> None:
    """The table: its first rows, which column is what, what a training will do with it, and the button."""
    uploaded = upload_table(KEY, texts_alone=True, several=())
    if uploaded is None:
        return
    with st.spinner(t("data.looking")):
        looked = built(uploaded.token, uploaded)
    if isinstance(looked, DataError):
        show_error(looked)
        return
    dataset, set_aside = looked
    if dataset.labelled:
        _train(uploaded, dataset, set_aside)
    else:
        _without_labels(uploaded, set_aside)


def _train(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside) -> None:
    task = start.task_for(labelled=True, several=uploaded.roles.several)
    problem = _problem(uploaded, dataset)
    facts = {"rows": tn("data.rows", len(dataset)), "labels": tn("data.labels", _labels(uploaded, dataset))}
    st.markdown(t("home.found", **facts))
    tell_left_out(uploaded, set_aside)
    if problem is not None:
        show_error(problem)
        st.caption(t("home.problem_cure"))
        return
    profile.division(divided(uploaded.token, task.stratified(dataset)))
    with st.form("home.train-own", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("home.name"),
            _proposed_name(uploaded),
            key=f"home.name.{uploaded.file_token}",
            max_chars=NAME_LIMIT,
            width=420,
            help=t("home.name_help"),
        )
        pressed = st.form_submit_button(
            t("home.train_own"), type="primary", icon=":material/play_arrow:", key="home.train-button"
        )
    if pressed:
        _begin(uploaded, dataset, set_aside, str(name or "").strip() or _proposed_name(uploaded))
    st.caption(t("home.train_what"))


def _problem(uploaded: UploadedTable, dataset: TextDataset) -> DataError | None:
    """Why nothing can be learned from the table as it is."""
    task = start.task_for(labelled=True, several=uploaded.roles.several)
    try:
        task.check(dataset.label_names())
        task.check_size(len(dataset))
    except DataError as error:
        return error
    split = divided(uploaded.token, task.stratified(dataset))
    return split if isinstance(split, DataError) else None


def _labels(uploaded: UploadedTable, dataset: TextDataset) -> int:
    """How many labels there are; of rows with several, each of them counts by itself."""
    task = start.task_for(labelled=True, several=uploaded.roles.several)
    return len(task.outputs(dataset.label_names()))


def _proposed_name(uploaded: UploadedTable) -> str:
    return PurePath(uploaded.name.removesuffix(".gz")).stem[:NAME_LIMIT]


def _begin(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside, name: str) -> None:
    try:
        with st.spinner(t("data.saving")):
            stored = state.store().save(
                dataset, name=name, roles=uploaded.roles, source=uploaded.source(set_aside), synthetic=False
            )
        remember_columns(uploaded)
        state.choose_dataset(stored.id)
        forget()
        discard_upload(KEY)
        at_work = start.training_of(stored)
        if at_work is not None:
            start.show(at_work)
        start.begin(stored, name)
    except CoreError as error:
        show_error(error)


def _without_labels(uploaded: UploadedTable, set_aside: SetAside) -> None:
    """Texts alone: label them by keys, or have a model answer them."""
    tell_left_out(uploaded, set_aside)
    answering = [known.name for known in state.classifiers() if state.champion(known.name) is not None]
    with st.container(border=True, key="home-texts", gap="small"):
        st.header(t("home.texts_title"), anchor=False)
        st.markdown(t("home.texts_both" if answering else "home.texts"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button(t("home.label"), type="primary", key="home.label", icon=":material/new_label:"):
                st.session_state["label.kind"] = "texts"
                hand_over(KEY, "label")
                go("data", "labelling")
            if answering and st.button(t("home.answer"), key="home.answer", icon=":material/table_view:"):
                hand_over(KEY, "predict")
                go("use", "table")
        if answering:
            st.caption(t("home.answer_which", model=tables.plain(str(state.chosen_classifier()))))
