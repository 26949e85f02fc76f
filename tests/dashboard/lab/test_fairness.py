"""The Lab's Fairness tab: what is told of a comparison, and what cannot be begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.config import home
from core.jobs import JobQueue
from core.registry.records import MitigationStore
from tests.dashboard.lab.test_page import store, words

OpenPage = Callable[..., AppTest]


def estimate(value: float, width: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - width, "high": value + width}


def record(change: float = -0.1) -> dict[str, Any]:
    """Two ways; the second changes the gap by so much."""
    scores = {"macro_f1": 0.86, "accuracy": 0.9, "fpr_gap": 0.24, "tpr_gap": 0.02}
    changes = {"macro_f1": -0.003, "accuracy": 0.0, "fpr_gap": change, "tpr_gap": 0.0}
    rates = [{"group": "a*b", "fpr": 0.4, "tpr": 0.9}, {"group": "–", "fpr": None, "tpr": 0.9}]
    plain = {
        "mitigation": "none",
        "seconds": 1.0,
        "scores": {name: estimate(value) for name, value in scores.items()},
        "differences": None,
        "rates": rates,
        "by_seed": [],
    }
    other = {
        **plain,
        "mitigation": "reweight",
        "scores": {name: estimate(value + changes[name]) for name, value in scores.items()},
        "differences": {name: estimate(value, 0.01) for name, value in changes.items()},
    }
    groups = [{"name": name, "rows": 100, "positive": 40, "fpr_gap": True, "tpr_gap": True} for name in ("a*b", "–")]
    return {
        "id": "20260101-000000-abcdef",
        "name": "Tweets",
        "created": "2026-01-01T00:00:00+00:00",
        "model": "linear",
        "dataset": "Tweets",
        "request": {"seeds": 3},
        "positive": "toxic",
        "rows": {"train": 800, "validation": 100, "test": 200},
        "groups": groups,
        "results": [plain, other],
        "findings": [],
    }


def told(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption, *at.error])


@pytest.mark.parametrize(
    ("change", "language", "sentence"),
    [
        (-0.1, "en", "**Reweighting** makes the false positive gap smaller by 10.0 points"),
        (-0.005, "en", "No way makes the false positive gap smaller beyond chance."),
        (-0.1, "zh", "**重新加权**使误报差距缩小 10.0 个百分点"),
    ],
)
def test_a_comparison_is_told_in_a_sentence_and_two_tables(
    open_page: OpenPage, change: float, language: str, sentence: str
) -> None:
    MitigationStore(home()).save(record(change))
    at = open_page("lab", "fairness", language=language)
    assert not at.exception
    assert sentence in told(at)
    ways, groups = (at.dataframe[number].value for number in (0, 1))
    assert len(ways) == len(groups) == 2
    assert "0.860" in ways.iloc[0, 1]
    assert groups.iloc[0, 0] == "a*b"


def test_a_run_is_begun_with_what_was_chosen(open_page: OpenPage) -> None:
    dataset = store("Tweets", words("good", "bad"))
    at = open_page("lab", "fairness")
    at.selectbox(key=f"lab.fairness.positive.{dataset}").set_value("up").run()
    at.button(key="lab.fairness.start").click().run()
    assert not at.exception
    (job,) = JobQueue(home()).list()
    assert (job.kind, job.config["dataset"], job.config["positive"]) == ("mitigate", dataset, "up")
    JobQueue(home()).stop(job.id)


def test_a_list_that_cannot_be_read_is_told_before_anything_begins(open_page: OpenPage) -> None:
    store("Tweets", words("good", "bad"))
    at = open_page("lab", "fairness")
    at.text_input(key="lab.fairness.identity_terms").set_value("she, he").run()
    assert "cannot be read" in told(at)
    assert not [button for button in at.button if button.key == "lab.fairness.start"]
