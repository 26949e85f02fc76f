"""A table of the reader's own on Home: dropped, its columns seen and put right, and a model trained on it; two clicks."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
import streamlit as st

from core.base.errors import CoreError, DataError
from core.data.dataset.label_sets import counts_of
from core.data.dataset.row_targets import SetAside
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split
from core.data.dataset.store import StoredDataset
from core.data.loading.label_notes import merges_of
from core.data.spans.targets import counts_of as entities_of
from dashboard.parts import profile, tables
from dashboard.parts.first import start
from dashboard.parts.upload.looked_over import built, divided, forget
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import (
    ANSWERED,
    UploadedTable,
    chosen_source,
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
LABEL_ASKED = "label.ask_model"  # in the session: whether that model suggests labels
LABEL_KIND, LABEL_TEXTS = "label.kind", "label.texts_of"  # in the session: what the Labelling tab begins with
MOST_LABELS = 8
NAME_LIMIT = 76  # a number may follow


def in_progress() -> bool:
    """Whether a table was dropped: then the page is about it alone."""
    return has_upload(KEY)


def drop_zone() -> None:
    """Where a file is dropped, or a dataset of the Hub named."""
    upload_table(KEY, texts_alone=True, several=())


def draw() -> None:
    """The table: its first rows, which column is what, what a training will do with it, and the button."""
    uploaded = upload_table(KEY, texts_alone=True, several=(), tell_texts=False)
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
        _without_labels(uploaded, dataset, set_aside)


def _train(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside) -> None:
    problem = _problem(uploaded, dataset)
    counts = _label_counts(uploaded, dataset)
    st.caption(f":material/label: {_named(counts)}")
    tell_left_out(uploaded, set_aside)
    if problem is not None:
        show_error(problem)
        st.caption(t("home.problem_cure"))
        return
    if len(counts) == 1 and not uploaded.roles.spans:
        st.warning(t("home.one_label"), icon=":material/label_off:")
    if uploaded.roles.kind == "label":
        _spellings(dataset)
    profile.division(_division(uploaded, dataset))
    with st.form("home.train-own", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("train.name"),
            _proposed_name(uploaded),
            key=f"home.name.{uploaded.file_token}",
            max_chars=NAME_LIMIT,
            width=420,
            help=t("home.name_help"),
            persist_state="session",
        )
        pressed = st.form_submit_button(
            t("home.train_own"), type="primary", icon=":material/play_arrow:", key="home.train-button"
        )
    typed = str(name or "").strip()
    if pressed and not typed:
        st.warning(t("train.name_missing"), icon=":material/edit:")
    elif pressed:
        _begin(uploaded, dataset, set_aside, typed)
    st.caption(t("home.train_what"))


def _spellings(dataset: TextDataset) -> None:
    """That labels look like spellings of others, and the way to put them right."""
    merges = merges_of(dataset)
    if not merges:
        return
    named = [f"{tables.plain(label)} → {tables.plain(meant)}" for label, meant in list(merges.items())[:MOST_LABELS]]
    st.warning(tn("home.spellings", len(merges), pairs=named), icon=":material/spellcheck:")
    source = chosen_source(KEY)
    if source is not None and st.button(t("home.put_right"), key="home.put_right", icon=":material/arrow_forward:"):
        hand_over(source, "data")
        discard_upload(KEY)
        go("data", "tables")


def _problem(uploaded: UploadedTable, dataset: TextDataset) -> DataError | None:
    """Why nothing can be learned from the table as it is."""
    task = start.task_for(uploaded.roles.kind)
    try:
        task.check(dataset.label_names())
        task.check_size(len(dataset))
    except DataError as error:
        return error
    split = _division(uploaded, dataset)
    return split if isinstance(split, DataError) else None


def _division(uploaded: UploadedTable, dataset: TextDataset) -> Split | DataError:
    task = start.task_for(uploaded.roles.kind)
    return divided(f"{uploaded.token}.{task.name}", task, dataset)


def _label_counts(uploaded: UploadedTable, dataset: TextDataset) -> dict[str, int]:
    """How many rows have each label, the most frequent first; of rows with several, each label counts by itself."""
    if uploaded.roles.spans:
        counts = entities_of(dataset.label_names())
    elif uploaded.roles.several:
        counts = dict(counts_of(dataset.label_names()))
    else:
        counts = dict(zip(dataset.classes, np.bincount(dataset.labels).tolist(), strict=True))
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _named(counts: dict[str, int]) -> str:
    """The labels with their rows, so that a wrong column is noticed before anything is trained."""
    shown = list(counts.items())[:MOST_LABELS]
    named = [f"{tables.plain(label)} {tables.thousands(rows)}" for label, rows in shown]
    rest = len(counts) - len(shown)
    return " · ".join([*named, tn("home.more_labels", rest)] if rest else named)


def _proposed_name(uploaded: UploadedTable) -> str:
    return PurePath(uploaded.name.removesuffix(".gz")).stem[:NAME_LIMIT]


def _begin(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside, name: str) -> None:
    try:
        stored = _saved(uploaded, dataset, set_aside, name)
        start.begin(stored, name)
    except CoreError as error:
        show_error(error)


def _without_labels(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside) -> None:
    """Texts alone: label them by keys, or have a model answer them."""
    tell_left_out(uploaded, set_aside)
    chosen = state.chosen_classifier()
    answering = chosen if chosen is not None and state.champion(chosen) is not None else None
    with st.container(border=True, key="home-texts", gap="small"):
        st.header(t("home.texts_title"), anchor=False)
        st.markdown(t("home.texts_both" if answering else "home.texts"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button(t("home.label"), type="primary", key="home.label", icon=":material/new_label:"):
                _label(uploaded, dataset, set_aside)
            source = chosen_source(KEY)
            if answering and source is not None:
                label = t("home.answer", model=tables.plain(answering))
                if st.button(label, key="home.answer", icon=":material/table_rows:"):
                    hand_over(source, ANSWERED)
                    discard_upload(KEY)
                    go("use", "table")


def _label(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside) -> None:
    try:
        stored = _saved(uploaded, dataset, set_aside, _proposed_name(uploaded))
    except CoreError as error:
        show_error(error)
        return
    st.session_state[LABEL_KIND], st.session_state[LABEL_TEXTS] = "texts", stored.id
    st.session_state[LABEL_ASKED] = False  # the model at hand may be about something else
    go("data", "labelling")


def _saved(uploaded: UploadedTable, dataset: TextDataset, set_aside: SetAside, name: str) -> StoredDataset:
    """The table as a dataset; its place here is free again."""
    with st.spinner(t("data.saving")):
        stored = state.store().save(dataset, name=name, roles=uploaded.roles, source=uploaded.source(set_aside))
    remember_columns(uploaded)
    state.choose_dataset(stored.id)
    forget()
    discard_upload(KEY)
    return stored
