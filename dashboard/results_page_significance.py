"""Are two versions really different? On the frozen tests that both answered: McNemar's test and paired intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.metrics import MINIMUM_ROWS, Estimate, flips, mcnemar, paired_difference
from dashboard import state, tables
from dashboard.i18n import t
from dashboard.results_page import read_predictions

if TYPE_CHECKING:
    from core.registry import VersionInfo

LEVEL = 0.05


@dataclass(frozen=True)
class Common:
    """One frozen test that both versions answered, row for row.

    Parameters
    ----------
    before, after
        The two reports of the test.
    accuracy, macro_f1
        Second minus first on the same rows.
    better, worse
        Rows that only the second, and only the first has right; ``chance`` is McNemar's p-value of their split.
    """

    name: str
    rows: int
    before: dict[str, Any]
    after: dict[str, Any]
    accuracy: Estimate
    macro_f1: Estimate
    better: int
    worse: int
    chance: float


def common_tests(first: VersionInfo, second: VersionInfo) -> list[Common]:
    """All frozen tests that two versions share, of one classifier or of two."""
    found = []
    reports = state.report(first), state.report(second)
    for test in reports[1]["tests"]:
        for other in reports[0]["tests"]:
            tables_of = [
                read_predictions(str(state.version_folder(version)), (number["experience"],))
                for version, number in ((first, other), (second, test))
            ]
            before, after = tables_of
            if len(before) == len(after) and (before["text"] == after["text"]).all():
                found.append(_compared(str(test["name"]), before, after, other["report"], test["report"]))
                break
    return found


def _compared(
    name: str, before: pd.DataFrame, after: pd.DataFrame, first: dict[str, Any], second: dict[str, Any]
) -> Common:
    known = sorted({*after["truth"], *before["predicted"], *after["predicted"]})
    number = {label: place for place, label in enumerate(known)}
    truth, old, new = (
        column.map(number).to_numpy() for column in (after["truth"], before["predicted"], after["predicted"])
    )
    changed = flips(truth, old, new)
    return Common(
        name,
        len(after),
        first,
        second,
        paired_difference(truth, old, new),
        paired_difference(truth, old, new, metric="macro_f1"),
        len(changed.better),
        len(changed.worse),
        mcnemar(truth, old, new),
    )


def draw(tests: list[Common]) -> None:
    """A sentence for each test, then all figures."""
    for one in tests:
        st.caption(tables.plain(sentence(one)))
    table = figures(tests)
    st.dataframe(table, hide_index=True, key="results.significance", height="content")
    st.caption(t("results.significance_note"))
    tables.download_table(table, "significance", key="results.significance.download")


def sentence(one: Common) -> str:
    """Whether the difference is more than chance, by McNemar's test at 5 %."""
    if one.rows < MINIMUM_ROWS:
        return t("results.compare_few", test=one.name, rows=tables.thousands(one.rows))
    return t(
        "results.compare_sure" if one.chance < LEVEL else "results.compare_chance",
        test=one.name,
        points=tables.points(one.accuracy.value),
        low=tables.points(one.accuracy.low),
        high=tables.points(one.accuracy.high),
    )


def figures(tests: list[Common]) -> pd.DataFrame:
    """One row a test: both differences in points with intervals, and who changed."""
    return pd.DataFrame(
        {
            t("results.test"): one.name,
            t("results.test_rows"): tables.thousands(one.rows),
            t("results.difference_accuracy"): _points(one.accuracy),
            t("results.difference_macro_f1"): _points(one.macro_f1),
            t("results.only_second"): one.better,
            t("results.only_first"): one.worse,
            t("results.mcnemar"): f"{one.chance:.3f}" if one.chance >= 0.001 else "< 0.001",
        }
        for one in tests
    )


def _points(found: Estimate) -> str:
    value, low, high = (tables.points(number) for number in (found.value, found.low, found.high))
    return t("results.points_interval", value=value, low=low, high=high)
