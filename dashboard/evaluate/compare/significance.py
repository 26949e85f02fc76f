"""Are two versions really different? On the frozen tests that both answered: McNemar's test and paired intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.statistics.intervals import MINIMUM_ROWS, Estimate
from core.statistics.paired import mcnemar
from core.tasks.text_classification.pairs import flips, paired_difference
from dashboard.evaluate.page import read_predictions
from dashboard.parts import tables
from dashboard.parts.versions import same_tests
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.standings import SameTests

LEVEL = 0.05


@dataclass(frozen=True)
class Common:
    """One frozen test that both versions answered, row for row.

    Parameters
    ----------
    accuracy, macro_f1
        The differences, second minus first, on the same rows.
    better, worse
        The numbers of rows that only the second, and only the first has right; ``chance`` is McNemar's p-value of their split.
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
    """All frozen tests of two versions of one classifier, or those that two classifiers share."""
    same = of_pair(first, second)
    return _shared(first, second) if same is None else _of_one_classifier(first, second, same)


def of_pair(first: VersionInfo, second: VersionInfo) -> SameTests | None:
    """Two versions of one classifier on the tests of the one that has more of them; None where that can't be had."""
    if first.classifier != second.classifier:
        return None
    more, fewer = (first, second) if _tests(first) > _tests(second) else (second, first)
    same = same_tests.of_two(more, fewer)
    return same if same is not None and fewer.number in same.answers else None


def _tests(version: VersionInfo) -> int:
    return len(state.report(version)["tests"])


def _of_one_classifier(first: VersionInfo, second: VersionInfo, same: SameTests) -> list[Common]:
    common = []
    for number, name, _ in same.tests:
        before, after = (same.report(version.number, number) for version in (first, second))
        truth, old, new = same.answered(first.number, second.number, number)
        if before is not None and after is not None and len(truth):
            common.append(_figures(name, (truth, old, new), before.to_dict(), after.to_dict()))
    return common


def _shared(first: VersionInfo, second: VersionInfo) -> list[Common]:
    common = []
    reports = state.report(first), state.report(second)
    for test in reports[1]["tests"]:
        for other in reports[0]["tests"]:
            tables_of = [
                read_predictions(state.files_of(version), (number["experience"],))
                for version, number in ((first, other), (second, test))
            ]
            before, after = tables_of
            if len(before) == len(after) and (before["text"] == after["text"]).all():
                common.append(_compared(str(test["name"]), before, after, other["report"], test["report"]))
                break
    return common


def _compared(
    name: str, before: pd.DataFrame, after: pd.DataFrame, first: dict[str, Any], second: dict[str, Any]
) -> Common:
    known = sorted({*after["truth"], *before["predicted"], *after["predicted"]})
    number = {label: index for index, label in enumerate(known)}
    truth, old, new = (
        column.map(number).to_numpy() for column in (after["truth"], before["predicted"], after["predicted"])
    )
    return _figures(name, (truth, old, new), first, second)


def _figures(
    name: str, answers: tuple[np.ndarray, np.ndarray, np.ndarray], first: dict[str, Any], second: dict[str, Any]
) -> Common:
    truth, old, new = answers
    changed = flips(truth, old, new)
    return Common(
        name,
        len(truth),
        first,
        second,
        paired_difference(truth, old, new),
        paired_difference(truth, old, new, metric="macro_f1"),
        len(changed.better),
        len(changed.worse),
        mcnemar(old == truth, new == truth),
    )


def draw(tests: list[Common]) -> None:
    """A sentence for each test, then all figures."""
    for test in tests:
        st.caption(tables.plain(sentence(test)))
    table = figures(tests)
    st.dataframe(table, hide_index=True, key="evaluate.significance", height="content")
    st.caption(t("evaluate.significance_note"))
    tables.download_table(table, "significance", key="evaluate.significance.download")


def sentence(test: Common) -> str:
    """Whether the difference is more than chance, by McNemar's test at 5 %."""
    if test.rows < MINIMUM_ROWS:
        return t("evaluate.compare_few", test=test.name, rows=tables.thousands(test.rows))
    return t(
        "evaluate.compare_sure" if test.chance < LEVEL else "evaluate.compare_chance",
        test=test.name,
        points=tables.points(test.accuracy.value),
        low=tables.points(test.accuracy.low),
        high=tables.points(test.accuracy.high),
    )


def figures(tests: list[Common]) -> pd.DataFrame:
    """One row a test: both differences in points with intervals, and who changed."""
    return pd.DataFrame(
        {
            t("evaluate.test"): test.name,
            t("evaluate.test_rows"): tables.thousands(test.rows),
            t("evaluate.difference_accuracy"): _points(test.accuracy),
            t("evaluate.difference_macro_f1"): _points(test.macro_f1),
            t("evaluate.only_second"): test.better,
            t("evaluate.only_first"): test.worse,
            t("evaluate.mcnemar"): f"{test.chance:.3f}" if test.chance >= 0.001 else "< 0.001",
        }
        for test in tests
    )


def _points(estimate: Estimate) -> str:
    return tables.change(estimate.value, estimate.low, estimate.high)
