"""Pages of a model without labels, here a language model: what only labels can answer is said in a sentence or left out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from dashboard.data.labelling import starting
from dashboard.parts.versions.report_download import written
from dashboard.shell import state
from tests.core.conftest import reviews, save
from tests.language_models import TASK, TINY

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def trained_once(make_home: Callable[[str], Path]) -> Path:
    opened = open_workspace(make_home("without_labels"))
    stored = save(opened, TASK.as_read(reviews(320)))
    request = TrainRequest(classifier="Shop", dataset=stored.id, task=TASK.name, model="causal", settings=TINY)
    list(train_classifier(request, opened))
    return opened.home


@pytest.fixture
def workspace(trained_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(trained_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_offer_nothing_that_needs_labels(open_page: OpenPage, workspace: Workspace, language: str) -> None:
    offered: dict[str, set[str | None]] = {}
    for name, tab in (("evaluate", ""), ("use", "speed"), ("use", "home"), ("data", "labelling"), ("overview", "")):
        page = open_page(name, tab, language=language, classifier="Shop")
        assert not page.exception, page.exception
        assert not page.error, [box.value for box in page.error]
        offered[name + tab] = {element.key for kind in ("button", "download_button") for element in page.get(kind)}
        if tab == "speed":
            named = "Speed" if language == "en" else "速度"
            assert named not in [shown.label for shown in page.tabs]  # absent, since no speed of it can be measured
    assert not offered["evaluate"] & {"evaluate.folds.start", "evaluate.curve.start"}
    assert {"use.report", "use.card"} <= offered["usehome"]
    assert {"evaluate.report", "evaluate.card"} <= offered["evaluate"]
    assert "benchmark.go" not in offered["usespeed"]
    version = workspace.registry.version("Shop", 1)
    named = "Perplexity" if language == "en" else "困惑度"
    assert all(named in written(version, language, html=html).decode("utf-8") for html in (True, False))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_evaluate_has_its_tabs_and_shows_the_texts_it_writes_worst(
    open_page: OpenPage, workspace: Workspace, language: str
) -> None:
    page = open_page("evaluate", "farthest", language=language)
    assert not page.exception
    assert len(page.tabs) == 3  # the third says why nothing is compared by groups
    cards = [str(part.proto.body) for part in page.get("html") if "error-head'>" in str(part.proto.body)]
    shown = [float(card.split("<b>")[1].split("</b>")[0].replace(",", "")) for card in cards]
    assert len(shown) == 10
    assert shown == sorted(shown, reverse=True)  # of perplexity, less is better


def test_labels_are_not_doubted_by_a_model_without_labels(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "chosen_classifier", lambda: "Shop")
    assert starting.champion_of_choice() is None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.usefixtures("workspace")
def test_the_models_page_speaks_of_what_a_language_model_is_measured_by(open_page: OpenPage, language: str) -> None:
    page = open_page("overview", language=language, classifier="Shop")
    named = "Perplexity" if language == "en" else "困惑度"
    tests = next(table.value for table in page.dataframe if len(table.value.columns) == 3)
    assert list(tests.columns)[2] == named
    assert all("–" in figure for figure in tests[named])  # with its interval, of the version and of the baseline
    told = "\n".join(str(part.value) for part in [*page.markdown, *page.caption])
    for words in ("abel", "ccuracy", "标签", "准确率"):
        assert words not in told


@pytest.mark.usefixtures("workspace")
def test_the_proof_of_a_file_without_probabilities_speaks_of_outputs(open_page: OpenPage) -> None:
    page = open_page("use", "home", classifier="Shop")
    told = next(str(part.value) for part in page.markdown if "PyTorch" in str(part.value))
    assert "of any output" in told
    assert "probability" not in told
