"""Differential privacy on every page that has to do with it: Train before Start, Overview, Update, Evaluate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.forget.champions import champions_that_learned
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.privacy.spending import everyday, scientific
from dashboard.settings import forget
from tests.core.conftest import reviews, save
from tests.dashboard.conftest import open_tab, wait

OpenPage = Callable[..., AppTest]
PROMISED = {"private": True, "epsilon": 3.0, "privacy_budget": 5.0, "hashed_features": 256}


@pytest.fixture(scope="module")
def trained(make_home: Callable[[str], Path]) -> Path:
    """A model that was solved from noisy sums, and a batch of other rows."""
    folder = make_home("private")
    workspace = open_workspace(folder)
    stored = save(workspace, reviews(300), "First")
    request = TrainRequest(classifier="P", dataset=stored.id, model="hashed", strategy="ridge", settings=PROMISED)
    list(train_classifier(request, workspace))
    save(workspace, reviews(300, seed=1), "Second")
    return folder


@pytest.fixture
def home(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(trained, tmp_path / "home")
    monkeypatch.setenv("EVERGREEN_HOME", str(folder))
    return folder


def told(at: AppTest) -> str:
    """All sentences of a page."""
    return "\n".join(str(each.value) for each in [*at.markdown, *at.caption, *at.error, *at.warning])


def bars(at: AppTest) -> list[str]:
    """The words on budget bars."""
    return [str(each.proto.text) for each in at.get("progress")]


def with_model(at: AppTest, **settings: Any) -> AppTest:
    at.pills(key="train.model").set_value("hashed").run()
    at.toggle(key="train.settings.private").set_value(True).run()
    for name, value in settings.items():
        at.number_input(key=f"train.settings.{name}").set_value(value)
    return at.run()


def test_a_small_number_is_written_as_people_do() -> None:
    assert scientific(5.97e-5) == "6 × 10⁻⁵"
    assert scientific(1.25e-12) == "1.2 × 10⁻¹²"


def test_what_an_epsilon_means_is_told_as_a_factor() -> None:
    assert "about 1.1 times" in everyday(0.1, "row")
    assert "about 20 times" in everyday(3.0, "row")
    assert "about 3,000 times" in everyday(8.0, "group")
    assert "a million times" in everyday(50.0, "row")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_overview_has_the_budget_and_evaluate_the_promise(open_page: OpenPage, home: Path, language: str) -> None:
    at = open_page("overview", language=language)
    assert not at.exception
    assert any("3.00" in line and "2.00" in line for line in bars(at))
    at = open_page("evaluate", language=language)
    open_tab(at, "evaluate", "privacy")
    at.run()
    assert not at.exception
    assert "ε = 3" in str(at.caption[0].value)  # of the page
    assert "3.00" in told(at)
    assert any(len(table.value) == 1 for table in at.dataframe)  # what its one batch spent
    assert len(at.table[0].value) > 5  # what lies outside


def test_train_says_before_start_what_it_would_spend(open_page: OpenPage, home: Path) -> None:
    at = open_page("train")
    assert "differential privacy" in told(at).lower()  # with Auto, a hint
    with_model(at)
    assert at.session_state["train.settings.batch_size"] == 512  # what suits noise
    keys = {each.key for each in at.main if each.key}
    assert not any("memory_size" in str(key) for key in keys)
    wait(lambda: "ε = 3.00" in told(at.run()))
    assert any("3.00 afterwards" in line for line in bars(at))
    assert at.session_state["train.private_way"] == "finetune"
    at.toggle(key="train.settings.private").set_value(False).run()
    assert at.session_state["train.settings.batch_size"] == 32
    assert "train.settings.epsilon" not in {each.key for each in at.slider}
    assert not bars(at)


def test_update_says_what_is_left_and_refuses_before_start(open_page: OpenPage, home: Path) -> None:
    workspace = open_workspace(home)
    batch = next(stored for stored in workspace.datasets.list() if stored.name == "Second")
    at = open_page("update")
    at.session_state["update.chosen"] = {"P": batch.id}
    open_tab(at, "update", "learn")
    at.run()
    assert not at.exception
    wait(lambda: bool(bars(at.run())))
    assert any("3.00 of 5" in line for line in bars(at))  # other rows
    assert "nobody pays twice" in told(at)
    assert "about 20 times" in told(at)
    assert "update.learn.P.1.epsilon" in {each.key for each in at.main if each.key}
    at.session_state["update.learn.P.1.epsilon"] = 20.0
    wait(lambda: bool(at.run().error))
    assert "exceed the privacy budget" in at.error[0].value
    assert at.button(key="update.start").disabled
    ways = at.radio(key="update.family").options
    assert len(ways) < 6  # those that keep rows are not offered


def test_fields_that_do_nothing_as_others_stand_are_not_drawn(open_page: OpenPage, home: Path) -> None:
    def drawn(at: AppTest) -> set[str]:
        return {str(each.key).removeprefix("train.settings.") for each in at.main if each.key}

    at = open_page("train")
    at.pills(key="train.model").set_value("hashed").run()
    assert {"private", "mitigation", "personal_kind", "memory_by_group"} <= drawn(at)
    assert not {"personal_by", "personal_aim", "fairness_groups", "mitigation_strength"} & drawn(at)
    at.session_state["train.settings.personal_kind"] = "threshold"
    at.session_state["train.settings.mitigation"] = "reweight"
    at.run()
    assert {"personal_by", "personal_rows", "fairness_groups", "identity_terms", "mitigation_strength"} <= drawn(at)
    assert "group_column" not in drawn(at)
    at.session_state["train.settings.fairness_groups"] = "column"
    at.run()
    assert "group_column" in drawn(at)
    assert "identity_terms" not in drawn(at)
    with_model(at)
    assert "memory_by_group" not in drawn(at)


def test_rows_of_a_private_model_are_said_to_be_behind_noise(home: Path) -> None:
    workspace = open_workspace(home)
    first = next(stored for stored in workspace.datasets.list() if stored.name == "First")
    learned = list(champions_that_learned({first.id: list(range(300))}, workspace))
    assert [(champion.solved, round(champion.epsilon or 0, 2)) for champion in learned] == [(False, 3.0)]
    assert forget._became(learned[0]) == "private"
