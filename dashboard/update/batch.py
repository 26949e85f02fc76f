"""Step 1 of an update: where the new rows come from. Ends with a stored dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.base.at_work import at_work
from core.base.config import home
from core.base.errors import CoreError, DataError, JobError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import Rows, SetAside, TextDataset, build_dataset
from core.data.dataset.same_text import text_key
from core.data.dataset.samples import SAMPLES
from core.data.dataset.store import StoredDataset
from core.data.labelling.corrections import JOINED, Correction, join_corrections, joined_rows, lacking
from core.data.recipe import Step, apply_steps, read_steps, write_steps
from core.registry.records import refuse_half_forgotten
from dashboard.parts import tables
from dashboard.parts.corrections import JOIN, NEXT_BATCH, still_needed
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import UploadedTable, discard_upload, has_upload, remember_columns, upload_table
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.update import compare
from dashboard.update import page as update_page
from dashboard.update.page import Situation

KEY = "update"
SOURCE = "update.origin"  # not "update.source": that is the upload step's
SEEN = "update.dataset_seen"
BASE = "base"  # in a dataset's source: the dataset that corrections joined
ICONS = {
    "sample": ":material/science:",
    "file": ":material/upload_file:",
    "saved": ":material/table_view:",
    "corrections": ":material/edit_note:",
}
PREVIEW_ROWS = 6
SamplePart = tuple[str, str]


def step(situation: Situation) -> None:
    """The open step, or what was chosen in one line."""
    if situation.step > 1:
        _done(situation)
        return
    update_page.head(1, "open")
    _back_to_decision(situation)
    sample = next_sample(learned(situation))
    waiting = state.corrections().list(situation.classifier)
    source = _source(situation, sample, len(waiting))
    if source == "sample" and sample is not None:
        _sample(situation, sample, waiting)
    elif source == "saved":
        _saved(situation, waiting)
    elif source == "corrections":
        _corrections(situation, waiting)
    else:
        _file(situation, waiting)


def _done(situation: Situation) -> None:
    batch = situation.batch
    summary = t("update.batch_gone") if batch is None else describe(batch)
    action = t("update.change_batch") if situation.job is None else None
    if update_page.head(1, "done", tables.plain(summary), action):
        if situation.candidate is not None:
            update_page.pass_over(situation.candidate, batch=False)
        update_page.drop_batch(situation.classifier)
        st.rerun()


def _back_to_decision(situation: Situation) -> None:
    waiting = update_page.passed_over(situation)
    if waiting is not None and st.button(
        t("update.back_to_decision", version=waiting.number),
        key="update.back_to_decision",
        icon=":material/arrow_forward:",
        type="tertiary",
    ):
        update_page.review(waiting)
        st.rerun()


def describe(dataset: StoredDataset) -> str:
    """A dataset in one line."""
    facts = [dataset.name, tn("update.rows", dataset.rows), tn("update.labels", len(dataset.classes))]
    return " · ".join([*facts, t("shell.synthetic")] if dataset.synthetic else facts)


def learned(situation: Situation) -> list[str]:
    """Ids of the datasets that the champion has learned from, also of those that corrections joined before."""
    known = {dataset.id: dataset for dataset in state.datasets()}
    identities = [str(record["dataset"]) for record in state.report(situation.champion)["experiences"]]
    bases = [known[identity].source.get(BASE) for identity in identities if identity in known]
    return [*identities, *(str(base) for base in bases if base)]


def next_sample(known: list[str]) -> SamplePart | None:
    """For a classifier that was trained on a sample: the sample's next batch."""
    stored = {dataset.id: dataset for dataset in state.datasets()}
    sources = [stored[identity].source for identity in known if identity in stored]
    samples = [source for source in sources if source.get("sample") in SAMPLES]
    if not samples:
        return None
    sample = SAMPLES[samples[0]["sample"]]
    used = {source.get("part", "first") for source in samples}
    return next(((sample.id, part) for part in sample.parts[1:] if part not in used), None)


def _source(situation: Situation, sample: SamplePart | None, waiting: int) -> str:
    """Ask where the rows come from; begins with what the page before this one meant."""
    offered = [*(["sample"] if sample else []), "file", "saved", "corrections"]
    asked = st.session_state.pop(NEXT_BATCH, None)
    worked_with = state.chosen_dataset()
    if asked in offered:
        st.session_state[SOURCE] = asked
    elif asked == JOIN:
        st.session_state[SOURCE] = offered[0]
        st.session_state["update.with_corrections"] = True
    elif (
        worked_with
        and worked_with != st.session_state.get(SEEN)
        and worked_with in {dataset.id for dataset in choosable(situation)}
    ):
        st.session_state[SOURCE], st.session_state["update.saved"] = "saved", worked_with
    st.session_state[SEEN] = worked_with
    if st.session_state.get(SOURCE) not in offered:
        st.session_state[SOURCE] = offered[0]
    return str(
        st.segmented_control(
            t("update.source"),
            offered,
            format_func=lambda name: f"{ICONS[name]} {tn(f'update.source_{name}', waiting)}",
            required=True,
            key=SOURCE,
            label_visibility="collapsed",
            persist_state="session",
        )
    )


