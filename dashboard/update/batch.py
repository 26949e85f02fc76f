"""Batch: where the new rows of an update come from. Ends with a stored dataset."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_sets import BAR
from core.data.dataset.row_targets import SetAside
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.samples import sample_path
from core.data.dataset.store import StoredDataset
from core.data.labelling.corrections import Correction
from core.data.loading.samples import save_sample
from core.data.reading.tables import read_table
from core.data.recipe import Applied, Step, apply_steps, write_steps
from core.workflows.personal import marker_in
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import tables
from dashboard.parts.corrections import JOIN, NEXT_BATCH, lacking, still_needed, told
from dashboard.parts.names import labels_of
from dashboard.parts.scores import task_of_version
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import UploadedTable, has_upload, remember_columns, upload_table
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.update import page as update_page
from dashboard.update.page import Situation
from dashboard.update.sources import BASE, SamplePart, choosable, earlier_steps, learned, next_sample
from dashboard.update.storing import KEY, Batch, joined_with, save_and_use, use

SOURCE = "update.origin"  # not "update.source": that is the upload step's
SEEN = "update.dataset_seen"
ICONS = {
    "sample": ":material/science:",
    "file": ":material/upload_file:",
    "saved": ":material/table_view:",
    "corrections": ":material/edit_note:",
}
PREVIEW_ROWS = 6


def draw(situation: Situation) -> None:
    """The choice of a batch, or what was chosen in one line."""
    update_page.about("batch")
    if situation.step != "batch":
        _chosen(situation)
        return
    _back_to_decision(situation)
    sample = next_sample(learned(situation))
    waiting = state.corrections().list(situation.classifier) if _reads_labels(situation) else []
    source = _source(situation, sample, len(waiting))
    if source == "sample" and sample is not None:
        _sample(situation, sample, waiting)
    elif source == "saved":
        _saved(situation, waiting)
    elif source == "corrections":
        _corrections(situation, waiting)
    else:
        _file(situation, waiting)


def _reads_labels(situation: Situation) -> bool:
    """Whether the model learns from a column of targets."""
    return task_of_version(situation.champion).reads_targets


def _kind(situation: Situation) -> str:
    """What ends the name of a text on what the model learns from."""
    reads = task_of_version(situation.champion).reads
    return {"nothing": "_texts", "spans": "_entities"}.get(reads, "")


def _chosen(situation: Situation) -> None:
    batch = situation.batch
    summary = t("update.batch_gone") if batch is None else describe(batch, labels=_reads_labels(situation))
    other = t("update.change_batch") if situation.job is None else None
    pressed = update_page.behind(
        tables.plain(summary), action=t("update.see_changes"), tab="changes", other=other, key="update.change_batch"
    )
    if pressed:
        if situation.candidate is not None:
            update_page.pass_over(situation.candidate, batch=False)
        update_page.drop_batch(situation.classifier)
        update_page.open_tab("batch")


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


def describe(dataset: StoredDataset, *, labels: bool) -> str:
    """A dataset in one line, with its labels where the model reads them."""
    facts = [dataset.name, tn("update.rows", dataset.rows)]
    if labels:
        facts.append(labels_of(dataset, "update.labels"))
    return " · ".join([*facts, t("shell.synthetic")] if dataset.synthetic else facts)


def _source(situation: Situation, sample: SamplePart | None, waiting: int) -> str:
    """Ask where the rows come from; begins with what the page before this one meant."""
    corrected = ["corrections"] if _reads_labels(situation) else []
    offered = [*(["sample"] if sample else []), "file", "saved", *corrected]
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


def _button(rows: int | None = None) -> bool:
    label = t("update.use_batch") if rows is None else tn("update.use", rows)
    return st.button(label, key="update.use", type="primary", icon=":material/arrow_forward:")


def _sample(situation: Situation, sample: SamplePart, waiting: list[Correction]) -> None:
    st.markdown(t(f"update.about_{sample[1]}"))
    table = read_table(sample_path(*sample))
    st.dataframe(table.head(PREVIEW_ROWS), hide_index=True, alt=t("update.preview"))
    join = _with_corrections(waiting)
    if not _button():
        return

    stored = save_sample(state.store(), *sample)
    if join:
        _use_stored(situation, stored, waiting)
    else:
        use(situation, stored)


def _use_stored(situation: Situation, stored: StoredDataset, waiting: list[Correction]) -> None:
    """A saved dataset with the corrections as a dataset of its own."""
    source = {**stored.source, BASE: stored.id}
    dataset = state.load_dataset(stored.id)
    batch = Batch(dataset, stored.name, stored.roles, source, stored.synthetic)
    save_and_use(situation, joined_with(batch, waiting))


def _file(situation: Situation, waiting: list[Correction]) -> None:
    if not has_upload(KEY):
        st.markdown(t(f"update.about_file{_kind(situation)}"))
    champion = VersionFolder(state.version_folder(situation.champion))
    read = [(known["name"], known["kind"]) for known in champion.inputs]
    reads_sets = task_of_version(situation.champion).reads_sets
    known = state.report(situation.champion)["classes"] if reads_sets else None
    uploaded = upload_table(KEY, need_label=_reads_labels(situation), optional_columns=True, several=known, inputs=read)
    if uploaded is None:
        return
    built = _built(uploaded.token, uploaded)
    if isinstance(built, DataError):
        show_error(built)
        return
    dataset, set_aside = built
    tell_left_out(uploaded, set_aside)
    repeated = _same_as_before(situation, uploaded.token, dataset)
    if repeated is None:
        return
    dataset, recipe = repeated
    join = _with_corrections(waiting)
    if _button(len(dataset)):
        remember_columns(uploaded)
        name = PurePath(uploaded.name.removesuffix(".gz")).stem[:80]
        source = {**uploaded.source(set_aside), **recipe}
        batch = Batch(dataset, name, uploaded.roles, source, uploaded.sample is not None)
        save_and_use(situation, joined_with(batch, waiting) if join else batch)


def _same_as_before(
    situation: Situation, token: str, dataset: TextDataset
) -> tuple[TextDataset, dict[str, list[dict[str, Any]]]] | None:
    """The batch after the steps that earlier data went through, where the reader leaves that on, and what to store of it; None
    where they cannot be carried out: personal data would be learned that was to be replaced.
    """
    steps = earlier_steps(situation)
    if not steps:
        return dataset, {}
    wanted = st.checkbox(
        t("update.same_recipe"), value=True, key="update.same_recipe", help=t("update.same_recipe_help")
    )
    with st.spinner(t("update.repeating")):
        carried_out = _carried_out(f"{token}.{write_steps(steps)}", steps, dataset)
    if isinstance(carried_out, DataError):
        show_error(carried_out)
        return None if wanted else (dataset, {})
    after, done = carried_out
    for applied in done:
        sentence = tables.plain(t_message(applied.step.sentence()))
        st.caption(f":material/edit: {sentence} {tn('update.recipe_rows', applied.count)}")
    return (after, {"recipe": write_steps(steps)}) if wanted else (dataset, {})


# A model of entities may be among the steps, which takes a minute for ten thousand texts.
@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def _carried_out(
    token: str, _steps: list[Step], _dataset: TextDataset
) -> tuple[TextDataset, list[Applied]] | DataError:
    try:
        return apply_steps(_dataset, _steps, marker_in(state.workspace()))
    except DataError as error:
        return error


@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def _built(token: str, _uploaded: UploadedTable) -> tuple[TextDataset, SetAside] | DataError:
    try:
        return build_dataset(_uploaded.table, _uploaded.roles, batch=True, need_label=False)
    except DataError as error:
        return error


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
        format_func=lambda identity: describe(offered[identity], labels=_reads_labels(situation)),
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
        use(situation, offered[picked])


def _corrections(situation: Situation, waiting: list[Correction]) -> None:
    if not waiting:
        st.markdown(t("update.no_corrections"))
        return
    st.markdown(tn("update.about_corrections", len(waiting)))
    task = task_of_version(situation.champion)
    table = pd.DataFrame([{"text": row.text, "label": row.label, "before": row.predicted} for row in waiting])
    label = t("spans.entities") if task.reads == "spans" else t("update.column_label")
    names = {"text": t("update.column_text"), "label": label, "before": t("update.column_said")}
    shown = table.assign(
        label=[told(task, row.text, row.label) for row in waiting],
        before=[told(task, row.text, row.predicted) for row in waiting],
    )
    st.dataframe(shown.rename(columns=names), hide_index=True, height="content", alt=t("update.preview"))
    missing = lacking(waiting, task)
    if missing:
        st.info(tables.plain(still_needed(missing, task)), icon=":material/hourglass_empty:")
        return
    if _button(len(waiting)):
        _use_corrections(situation, table)


def _use_corrections(situation: Situation, table: pd.DataFrame) -> None:
    task = task_of_version(situation.champion)
    roles = ColumnRoles("text", "label", separator=BAR if task.reads_sets else None, spans=task.reads == "spans")
    try:
        dataset, set_aside = build_dataset(table[["text", "label"]], roles, batch=True)
    except DataError as error:
        show_error(error)
        return
    source = {"corrections": situation.classifier, "set_aside": set_aside.count}
    save_and_use(situation, Batch(dataset, tn("update.corrections_name", len(table)), roles, source))
