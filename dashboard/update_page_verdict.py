"""A candidate's figures as the decision needs them: judged again at any tolerance, its answers beside its parent's.

Reads reports and stored answers; learns nothing and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard import state

if TYPE_CHECKING:
    from core.metrics import Report, Verdict
    from core.registry import VersionInfo

FLIPS = ("better", "worse", "other")


def judge_again(
    report: Mapping[str, Any], tolerance: float, name: Callable[[int, str], str] = lambda _, name: name
) -> Verdict | None:
    """Hold the differences that a report recorded against another tolerance; None where there is nothing to compare.

    Parameters
    ----------
    tolerance
        Points that each older test may lose.
    name
        Makes a test's name in the sentences of its number and its own name.
    """
    from core.metrics import Estimate, TestChange, judge

    changes = [
        TestChange(
            name=name(test["experience"], test["name"]),
            rows=test["rows"],
            before=Estimate.from_dict(test["before"]["accuracy"]),
            after=Estimate.from_dict(test["report"]["accuracy"]),
            difference=Estimate.from_dict(test["difference"]["accuracy"]),
        )
        for test in report["tests"]
        if test.get("difference")
    ]
    return judge(changes[:-1], changes[-1], tolerance=tolerance) if len(changes) > 1 else None


@dataclass(frozen=True, eq=False)
class Answers:
    """Two versions on the same frozen tests.

    Parameters
    ----------
    table
        All test rows: ``test`` (number), ``text``, ``truth``, ``before``, ``after``, ``probability`` of the latter.
    before, after
        All tests taken together.
    """

    table: pd.DataFrame
    before: Report
    after: Report

    def flipped(self, kind: str, test: int | None = None) -> pd.DataFrame:
        """Rows that got ``"better"`` or ``"worse"``, or were wrong and are wrong in an ``"other"`` way."""
        table = self.table if test is None else self.table[self.table["test"] == test]
        was_right, is_right = table["before"] == table["truth"], table["after"] == table["truth"]
        chosen = {
            "better": ~was_right & is_right,
            "worse": was_right & ~is_right,
            "other": ~was_right & ~is_right & (table["before"] != table["after"]),
        }
        return table[chosen[kind]].reset_index(drop=True)


def answers(candidate: VersionInfo, parent: VersionInfo) -> Answers:
    """What both versions say to every frozen test."""
    return _answers(str(state.version_folder(candidate)), str(state.version_folder(parent)), parent)


@st.cache_resource(show_spinner=False, max_entries=4, ttl=3600)
def _answers(candidate: str, parent: str, _parent: VersionInfo) -> Answers:
    from core.workflows import VersionFolder

    new, old = VersionFolder(Path(candidate)), VersionFolder(Path(parent))
    tested = {record.number for record in old.experiences()}
    tables = []
    for record in new.experiences():
        table = new.predictions(record.number)
        probabilities = table[[column for column in table.columns if column.startswith("p_")]]
        shown = table[["text", "truth", "predicted"]].rename(columns={"predicted": "after"})
        if record.number in tested:
            before = old.predictions(record.number)["predicted"].tolist()
        else:  # the newest test did not exist when the parent was measured
            before = state.engine(_parent).predict(table["text"].tolist())
        shown.insert(0, "test", record.number)
        shown.insert(3, "before", before)
        tables.append(shown.assign(probability=probabilities.max(axis=1)))
    together = pd.concat(tables, ignore_index=True)
    return Answers(together, *(_report(together, side, new.classes) for side in ("before", "after")))


def _report(table: pd.DataFrame, side: str, classes: Sequence[str]) -> Report:
    from core.metrics import evaluate_predictions

    number = {label: index for index, label in enumerate(classes)}
    return evaluate_predictions(table["truth"].map(number), table[side].map(number), classes)
