"""What the compare tab says of two versions on the same rows; the tab itself opens in test_page.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.registry import VersionInfo
from dashboard.evaluate.compare import significance
from dashboard.evaluate.compare.significance import Common, common_tests, figures, sentence
from dashboard.shell.state import Files

# 40 rows: the first is right on 20, the second also on 12 of the others, and no longer on 2
TRUTH = ["a", "b"] * 20
FIRST = [true if row < 20 else "ba"[row % 2] for row, true in enumerate(TRUTH)]
SECOND = [true if 2 <= row < 32 else "ba"[row % 2] for row, true in enumerate(TRUTH)]


def table(answers: list[str], texts: str = "text") -> pd.DataFrame:
    return pd.DataFrame({"text": [f"{texts} {row}" for row in range(40)], "truth": TRUTH, "predicted": answers})


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """Tables of predictions by classifier; each has one version with one test."""
    known: dict[str, pd.DataFrame] = {}
    report: dict[str, Any] = {"tests": [{"experience": 1, "name": "Books", "report": {}}]}
    monkeypatch.setattr(significance.state, "report", lambda version: report)
    monkeypatch.setattr(significance.state, "files_of", lambda version: Files(version.classifier, 0))
    monkeypatch.setattr(significance, "read_predictions", lambda files, tests: known[files.folder])
    return known


def version(classifier: str) -> VersionInfo:
    return VersionInfo(classifier=classifier, number=1, run_id="", parent=None, created="", summary={})


def compared(stored: dict[str, pd.DataFrame]) -> list[Common]:
    return common_tests(version("one"), version("two"))


def test_versions_of_two_classifiers_are_compared_on_the_rows_they_share(stored: dict[str, pd.DataFrame]) -> None:
    stored |= {"one": table(FIRST), "two": table(SECOND)}
    (found,) = compared(stored)
    assert (found.rows, found.better, found.worse) == (40, 12, 2)
    assert found.accuracy.value == pytest.approx(10 / 40)
    # two-sided: 2 · (1 + 14 + 91) / 2¹⁴
    assert found.chance == pytest.approx(2 * 106 / 2**14)
    assert sentence(found).startswith("Books: +25.0 points")
    assert sentence(found).endswith("more than chance.")
    (row,) = figures([found]).to_dict("records")
    assert (row["Right only by the second"], row["Right only by the first"], row["McNemar p"]) == (12, 2, "0.013")
    assert row["Change of macro-F1"].startswith("+25.0 pt (")


def test_the_same_answers_differ_by_chance_at_most(stored: dict[str, pd.DataFrame]) -> None:
    stored |= {"one": table(FIRST), "two": table(FIRST)}
    (found,) = compared(stored)
    assert found.chance == 1.0
    assert "may be chance" in sentence(found)


def test_few_rows_are_not_judged(stored: dict[str, pd.DataFrame]) -> None:
    stored |= {"one": table(FIRST)[10:30], "two": table(SECOND)[10:30]}
    (found,) = compared(stored)
    assert sentence(found) == "Books: 20 rows are too few to judge a difference."


def test_other_rows_are_not_compared(stored: dict[str, pd.DataFrame]) -> None:
    stored |= {"one": table(FIRST), "two": table(SECOND, texts="other")}
    assert compared(stored) == []
    stored["two"] = table(SECOND)[:39]
    assert compared(stored) == []


def test_labels_that_only_one_of_the_two_knows_count_as_wrong(stored: dict[str, pd.DataFrame]) -> None:
    stored |= {"one": table(["c"] * 40), "two": table(TRUTH)}
    (found,) = compared(stored)
    assert (found.better, found.worse, found.accuracy.value) == (40, 0, 1.0)
    assert np.isfinite(found.macro_f1.low)
