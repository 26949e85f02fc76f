"""Of models that do not give each text one label: the scores on top beside the baseline's, their tests, R."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.registry.records.reports import baseline_name
from core.statistics.intervals import Estimate
from dashboard.evaluate import several
from dashboard.evaluate.page import Shown, with_baseline
from dashboard.parts import scores, tables
from dashboard.parts.plots.heatmaps import heatmap
from dashboard.parts.versions import history
from dashboard.shell import layout
from dashboard.shell.i18n import t, t_message
from dashboard.shell.layout import Card

HEIGHT = 500


def cards(shown: Shown) -> list[Card]:
    """Each score with its interval and its distance from the baseline."""
    made = []
    for score in shown.task.scores:
        measured = shown.figures.scores[score.name]
        gain = scores.gain_over(score, measured, Estimate.from_dict(shown.baseline[score.name]))
        change = layout.changed(gain, t("evaluate.against_baseline"))
        interval = tables.interval(measured.low, measured.high)
        told = with_baseline(shown, scores.score_help(score.name) or "")
        made.append(
            Card(scores.score_name(score.name), tables.score(measured.value), interval=interval, help=told, **change)
        )
    if shown.task.reads_sets:
        made += several.further_cards(shown)
    if len(made) == 1:
        stored, method = shown.baseline[shown.task.score.name], t_message(baseline_name(shown.report))
        about = t("evaluate.baseline", method=method)
        made.append(Card(t("models.baseline"), tables.score(stored["value"]), help=about, good="neither"))
    return made


def tests(shown: Shown) -> None:
    """Each frozen test: the version, the one that it was updated from, the baseline."""
    layout.section(t("evaluate.overall"), help=t("evaluate.overall_help"))
    table = test_table(shown)
    height = tables.height_of(len(table), HEIGHT)
    st.dataframe(table, hide_index=True, key="evaluate.plain_tests", height=height, column_config=tables.counts(table))
    tables.download_table(table, "results_tests", key="evaluate.plain_tests.download")


def test_table(shown: Shown) -> pd.DataFrame:
    """A row for each test and method."""
    baseline = t("evaluate.baseline", method=t_message(baseline_name(shown.report)))
    rows = []
    for test, stored in zip(shown.report["tests"], shown.report["baseline"]["tests"], strict=True):
        if test["experience"] not in shown.tests:
            continue
        version = t("evaluate.version_name", number=shown.version.number)
        methods = {version: test["report"], t("evaluate.before"): test["before"], baseline: stored}
        rows += [
            {
                t("evaluate.column_test"): f"{test['experience']} · {test['name']}",
                t("evaluate.column_rows"): test["rows"],
                t("evaluate.method"): method,
                **{scores.score_name(score.name): tables.score(**figures[score.name]) for score in shown.task.scores},
            }
            for method, figures in methods.items()
            if figures
        ]
    return pd.DataFrame(rows)


def matrix(shown: Shown) -> None:
    """R: what each version remembers of each batch."""
    known = history.accuracy_matrix(shown.version)
    versions = [t("evaluate.version_name", number=number) for number in known.versions]
    tests = [t("update.test_number", number=number + 1) for number in range(known.scores.shape[1])]
    named = scores.score_name(known.score.name)
    heatmap(
        known.scores,
        rows=versions,
        columns=tests,
        key="evaluate.plain_matrix",
        title=t("evaluate.plain_matrix_title", score=named),
        alt=t("evaluate.plain_matrix_alt", score=named, versions=len(versions), tests=len(tests)),
        **scores.heat(known.score),
    )
    direction = "higher" if known.score.higher_is_better else "lower"
    st.caption(t(f"evaluate.plain_matrix_{direction}", score=named))
