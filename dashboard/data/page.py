"""The way of a table on the Data page: looked over, named, saved, and what comes next."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import PurePath

import streamlit as st

from core.base.errors import DataError
from core.data.dataset.rows import SetAside, TextDataset, check_labels
from core.data.dataset.samples import SAMPLES
from core.data.dataset.splitting import Split, split_rows
from core.data.dataset.store import StoredDataset
from core.data.loading.profiling import Profile, profile
from core.data.recipe import Step, apply_steps, write_steps
from core.tasks import TASKS
from dashboard.data.labelling import new
from dashboard.data.quality.page import inspect
from dashboard.parts import profile as parts_profile
from dashboard.parts import tables
from dashboard.parts.forms.label_editor import edit_labels
from dashboard.parts.names import labels_of
from dashboard.parts.scores import task_of_version
from dashboard.parts.upload.files import Source
from dashboard.parts.upload.looked_over import built, divided, forget
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
from dashboard.shell.i18n import language, t, tn
from dashboard.shell.navigation import go

KEY = "data"
SAVED = "data.saved"  # in the session: the dataset that was just saved
LOOKED = "data.looked"  # in the session: the table that was looked over last
LARGE = 50_000  # rows, from which on a bar shows how far looking them over is
NAME_LIMIT = 80
NEXT_ICONS = {"train": ":material/model_training:", "label": ":material/new_label:"}


@dataclass(frozen=True, eq=False)
class Prepared:
    """What was found in an uploaded table; `split` is an error where the rows do not suffice for a first training."""

    dataset: TextDataset
    set_aside: SetAside
    profile: Profile
    split: Split | DataError


def caption() -> str:
    """The page's line of state."""
    datasets = state.datasets()
    if not datasets:
        return t("data.caption_none")
    return t(
        "data.caption",
        datasets=tn("data.datasets", len(datasets)),
        rows=tn("data.rows", sum(stored.rows for stored in datasets)),
    )


def in_progress() -> bool:
    """Whether a table is being added or was added a moment ago: then that has the page's primary button."""
    return has_upload(KEY) or _just_saved() is not None


def add_table() -> None:
    """From the drop zone to a saved dataset."""
    if _just_saved() is not None:
        _what_comes_next()
        return
    ordered = sorted(SAMPLES.values(), key=lambda sample: sample.language != language())
    samples = [(sample.id, "first") for sample in ordered]
    uploaded = upload_table(KEY, texts_alone=True, several=(), samples=samples)
    if uploaded is None:
        return
    if _bare(uploaded):
        _offer_answers(chosen_source(KEY))
    saving = st.container()  # before what was found, so that saving is in view; filled once that is known
    large = len(uploaded.table) >= LARGE and st.session_state.get(LOOKED) != uploaded.token
    with nullcontext() if large else st.spinner(t("data.looking")):
        prepared = _prepared(uploaded, told=large)
    if isinstance(prepared, DataError):
        show_error(prepared)
        return
    accepted = _accepted(uploaded)
    parts_profile.overview(prepared.dataset, prepared.profile, prepared.set_aside.count + len(uploaded.skipped))
    parts_profile.findings(
        uploaded, prepared.profile, prepared.split, accepted=accepted, accept=lambda step: _accept(uploaded, step)
    )
    steps: list[Step] = []
    if prepared.dataset.labelled and not uploaded.roles.several:
        with st.expander(t("labels.title"), icon=":material/label:"):
            steps = edit_labels(prepared.profile.label_counts, key=f"{KEY}.labels.{uploaded.token}.{len(accepted)}")
    changed = _changed(prepared, steps)
    if isinstance(changed, DataError):
        show_error(changed)
        return
    with saving:
        _save_form(uploaded, changed, [*accepted, *steps])


def _bare(uploaded: UploadedTable) -> bool:
    """Whether the table has texts alone."""
    return not (uploaded.roles.label or uploaded.roles.labels)


def _offer_answers(source: Source | None) -> None:
    """A model that serves can answer a table without labels."""
    chosen = state.chosen_classifier()
    champion = state.champion(chosen) if chosen else None
    if source is None or champion is None or not task_of_version(champion).activation:
        return
    label = t("data.answer", classifier=tables.plain(champion.classifier))
    if st.button(label, key=f"{KEY}.answer", icon=":material/table_rows:"):
        hand_over(source, ANSWERED)
        _forget_saved()
        go("use", "table")


def _accepted(uploaded: UploadedTable) -> list[Step]:
    """Cures of findings that the reader took for this table with one click."""
    steps: list[Step] = st.session_state.get(f"{KEY}.accepted.{uploaded.token}", [])
    return steps


def _accept(uploaded: UploadedTable, step: Step | None) -> None:
    """Take a cure; None takes all back."""
    st.session_state[f"{KEY}.accepted.{uploaded.token}"] = [] if step is None else [*_accepted(uploaded), step]


def _changed(prepared: Prepared, steps: list[Step]) -> Prepared | DataError:
    """The table with other labels, and how it is divided then."""
    if not steps:
        return prepared
    try:
        dataset, _ = apply_steps(prepared.dataset, steps)
        check_labels(dataset)
    except DataError as error:
        return error
    try:
        split: Split | DataError = split_rows(dataset)
    except DataError as error:
        split = error
    return replace(prepared, dataset=dataset, split=split)