@dataclass(frozen=True)
class Batch:
    """Rows that are to be learned, with what will be stored of them."""

    dataset: TextDataset
    name: str
    roles: ColumnRoles
    source: dict[str, Any]
    synthetic: bool = False


def _use(situation: Situation, dataset: StoredDataset) -> None:
    """Take a dataset as the batch, with labels that are the champion's own beyond doubt written as the champion does."""
    from core.workflows.versions.label_matching import adopt

    adopted = adopt(state.workspace(), dataset.id, state.report(situation.champion)["classes"])
    update_page.choose_batch(situation.classifier, adopted.id)
    st.rerun()


def _save_and_use(situation: Situation, batch: Batch) -> None:
    """Store the batch and go on with it; one that cannot be learned is explained, and nothing of it is left behind."""
    joined = joined_rows(batch.source, len(batch.dataset))
    problem = compare.problem(situation.champion, batch.dataset, joined)
    if problem is not None:
        show_error(problem)
        return
    try:
        with at_work(home(), t("update.title")):  # nothing is forgotten between the look and the storing
            refuse_half_forgotten(home())
            if not _still_there(situation, batch, joined):
                st.rerun()  # rows of it were forgotten since the page was drawn: show what there is now
            stored = state.workspace().datasets.save(
                batch.dataset, name=batch.name[:80], roles=batch.roles, source=batch.source, synthetic=batch.synthetic
            )
    except JobError as error:
        show_error(error)
        return
    discard_upload(KEY)
    _use(situation, stored)


def _still_there(situation: Situation, batch: Batch, joined: Rows) -> bool:
    """Whether the corrections in a batch still wait, and the dataset that they joined is still stored."""
    waiting = {text_key(correction.text) for correction in state.corrections().list(situation.classifier)}
    base = batch.source.get(BASE)
    alone = "corrections" in batch.source and base is None
    corrected = range(len(batch.dataset)) if alone else joined.tolist()
    stored = {known.id for known in state.workspace().datasets.list()}
    still_waiting = all(text_key(batch.dataset.texts[row]) in waiting for row in corrected)
    return still_waiting and (base is None or base in stored)


def _with_corrections(waiting: list[Correction]) -> bool:
    """Ask whether the corrections that wait are to be learned with the batch."""
    if not waiting:
        return False
    return st.checkbox(
        tn("update.with_corrections", len(waiting)),
        value=True,
        key="update.with_corrections",
        help=t("update.with_corrections_help"),
    )


def _joined(batch: Batch, waiting: list[Correction]) -> Batch:
    return Batch(
        dataset=join_corrections(batch.dataset, waiting),
        name=tn("update.joined_name", len(waiting), name=batch.name[:50]),
        roles=batch.roles,
        source={**batch.source, JOINED: len(waiting)},
        synthetic=batch.synthetic,
    )


def _button(rows: int | None = None) -> bool:
    label = t("update.use_batch") if rows is None else tn("update.use", rows)
    return st.button(label, key="update.use", type="primary", icon=":material/arrow_downward:")


def _sample(situation: Situation, sample: SamplePart, waiting: list[Correction]) -> None:
    from core.data.dataset.samples import sample_path
    from core.data.reading.tables import read_table

    st.markdown(t(f"update.about_{sample[1]}"))
    table = read_table(sample_path(*sample))
    st.dataframe(table.head(PREVIEW_ROWS), hide_index=True, alt=t("update.preview"))
    join = _with_corrections(waiting)
    if not _button():
        return
    from core.workflows.train.samples import save_sample

    stored = save_sample(state.workspace(), *sample)
    if join:
        _use_stored(situation, stored, waiting)
    else:
        _use(situation, stored)


def _use_stored(situation: Situation, stored: StoredDataset, waiting: list[Correction]) -> None:
    """A saved dataset with the corrections as a dataset of its own."""
    source = {**stored.source, BASE: stored.id}
    dataset = state.load_dataset(stored.id)
    batch = Batch(dataset, stored.name, stored.roles, source, stored.synthetic)
    _save_and_use(situation, _joined(batch, waiting))


