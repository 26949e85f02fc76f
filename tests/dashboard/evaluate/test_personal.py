"""The Groups tab: what was decided of each group and why, the law, and words for columns that are no groups."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.statistics.intervals import Estimate
from dashboard.shell.i18n import translate


def group(name: str, *, kept: bool, score: str = "accuracy") -> dict[str, Any]:
    figures = {
        side: Estimate(value, value - 0.05, value + 0.05).to_dict()
        for side, value in (("shared", 0.8), ("personal", 0.9), ("difference", 0.1), ("accuracy", -0.01))
    }
    why = message("personal.kept", "It gains beyond chance on rows that its settings were not fitted on.")
    return {
        "name": name,
        "key": name,
        "rows": 60,
        "score": score,
        "p_value": 0.01,
        "kept": kept,
        "why": why.to_dict(),
        **figures,
    }


def stored(*groups: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "column": "shop",
        "kind": "threshold",
        "aim": "accuracy",
        "label": None,
        "rows": 200,
        "missing": 3,
        "few": {"groups": 4, "rows": 20},
        "least": 50,
        "groups": list(groups),
        **others,
    }


def script(report, language):  # type: ignore[no-untyped-def]  # runs by itself, without the imports above
    from pathlib import Path
    from types import SimpleNamespace
    from unittest.mock import patch

    import streamlit as st

    from core.statistics.intervals import Estimate
    from core.workflows.versions.personal import GroupOnTests
    from dashboard.evaluate import personal
    from dashboard.shell import state

    st.query_params["lang"] = language
    figures = [Estimate(value, value - 0.02, value + 0.02) for value in (0.8, 0.9, 0.1)]
    shown = SimpleNamespace(report={"personal": report}, version=None, tests=(1,))
    with (
        patch.object(state, "files_of", lambda version: Path()),
        patch.object(personal, "_tested", lambda files, tests: [GroupOnTests("North", 40, *figures)]),
    ):
        personal.draw(shown)  # type: ignore[arg-type]


def drawn(report: dict[str, Any], language: str = "en") -> AppTest:
    page = AppTest.from_function(script, args=(report, language), default_timeout=60).run()
    assert not page.exception
    return page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_says_who_answers_each_group_and_warns_of_the_law(language: str) -> None:
    page = drawn(stored(group("North", kept=True), group("South", kept=False)), language)
    decided, tested = (frame.value for frame in page.dataframe)
    assert decided.iloc[:, 0].tolist() == ["North", "South"]
    own, shared = (translate(language, f"grouped.{name}") for name in ("own", "shared"))
    assert decided.iloc[:, 1].tolist() == [own, shared]
    assert tested.iloc[0].tolist()[:2] == ["North", 40]
    assert "+10.0" in tested.iloc[0].iloc[-1]
    assert len(page.warning) == 1
    assert len(page.caption) >= 2


def test_false_positives_are_shown_with_what_they_cost() -> None:
    groups = [group("North", kept=False, score="false_positive_rate")]
    page = drawn(stored(*groups, aim="equal_false_positives", label="ugly"))
    (decided,) = (frame.value for frame in page.dataframe)
    assert translate("en", "grouped.column_negatives") in decided.columns
    assert "−1.0" in decided[translate("en", "grouped.column_accuracy")].iloc[0]
    assert "ugly" in page.caption[0].value
    assert not page.warning


def test_a_column_of_names_is_told_in_a_sentence() -> None:
    note = message("personal.none_large", "No group of '{column}' has {least} rows.", column="shop", least=50)
    page = drawn(stored(note=note.to_dict()))
    assert "No group of" in page.info[0].value
    assert not page.dataframe
