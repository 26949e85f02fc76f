"""Among the changes: rows that did not come from the file into the batch, and labels that may be spellings of others."""

from __future__ import annotations

import streamlit as st

from core.base.messages import Message
from core.data.dataset.label_spelling import LabelMatch, looks_missing, match_labels
from core.data.dataset.store import StoredDataset
from core.data.loading.label_notes import doubtful_note, missing_note, spellings_note
from core.data.loading.load import left_out_of_source, remarks_of
from core.data.recipe import RenameLabels
from core.workflows.recipes import save_cleaned
from dashboard.parts import scores, tables
from dashboard.parts.upload.notes import tell_notes, warn_left_out
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message
from dashboard.update import page as update_page
from dashboard.update.page import Situation


def is_labelled(situation: Situation) -> bool:
    """Whether the model answers with labels."""
    return scores.task_of_version(situation.champion).distribution


def doubtful(situation: Situation) -> frozenset[str]:
    """Labels of the batch that are probably spellings of others."""
    if situation.batch is None or not is_labelled(situation):
        return frozenset()
    return frozenset(_match(situation, situation.batch).doubtful)


def section(situation: Situation) -> None:
    """What was left out of the file, how labels were read, and the merge before anything is learned."""
    batch = situation.batch
    if batch is None:
        return
    left_out = left_out_of_source(batch.source)
    warn_left_out(left_out)
    told = {str(part.message) for part in left_out}
    tell_notes(note for note in remarks_of(batch.source) if str(note) not in told)
    if not is_labelled(situation):
        return
    match = _match(situation, batch)
    for note in _doubts(batch, match):
        st.warning(tables.plain(t_message(note)), icon=":material/spellcheck:")
    if situation.step != "changes" or not match.doubtful:
        return
    if st.button(t("update.merge_labels"), key="update.merge_labels", icon=":material/merge:", type="primary"):
        _merge(situation, batch, match)


def _match(situation: Situation, batch: StoredDataset) -> LabelMatch:
    known = state.report(situation.champion)["classes"] if is_labelled(situation) else ()
    return match_labels(batch.classes, known)


def _doubts(batch: StoredDataset, match: LabelMatch) -> list[Message]:
    notes = [doubtful_note(match.likely)] if match.likely else []
    if match.among:
        notes.append(spellings_note(match.among))
    missing = [label for label, rows in batch.classes.items() if rows and looks_missing(label)]
    return [*notes, missing_note(missing, sum(batch.classes[label] for label in missing))] if missing else notes


def _merge(situation: Situation, batch: StoredDataset, match: LabelMatch) -> None:
    """Make a batch beside this one in which the spellings are one, and go on with that."""
    merged = save_cleaned(state.workspace(), batch.id, [RenameLabels(names=match.doubtful)])
    update_page.choose_batch(situation.classifier, merged.id)
    st.rerun()
