"""Results of a model that answers with no label: its scores beside the baseline's, its tests, where it is farthest off, R."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.registry.records.reports import baseline_name
from core.statistics.intervals import Estimate
from core.tasks import Task
from dashboard.evaluate import several
from dashboard.evaluate.learned import draw as learning
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import scores, tables
from dashboard.parts.plots.heatmaps import heatmap
from dashboard.parts.versions import history
from dashboard.shell import layout
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.layout import Card

MOST_ROWS = 200
HEIGHT = 420


def cards(shown: Shown) -> list[Card]:
    """Each score with its interval and its distance from the baseline."""
    made = []
    for score in shown.task.scores:
        measured = shown.figures.scores[score.name]
        gain = scores.gain_over(score, measured, Estimate.from_dict(shown.baseline[score.name]))
        change = layout.changed(gain, t("evaluate.against_baseline"))
        interval = tables.interval(measured.low, measured.high)
        told = scores.score_help(score.name)
        made.append(
            Card(scores.score_name(score.name), tables.score(measured.value), interval=interval, help=told, **change)
        )
    if shown.task.reads_sets:
        made += several.further_cards(shown)
    baseline = shown.baseline[shown.task.score.name]
    method = t_message(baseline_name(shown.report))
    told = t("evaluate.baseline", method=method)
    made.append(Card(t("models.baseline"), tables.score(baseline["value"]), help=told, good="neither"))
    return made


def draw(shown: Shown) -> None:
    """The tabs below the cards."""
    if about := scores.about_points(shown.task.score):
        st.caption(about)
    parts: dict[str, Callable[[Shown], None]] = several.PARTS if shown.task.reads_sets else {}
    parts = {**parts, "tests": _tests, "rows": _rows, "matrix": _matrix, "curves": learning}
    for place, part in zip(st.tabs([t(f"evaluate.plain_{name}") for name in parts]), parts.values(), strict=True):
        with place:
            part(shown)


def _tests(shown: Shown) -> None:
    """One row a frozen test: the version, the one before, the baseline."""
    rows = []
    for test, baseline in zip(shown.report["tests"], shown.report["baseline"]["tests"], strict=True):
        row: dict[str, Any] = {
            t("evaluate.column_test"): f"{test['experience']} · {test['name']}",
            t("evaluate.column_rows"): test["rows"],
        }
        for score in shown.task.scores:
            named = scores.score_name(score.name)
            row[named] = tables.score(**test["report"][score.name])
            row[t("evaluate.plain_before", score=named)] = (
                tables.score(**test["before"][score.name]) if test["before"] else tables.NOTHING
            )
            row[t("evaluate.plain_baseline", score=named)] = tables.score(**baseline[score.name])
        rows.append(row)
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True, key="evaluate.plain_tests")
    tables.download_table(table, "results_tests", key="evaluate.plain_tests.download")


def farthest(task: Task, table: pd.DataFrame) -> pd.DataFrame:
    """The rows by how badly each was answered, the worst first, with each one's own value of the deciding score."""
    truth, answers = ([str(value) for value in table[name]] for name in ("truth", "predicted"))
    values = np.asarray(task.score.of(np.asarray(task.statistics(truth, answers), dtype=np.float64)))
    told = table.assign(value=values, answer=[task.told(answer) for answer in answers])
    if task.reads_targets:
        told = told.assign(truth=[task.told(target) for target in truth])
    return told.sort_values("value", ascending=task.score.higher_is_better, kind="stable")


def _rows(shown: Shown) -> None:
    task = shown.task
    table = farthest(task, predictions(shown))
    st.caption(tn("evaluate.plain_rows_note", len(table)))
    named = scores.score_name(task.score.name)
    columns = ["text", *(["truth", "answer"] if task.reads_targets else []), "value"]
    config = {
        "text": st.column_config.TextColumn(t("evaluate.column_text"), width="large"),
        "truth": st.column_config.TextColumn(t("evaluate.column_truth"), width=150),
        "answer": st.column_config.TextColumn(t("evaluate.column_predicted"), width=150),
        "value": st.column_config.NumberColumn(named, format="%.3f", width=130),
    }
    listed = table[columns].head(MOST_ROWS)
    st.dataframe(listed, hide_index=True, column_config=config, key="evaluate.plain_rows", height=HEIGHT)
    tables.download_table(table[columns], "results_rows", key="evaluate.plain_rows.download")


def _matrix(shown: Shown) -> None:
    matrix = history.accuracy_matrix(shown.version)
    versions = [t("evaluate.version_name", number=number) for number in matrix.versions]
    tests = [t("update.test_number", number=number + 1) for number in range(matrix.scores.shape[1])]
    named = scores.score_name(matrix.score.name)
    heatmap(
        matrix.scores,
        rows=versions,
        columns=tests,
        key="evaluate.plain_matrix",
        title=t("evaluate.plain_matrix_title", score=named),
        alt=t("evaluate.plain_matrix_alt", score=named, versions=len(versions), tests=len(tests)),
        **scores.heat(matrix.score),
    )
    direction = "higher" if matrix.score.higher_is_better else "lower"
    st.caption(t(f"evaluate.plain_matrix_{direction}", score=named))
