"""The attack on the Evaluate page: started from the Privacy tab, shown when it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import JobQueue
from core.registry.records import MembershipStore
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.evaluate.privacy.attack import cards
from tests.core.conftest import reviews, save
from tests.dashboard.conftest import open_tab


@pytest.fixture(scope="module")
def home(make_home: Callable[[str], Path]) -> Path:
    folder = make_home("attack")
    workspace = open_workspace(folder)
    stored = save(workspace, reviews(80), "Shop")
    list(train_classifier(TrainRequest(classifier="T", dataset=stored.id, model="linear"), workspace))
    return folder


def record(made: str, **changed: Any) -> dict[str, Any]:
    score = {"value": 0.8, "low": 0.7, "high": 0.9}
    attack = {"rows": 50, "shadows": 8, "auc": score, "hits": score, "bound": {"value": 1.5, "most": 4.0}}
    attack["curve"] = {"false_alarms": [0.01, 0.5, 1.0], "hits": [0.0, 0.8, 1.0]}
    facts = {"value": 1.5, "most": 4.0, "promised": 3.0}
    verdict = {
        "key": "membership.kept",
        "text": "Nothing speaks against it, {value:.2f} of {promised:.2f}.",
        "facts": facts,
    }
    remark = {"key": "membership.out_of_time", "text": "{shadows} of {asked}", "facts": {"shadows": 8, "asked": 16}}
    own = {"classifier": "T", "version": 1, "version_made": made, "created": made, "seconds": 12.0, "rows": 50}
    figures = {
        "shadows": 8,
        "asked": 16,
        "available": 50,
        "promised": {"epsilon": 3.0, "delta": 1e-4},
        "attack": attack,
    }
    exposure = {"canaries": 30, "inserted": score, "absent": score, "most": 9.0}
    proved = {"epsilon": {"value": 1.5, "most": 4.0}, "canaries": attack, "exposure": exposure}
    return {**own, **figures, **proved, "verdict": verdict, "remarks": [remark], **changed}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_proved_stands_beside_what_was_promised(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    MembershipStore(home).save(record(open_workspace(home).registry.version("T", 1).created))
    at = open_page("evaluate", language=language)
    open_tab(at, "evaluate", "privacy")
    at.run()
    assert not at.exception
    assert any("verified\\_user" in line.value or "verified_user" in line.value for line in at.markdown)
    values = [metric.value for metric in at.metric]
    assert "≥ 1.50" in values
    assert any("3.00" in caption.value for caption in at.caption)
    assert any("16" in caption.value and "8" in caption.value for caption in at.caption)


def test_without_canaries_promise_or_rows_enough_the_cards_say_so() -> None:
    few = cards(record("", promised=None, epsilon=None, attack=None, exposure=None))
    assert [(card.value, card.basis) for card in few] == [("too few rows", "no promise was made")]


def test_the_button_submits_a_job_with_the_settings(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    submitted: list[dict[str, Any]] = []
    monkeypatch.setattr(JobQueue, "submit", lambda queue, kind, **asked: submitted.append({"kind": kind, **asked}))
    at = open_page("evaluate")
    open_tab(at, "evaluate", "privacy")
    at.run()
    at.button(key="evaluate.privacy_attack.start").click().run()
    assert not at.exception
    settings = {"audit_shadows": 16, "audit_minutes": 15, "audit_canaries": 32, "audit_rows": 4000}
    expected = [("membership", {"classifier": "T", "version": 1, **settings})]
    assert [(job["kind"], job["config"]) for job in submitted] == expected
