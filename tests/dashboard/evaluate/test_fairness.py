"""The Fairness tab: the form, a measurement as it is stored, and the switch that watches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.jobs import JobQueue
from core.registry.records import FairnessStore
from core.workflows.report.document import ReportLanguage
from core.workflows.workspace import open_workspace
from dashboard.shell.i18n import catalogue, t_message

RATE = {"value": 0.5, "low": 0.4, "high": 0.6}
CHOICE = {"by": "words", "positive": "up", "column": "", "terms": ""}


def group(name: str, rows: int, **changed: Any) -> dict[str, Any]:
    rates = dict.fromkeys(("selection", "tpr", "fpr", "accuracy"), RATE if rows >= 30 else None)
    return {
        "name": name,
        "rows": rows,
        "positives": rows // 2,
        "negatives": rows // 2,
        **rates,
        "calibration": None,
    } | {
        "worse": {},
        **changed,
    }


def record(made: str, **changed: Any) -> dict[str, Any]:
    gap = {"value": 0.2, "low": 0.1, "high": 0.3, "p_value": 0.01, "highest": "gender/wo*men", "lowest": "gender/men"}
    word = {"first": "she", "second": "he", "texts": 9, "gap": RATE}
    pair = {"axis": "gender", "first": "women", "second": "men", "source": "texts", "texts": 40}
    return {
        "id": "20260101-000000-abcdef",
        "classifier": "Things",
        "version": 2,
        "version_made": made,
        "created": made,
        "choice": CHOICE,
        "dataset": None,
        "rows": 100,
        "groups": [
            group("gender/wo*men", 50, worse={"fpr": 0.01}),
            group("gender/men", 50),
            group("age/old", 3),
        ],
        "rest": group("", 40),
        "gaps": {"selection": gap, "fpr": gap},
        "worst": "gender/men",
        "counterfactual": [{**pair, "gap": RATE, "flips": RATE, "words": [word]}],
        **changed,
    }


def opened(open_page: Callable[..., AppTest], language: str = "en") -> AppTest:
    at = open_page("evaluate", "fairness", language=language, classifier="Things", version="2")
    assert not at.exception
    return at


@pytest.fixture
def store(two_versions: Path, monkeypatch: pytest.MonkeyPatch) -> FairnessStore:
    monkeypatch.setenv("EVERGREEN_HOME", str(two_versions))
    return FairnessStore(two_versions)


def texts(at: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (at.markdown, at.caption, at.error) for element in kind)


def test_the_form_starts_a_job_with_what_was_chosen_and_tells_a_line_that_cannot_be_read(
    open_page: Callable[..., AppTest], two_versions: Path, store: FairnessStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(JobQueue, "submit", lambda self, kind, **given: asked.append({"kind": kind, **given}))
    at = opened(open_page)
    at.text_area[0].set_value("gender women she").run()
    at.button("evaluate.fairness.start").click().run()
    assert "gender women she" in texts(at)
    assert asked == []
    at.text_area[0].set_value("gender/women: she").run()
    at.button("evaluate.fairness.start").click().run()
    assert asked[0]["kind"] == "fairness"
    assert {"classifier": "Things", "version": 2, "positive": "up", "by": "words"}.items() <= asked[0]["config"].items()
    assert asked[0]["config"]["terms"] == "gender/women: she"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_measurement_is_shown_with_gaps_groups_and_words(
    open_page: Callable[..., AppTest], two_versions: Path, store: FairnessStore, language: str
) -> None:
    made = open_workspace(two_versions).registry.version("Things", 2).created
    store.save(record(made))
    at = opened(open_page, language)
    assert "0.200" in [metric.value for metric in at.metric]
    assert "10⁻²" in texts(at)
    assert "**gender/wo\\*men**" in texts(at)  # a sign of Markdown in a name is escaped
    assert "she → he" in at.dataframe[-1].value.to_string()


def test_the_switch_watches_these_groups_and_lets_go_of_them(
    open_page: Callable[..., AppTest], two_versions: Path, store: FairnessStore
) -> None:
    made = open_workspace(two_versions).registry.version("Things", 2).created
    store.save(record(made))
    at = opened(open_page)
    at.toggle[0].set_value(True).run()
    assert store.watched("Things") == CHOICE
    at.toggle[0].set_value(False).run()
    assert store.watched("Things") is None


def test_a_measurement_without_gaps_says_why(
    open_page: Callable[..., AppTest], two_versions: Path, store: FairnessStore
) -> None:
    made = open_workspace(two_versions).registry.version("Things", 2).created
    store.save(record(made, gaps={}, worst=None, groups=[group("a", 3)], counterfactual=[]))
    at = opened(open_page)
    assert any("no gap can be told" in info.value for info in at.info)


def test_a_column_is_offered_only_where_the_tested_rows_have_one(
    open_page: Callable[..., AppTest], store: FairnessStore
) -> None:
    at = opened(open_page)
    at.session_state["evaluate.fairness.by"] = "column"
    at.run()
    assert not at.exception
    assert any("no group column" in each.value for each in at.info)
    assert at.button(key="evaluate.fairness.start").disabled


def test_a_mitigation_is_called_by_its_name() -> None:
    told = message("mitigation.grouped", "{grouped} of {rows}: {mitigation}.", grouped=1, rows=2, mitigation="reweight")
    assert t_message(told) == "1 of 2: Reweighting."
    texts = catalogue("zh")
    assert "重新加权" in ReportLanguage("zh", lambda key, english: texts.get(key, english)).say(told)
