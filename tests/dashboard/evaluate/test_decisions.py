"""The threshold tab: what is typed into the cost matrix, and what the suggestion does to the slider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.tasks.text_classification.decisions import Costs, judge_threshold, suggest_threshold
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace
from dashboard.evaluate.trust.decisions import read_costs
from dashboard.evaluate.trust.rows import Answers
from tests.dashboard.conftest import open_tab


@pytest.fixture(scope="module")
def home(make_home: Callable[[str], Path]) -> Path:
    """A classifier of two labels, of which a quarter is wrong."""
    folder = make_home("decisions")
    workspace = open_workspace(folder)
    generator = np.random.default_rng(0)
    rows = []
    for number in range(200):
        for word, label, other in (("good", "up", "down"), ("bad", "down", "up")):
            rows.append((f"{word} thing number {number}", other if generator.random() < 0.25 else label))
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    stored = workspace.datasets.save(dataset, name="Things", roles=roles)
    settings = {"epochs": 2, "embedding_size": 8, "buckets": 1024, "validation_share": 0.3, "learning_rate": 0.05}
    list(
        train_classifier(TrainRequest(classifier="T", dataset=stored.id, model="ngrams", settings=settings), workspace)
    )
    return folder


def opened_tab(open_page: Callable[..., AppTest]) -> AppTest:
    at = open_page("evaluate")
    open_tab(at, "evaluate", "trust")
    return at.run()


def test_the_suggestion_is_the_cheapest_on_validation_rows_and_is_judged_on_test_rows(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    at = opened_tab(open_page)
    assert not at.exception
    folder = VersionFolder(open_workspace(home).registry.folder("T", 1))
    kept = folder.validation()
    assert kept is not None
    suggested = suggest_threshold(kept["truth"], kept[["p_0", "p_1"]].to_numpy(), Costs.even(2))
    assert suggested is not None
    assert at.slider(key="evaluate.decide.threshold").value == round(100 * suggested)
    at.slider(key="evaluate.decide.threshold").set_value(60).run()
    test = Answers.of(folder.predictions(1), folder.outputs)
    found = judge_threshold(test.truth, test.stated, 0.6, Costs.even(2))
    assert any(f"**{found.coverage.value:.0%}**" in one.value for one in at.markdown)
    at.button(key="evaluate.decide.take").click().run()
    assert at.slider(key="evaluate.decide.threshold").value == round(100 * suggested)


def test_a_threshold_is_put_to_use_and_taken_away(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    registry = open_workspace(home).registry
    at = opened_tab(open_page)
    at.slider(key="evaluate.decide.threshold").set_value(0).run()
    assert at.button(key="evaluate.decide.use").disabled
    at.slider(key="evaluate.decide.threshold").set_value(60).run()
    at.button(key="evaluate.decide.use").click().run()
    assert not at.exception
    found = registry.threshold("T")
    assert found is not None
    assert (found.value, found.version) == (0.6, 1)
    assert at.button(key="evaluate.decide.use").disabled
    assert any("answered from 60%" in one.value for one in at.caption)
    assert not at.warning
    monkeypatch.setattr("dashboard.shell.state.threshold", lambda name: replace(found, version=7))
    at.run()
    assert any("Version 1 serves now" in one.value for one in at.warning)
    monkeypatch.undo()
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    at.button(key="evaluate.decide.clear").click().run()
    assert registry.threshold("T") is None
    assert any("every text is answered" in one.value for one in at.caption)


def test_a_version_of_old_gets_no_suggestion_and_the_tab_works(
    open_page: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    monkeypatch.setattr("core.workflows.versions.folder.VersionFolder.validation", lambda folder: None)
    at = opened_tab(open_page)
    assert not at.exception
    assert at.slider(key="evaluate.decide.threshold").value == 0
    assert any("no threshold is suggested" in one.value for one in at.caption)


def test_the_cost_matrix_is_read_with_empty_cells_and_without_a_price_for_right_answers() -> None:
    typed = pd.DataFrame({"a": [5.0, 3.0], "b": [None, 7.0]}, index=["a", "b"])
    assert read_costs(typed).tolist() == [[0.0, 0.0], [3.0, 0.0]]
