"""A candidate's answers to every frozen test beside its parent's. Reads what is stored; learns and draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.tasks.text_classification.scores import Report, evaluate_predictions
from core.workflows.versions.folder import VersionFolder
from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo

FLIPS = ("better", "worse", "other")


@dataclass(frozen=True, eq=False)
class Answers:
    """Two versions on the same frozen tests.

    Parameters
    ----------
    table
        All test rows: ``test`` (number), ``text``, ``truth``, ``before``, ``after``, ``probability`` of the latter.
    before, after
        All tests taken together.
    known
        Labels that the version before could answer with.
    """

    table: pd.DataFrame
    before: Report
    after: Report
    known: tuple[str, ...] = ()

    def flipped(self, kind: str, test: int | None = None) -> pd.DataFrame:
        """Rows that got ``"better"`` or ``"worse"``, or were wrong and are wrong in an ``"other"`` way."""
        table = self.table if test is None else self.table[self.table["test"] == test]
        was_right, is_right = table["before"] == table["truth"], table["after"] == table["truth"]
        masks = {
            "better": ~was_right & is_right,
            "worse": was_right & ~is_right,
            "other": ~was_right & ~is_right & (table["before"] != table["after"]),
        }
        return table[masks[kind]].reset_index(drop=True)


def answers(candidate: VersionInfo, parent: VersionInfo) -> Answers:
    """What both versions say to every frozen test."""
    return _answers(state.files_of(candidate), state.files_of(parent), parent)


@st.cache_resource(show_spinner=False, max_entries=4, ttl=3600)
def _answers(candidate: state.Files, parent: state.Files, _parent: VersionInfo) -> Answers:
    new, old = VersionFolder(Path(candidate.folder)), VersionFolder(Path(parent.folder))
    tested = {record.number for record in old.experiences()}
    tables = []
    for record in new.experiences():
        table = new.predictions(record.number)
        probabilities = table[[column for column in table.columns if column.startswith("p_")]]
        shown = table[["text", "truth", "predicted"]].rename(columns={"predicted": "after"})
        if record.number in tested:
            before = old.predictions(record.number)["predicted"].tolist()
        else:  # the newest test did not exist when the parent was measured
            engine = state.engine(_parent)
            answers = new.task.read(engine, engine.compute(table["text"].tolist()))
            before = new.task.judged(answers, table["truth"].tolist())
        shown.insert(0, "test", record.number)
        shown.insert(3, "before", before)
        tables.append(shown.assign(probability=probabilities.max(axis=1)))
    together = pd.concat(tables, ignore_index=True)
    old_report, new_report = (_report(together, side, new.outputs) for side in ("before", "after"))
    return Answers(together, old_report, new_report, tuple(old.outputs))


def _report(table: pd.DataFrame, side: str, classes: Sequence[str]) -> Report:
    number = {label: index for index, label in enumerate(classes)}
    return evaluate_predictions(table["truth"].map(number), table[side].map(number), classes)
