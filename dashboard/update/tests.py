"""Every frozen test as a table: the version that serves, the candidate, and the baseline, one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.registry.records.reports import baseline_name
from core.statistics.intervals import Estimate
from dashboard.parts import scores, tables
from dashboard.parts.versions import same_tests
from dashboard.shell.i18n import t, t_message
from dashboard.update.page import test_name

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.tasks import Task

Figures = Mapping[str, Any]
CHANGE = 200  # pixels of the column of changes


def draw(report: dict[str, Any], candidate: VersionInfo, parent: VersionInfo) -> None:
    """The table, what its figures mean, and its download."""
    shown = table(report, candidate, parent)
    # Most of its cells are empty, by which its width would go.
    columns = tables.counts(shown) | {t("update.column_difference"): st.column_config.TextColumn(width=CHANGE)}
    st.dataframe(shown, hide_index=True, height="content", column_config=columns, alt=t("update.tests_alt"))
    note = t("update.tests_note")
    note = t("update.sentences", first=note, second=t("update.baseline_note", method=t_message(baseline_name(report))))
    averages = scores.task_of_report(report).averages
    if "macro_f1" in averages and "micro_f1" not in averages:  # a column says which it is
        note = t("update.sentences", first=note, second=t("update.macro_note"))
    st.caption(note)
    tables.download_table(shown, f"update_v{candidate.number}_tests")


def table(report: dict[str, Any], candidate: VersionInfo, parent: VersionInfo) -> pd.DataFrame:
    """Three rows a test; with several tests also all of them together."""
    task = scores.task_of_report(report)
    baseline = report["baseline"]
    apart = baseline.get("tests") or [{} for _ in report["tests"]]  # editions before kept only all tests together
    rows = []
    for test, counted in zip(report["tests"], apart, strict=True):
        gain = scores.gain_of_test(task, test) if test.get("difference") else None
        group = (test["before"], test["report"], counted)
        name = test_name(test["experience"], test["name"])
        rows += _group(name, int(test["rows"]), group, gain, report, candidate)
    if len(report["tests"]) > 1:
        before, gain = together(candidate, parent, task)
        group = (before, report["overall"], baseline["report"])
        rows += _group(t("update.all_tests"), int(report["overall"]["rows"]), group, gain, report, candidate)
    return pd.DataFrame(rows)


def together(candidate: VersionInfo, parent: VersionInfo, task: Task) -> tuple[Figures | None, Estimate | None]:
    """What the version that serves scores on the candidate's tests taken together, and what the candidate gains on it."""
    same = same_tests.of_two(candidate, parent)
    before = same.report(parent.number) if same is not None else None
    if same is None or before is None:
        return None, None
    score = task.score
    difference = same.difference(parent.number, candidate.number)
    gain = score.gain(difference, before.scores[score.name].value) if difference is not None else None
    return {name: measured.to_dict() for name, measured in before.scores.items()}, gain


def _group(
    test: str,
    count: int,
    figures: tuple[Figures | None, Figures, Figures],
    gain: Estimate | None,
    report: dict[str, Any],
    candidate: VersionInfo,
) -> list[dict[str, Any]]:
    """The rows of one test."""
    names = (
        t("update.row_serves", version=candidate.parent),
        t("update.row_candidate", version=candidate.number),
        t("models.baseline"),
    )
    task, rows = scores.task_of_report(report), []
    for name, measured in zip(names, figures, strict=True):
        row: dict[str, Any] = {t("update.column_test"): test, t("update.column_who"): name}
        for score in task.scores:
            row[scores.score_name(score.name)] = _estimate((measured or {}).get(score.name))
            if score is task.score:
                changed = gain if measured is figures[1] else None
                row[t("update.column_difference")] = tables.change(**changed.to_dict()) if changed else ""
        row[t("update.column_rows")] = int((measured or {}).get("rows") or count)
        rows.append(row)
    return rows


def _estimate(estimate: Mapping[str, float] | None) -> str:
    return tables.NOTHING if estimate is None else tables.score(estimate["value"], estimate["low"], estimate["high"])
