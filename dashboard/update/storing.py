"""A batch on its way from the page into the store: with or without corrections, or told why it can't be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.base.at_work import at_work
from core.base.config import home
from core.base.errors import JobError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.dataset.store import StoredDataset
from core.data.labelling.corrections import JOINED, Correction, join_corrections, joined_rows
from core.registry.records import refuse_half_forgotten
from core.workflows.versions.label_matching import adopt
from dashboard.parts.upload.upload import discard_upload
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.update import compare
from dashboard.update import page as update_page
from dashboard.update.page import Situation
from dashboard.update.sources import BASE

KEY = "update"


@dataclass(frozen=True)
class Batch:
    """Rows that are to be learned, with what will be stored of them."""

    dataset: TextDataset
    name: str
    roles: ColumnRoles
    source: dict[str, Any]
    synthetic: bool = False


def use(situation: Situation, dataset: StoredDataset) -> None:
    """Take a dataset as the batch, with labels that are the champion's own beyond doubt written as the champion does."""
    adopted = adopt(state.workspace(), dataset.id, state.report(situation.champion)["classes"])
    update_page.choose_batch(situation.classifier, adopted.id)
    st.rerun()


def save_and_use(situation: Situation, batch: Batch) -> None:
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
    use(situation, stored)


def _still_there(situation: Situation, batch: Batch, joined: Rows) -> bool:
    """Whether the corrections in a batch still wait, and the dataset that they joined is still stored."""
    waiting = {text_key(correction.text) for correction in state.corrections().list(situation.classifier)}
    base = batch.source.get(BASE)
    alone = "corrections" in batch.source and base is None
    corrected = range(len(batch.dataset)) if alone else joined.tolist()
    stored = {known.id for known in state.workspace().datasets.list()}
    still_waiting = all(text_key(batch.dataset.texts[row]) in waiting for row in corrected)
    return still_waiting and (base is None or base in stored)


def joined_with(batch: Batch, waiting: list[Correction]) -> Batch:
    """The batch with the corrections that wait."""
    return Batch(
        dataset=join_corrections(batch.dataset, waiting),
        name=tn("update.joined_name", len(waiting), name=batch.name[:50]),
        roles=batch.roles,
        source={**batch.source, JOINED: len(waiting)},
        synthetic=batch.synthetic,
    )
