"""The way of a table on the Data page: looked over, named and saved."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import PurePath

import streamlit as st

from core.base.errors import DataError
from core.data.dataset.row_targets import SetAside
from core.data.dataset.rows import TextDataset, check_labels
from core.data.dataset.samples import SAMPLES
from core.data.dataset.splitting import Split, split_rows
from core.data.dataset.store import StoredDataset
from core.data.loading.profiling import Profile, profile
from core.data.recipe import Step, apply_steps, write_steps
from dashboard.data import following
from dashboard.data.following import KEY
from dashboard.data.labelling import new
from dashboard.parts import profile as parts_profile
from dashboard.parts import tables
from dashboard.parts.first.start import task_for
from dashboard.parts.forms.label_editor import edit_labels
from dashboard.parts.upload.looked_over import built, divided, forget
from dashboard.parts.upload.upload import (
    UploadedTable,
    chosen_source,
    discard_upload,
    has_upload,
    remember_columns,
    upload_table,
)
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import language, t, tn
from dashboard.shell.navigation import go

LOOKED = "data.looked"  # in the session: the table that was looked over last
LARGE = 50_000  # rows, from which on a bar shows how far looking them over is
NAME_LIMIT = 80


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
    return has_upload(KEY) or following.just_saved() is not None


def add_table() -> None:
    """From the drop zone to a saved dataset."""
    if following.just_saved() is not None:
        following.what_comes_next()
        return
    ordered = sorted(SAMPLES.values(), key=lambda sample: sample.language != language())
    samples = [(sample.id, "first") for sample in ordered]
    uploaded = upload_table(KEY, texts_alone=True, several=(), samples=samples)
    if uploaded is None:
        return
    if _bare(uploaded):
        following.offer_answers(chosen_source(KEY))
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
    if prepared.dataset.labelled and uploaded.roles.kind == "label":
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
    return uploaded.roles.kind == "nothing"


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
            if not uploaded.roles.spans:
                check_labels(dataset)
        except DataError as error:
            bar.empty()
            st.button(t("data.undo"), key=f"{KEY}.undo", on_click=_accept, args=(uploaded, None))
            return error
    token = f"{uploaded.token}.{len(accepted)}"
    tell(0.2, "divide")
    split = divided(token, task_for(uploaded.roles.kind), dataset)
    tell(0.6, "profile")
    described = _profiled(token, dataset, set_aside, uploaded)
    bar.empty()
    st.session_state[LOOKED] = uploaded.token
    return Prepared(dataset, set_aside, described, split)


@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def _profiled(token: str, _dataset: TextDataset, _set_aside: SetAside, _uploaded: UploadedTable) -> Profile:
    return profile(_dataset, _set_aside, _uploaded.skipped, kind=_uploaded.roles.kind)


def _save_form(uploaded: UploadedTable, prepared: Prepared, steps: list[Step]) -> None:
    """A name, the split in words, and the page's one primary button: save, and go on with what such a table is for."""
    # The field's own key, once a table: another file proposes its own name.
    key = f"{KEY}.name.{uploaded.file_token}"
    # What cannot be divided cannot be trained on yet.
    step = "label" if _bare(uploaded) else None if isinstance(prepared.split, DataError) else "train"
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
        go_on = step is not None and st.form_submit_button(
            t(f"data.save_and_{step}"), type="primary", icon=following.ICONS[step], key=f"{KEY}.save-next"
        )
        save = st.form_submit_button(
            t("data.save"),
            type="secondary" if step else "primary",
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
    following.forget_saved()
    if step == "label":
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
    following.remember(stored, name, chosen_source(KEY))
    discard_upload(KEY)
    forget()
    _profiled.clear()
    return stored