def _prepared(uploaded: UploadedTable, *, told: bool) -> Prepared | DataError:
    """In three steps that are remembered; with ``told``, a bar shows how far it is."""
    bar = st.empty()

    def tell(share: float, step: str) -> None:
        if told:
            bar.progress(share, text=t(f"data.looking_{step}", rows=tables.thousands(len(uploaded.table))))

    tell(0.05, "build")
    looked = built(uploaded.token, uploaded)
    if isinstance(looked, DataError):
        bar.empty()
        return looked
    dataset, set_aside = looked
    accepted = _accepted(uploaded)
    if accepted:
        dataset, _ = apply_steps(dataset, accepted)
        try:
            check_labels(dataset)
        except DataError as error:
            bar.empty()
            st.button(t("data.undo"), key=f"{KEY}.undo", on_click=_accept, args=(uploaded, None))
            return error
    token = f"{uploaded.token}.{len(accepted)}"
    tell(0.2, "divide")
    split = divided(token, _stratified(dataset) if uploaded.roles.several else dataset)
    tell(0.6, "profile")
    described = _profiled(token, dataset, set_aside, uploaded)
    bar.empty()
    st.session_state[LOOKED] = uploaded.token
    return Prepared(dataset, set_aside, described, split)


def _stratified(dataset: TextDataset) -> TextDataset:
    """The rows as a model that gives several labels to a text divides them."""
    return next(task for task in TASKS.values() if task.reads_sets).stratified(dataset)


@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def _profiled(token: str, _dataset: TextDataset, _set_aside: SetAside, _uploaded: UploadedTable) -> Profile:
    return profile(_dataset, _set_aside, _uploaded.skipped, several=_uploaded.roles.several)


def _save_form(uploaded: UploadedTable, prepared: Prepared, steps: list[Step]) -> None:
    """A name, the split in words, and the page's one primary button: save, and go on with what such a table is for."""
    # The field's own key, once a table: another file proposes its own name.
    key = f"{KEY}.name.{uploaded.file_token}"
    # What cannot be divided cannot be trained on yet.
    following = "label" if _bare(uploaded) else None if isinstance(prepared.split, DataError) else "train"
    with st.form(f"{KEY}.save", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("data.name"),
            _proposed_name(uploaded),
            key=key,
            max_chars=NAME_LIMIT,
            width=420,
            persist_state="session",
            help=t("data.name_help"),
        )
        go_on = following is not None and st.form_submit_button(
            t(f"data.save_and_{following}"), type="primary", icon=NEXT_ICONS[following], key=f"{KEY}.save-next"
        )
        save = st.form_submit_button(
            t("data.save"),
            type="secondary" if following else "primary",
            icon=":material/save:",
            key=f"{KEY}.save-button",
        )
    if not _bare(uploaded):
        parts_profile.division(prepared.split)
    if not (save or go_on):
        return
    if not (name or "").strip():
        st.error(t("data.name_missing"), icon=":material/error:")
        return
    stored = _save(uploaded, prepared, steps, str(name).strip())
    if not go_on:
        st.rerun()
    _forget_saved()
    if following == "label":
        new.label(stored.id)
    go("train", "new")


def _proposed_name(uploaded: UploadedTable) -> str:
    if uploaded.sample is not None:
        return t(f"upload.{'_'.join(uploaded.sample)}")
    stem = PurePath(uploaded.name.removesuffix(".gz")).stem
    return stem[:NAME_LIMIT]


def _save(uploaded: UploadedTable, prepared: Prepared, steps: list[Step], name: str) -> StoredDataset:
    recipe = {"recipe": write_steps(steps)} if steps else {}
    with st.spinner(t("data.saving")):
        stored = state.store().save(
            prepared.dataset,
            name=name,
            roles=uploaded.roles,
            source={**uploaded.source(prepared.set_aside), **recipe},
            synthetic=uploaded.sample is not None,
        )
    remember_columns(uploaded)
    state.choose_dataset(stored.id)
    st.session_state[SAVED] = {"id": stored.id, "asked": name, "source": chosen_source(KEY)}
    discard_upload(KEY)
    forget()
    _profiled.clear()
    return stored


def _just_saved() -> str | None:
    """The dataset that was just saved, unless it was deleted since."""
    saved = st.session_state.get(SAVED)
    known = {stored.id for stored in state.datasets()}
    return saved["id"] if saved and saved["id"] in known else None


def _forget_saved() -> None:
    st.session_state.pop(SAVED, None)


def _what_comes_next() -> None:
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
            st.button(t("data.another"), type="tertiary", key=f"{KEY}.another", on_click=_forget_saved)


def _after_labels(stored: StoredDataset) -> None:
    """What a table with labels is for."""
    if st.button(t("data.train"), type="primary", key=f"{KEY}.train", icon=NEXT_ICONS["train"]):
        _forget_saved()
        go("train", "new")
    if state.classifiers() and st.button(t("data.update"), key=f"{KEY}.update", icon=":material/autorenew:"):
        _forget_saved()
        go("update", "batch")
    if st.button(t("data.check"), key=f"{KEY}.check", icon=":material/fact_check:"):
        _forget_saved()
        inspect(stored.id)


def _after_texts(stored: StoredDataset, source: Source | None) -> None:
    """What a table without labels is for."""
    if st.button(t("data.label"), type="primary", key=f"{KEY}.label", icon=NEXT_ICONS["label"]):
        _forget_saved()
        new.label(stored.id)
    _offer_answers(source)
    if st.button(t("data.train_texts"), key=f"{KEY}.train", icon=NEXT_ICONS["train"]):
        _forget_saved()
        go("train", "new")