def _file(situation: Situation, waiting: list[Correction]) -> None:
    if not has_upload(KEY):
        st.markdown(t("update.about_file"))
    uploaded = upload_table(KEY)
    if uploaded is None:
        return
    built = _built(uploaded.token, uploaded)
    if isinstance(built, DataError):
        show_error(built)
        return
    dataset, set_aside = built
    tell_left_out(uploaded, set_aside)
    dataset, recipe = _same_as_before(situation, dataset)
    join = _with_corrections(waiting)
    if _button(len(dataset)):
        remember_columns(uploaded)
        name = PurePath(uploaded.name.removesuffix(".gz")).stem[:80]
        source = {**uploaded.source(set_aside), **recipe}
        batch = Batch(dataset, name, uploaded.roles, source, uploaded.sample is not None)
        _save_and_use(situation, _joined(batch, waiting) if join else batch)


def _same_as_before(situation: Situation, dataset: TextDataset) -> tuple[TextDataset, dict[str, list[dict[str, Any]]]]:
    """The batch after the steps that earlier data went through, where the reader leaves that on, and what to store of it."""
    steps = earlier_steps(situation)
    if not steps:
        return dataset, {}
    wanted = st.checkbox(
        t("update.same_recipe"), value=True, key="update.same_recipe", help=t("update.same_recipe_help")
    )
    try:
        after, done = apply_steps(dataset, steps)
    except DataError as error:
        show_error(error)
        return dataset, {}
    for applied in done:
        sentence = tables.plain(t_message(applied.step.sentence()))
        st.caption(f":material/edit: {sentence} {tn('update.recipe_rows', applied.count)}")
    return (after, {"recipe": write_steps(steps)}) if wanted else (dataset, {})


def earlier_steps(situation: Situation) -> list[Step]:
    """What was done to the data that the champion learned from, each step once."""
    stored = {dataset.id: dataset for dataset in state.datasets()}
    steps: list[Step] = []
    for identity in learned(situation):
        try:
            recipe = read_steps(stored[identity].source.get("recipe", [])) if identity in stored else []
        except CoreError:  # of another version of the program: it cannot be repeated here
            continue
        steps += [step for step in recipe if step not in steps]
    return steps


@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def _built(token: str, _uploaded: UploadedTable) -> tuple[TextDataset, SetAside] | DataError:
    try:
        return build_dataset(_uploaded.table, _uploaded.roles, batch=True)
    except DataError as error:
        return error


def choosable(situation: Situation) -> list[StoredDataset]:
    """Saved datasets that the champion has not learned from, newest first."""
    known = set(learned(situation))
    return [dataset for dataset in state.datasets() if dataset.id not in known]


def _saved(situation: Situation, waiting: list[Correction]) -> None:
    offered = {dataset.id: dataset for dataset in choosable(situation)}
    if not offered:
        st.markdown(t("update.no_saved"))
        return
    if st.session_state.get("update.saved") not in offered:
        st.session_state["update.saved"] = next(iter(offered))
    picked = st.selectbox(
        t("update.saved"),
        list(offered),
        format_func=lambda identity: describe(offered[identity]),
        key="update.saved",
        help=t("update.saved_help"),
        persist_state="session",
        width=640,
    )
    join = _with_corrections(waiting)
    if not _button(offered[picked].rows):
        return
    if join:
        _use_stored(situation, offered[picked], waiting)
    else:
        _use(situation, offered[picked])


def _corrections(situation: Situation, waiting: list[Correction]) -> None:
    if not waiting:
        st.markdown(t("update.no_corrections"))
        return
    st.markdown(tn("update.about_corrections", len(waiting)))
    table = pd.DataFrame([{"text": row.text, "label": row.label, "before": row.predicted} for row in waiting])
    names = {"text": t("update.column_text"), "label": t("update.column_label"), "before": t("update.column_said")}
    st.dataframe(table.rename(columns=names), hide_index=True, height="content", alt=t("update.preview"))
    missing = lacking(waiting)
    if missing:
        st.info(tables.plain(still_needed(missing)), icon=":material/hourglass_empty:")
        return
    if _button(len(waiting)):
        _use_corrections(situation, table)


def _use_corrections(situation: Situation, table: pd.DataFrame) -> None:
    roles = ColumnRoles("text", "label")
    try:
        dataset, set_aside = build_dataset(table[["text", "label"]], roles, batch=True)
    except DataError as error:
        show_error(error)
        return
    source = {"corrections": situation.classifier, "set_aside": set_aside.count}
    _save_and_use(situation, Batch(dataset, tn("update.corrections_name", len(table)), roles, source))
