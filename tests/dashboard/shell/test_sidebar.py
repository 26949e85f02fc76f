"""The sidebar tells of the chosen model in one line, and its drawer stays as the reader left it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.registry import Registry
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.versions import health
from tests.dashboard.overview.test_versions import NAME, SETTINGS, home, made

__all__ = ["home", "made"]

OpenPage = Callable[..., AppTest]


def line(page: AppTest) -> str:
    """What stands below the picker."""
    return str(page.sidebar.caption[0].value)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Version 1 · {dot} to decide"), ("zh", "版本 1 · {dot} 待决定")]
)
def test_a_candidate_that_waits_shows_in_the_model_s_line(open_page: OpenPage, language: str, words: str) -> None:
    page = open_page("data", language=language)
    assert line(page).endswith(words.format(dot=":orange[:material/error:]"))
    assert line(page).startswith(health.ICONS["text_classification"])


def test_the_line_follows_what_was_decided(home: Path, open_page: OpenPage) -> None:
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    page.button(key="models.promote").click().run()
    assert "Version 2 · " in line(page)
    assert "to decide" not in line(page)


def test_damaged_files_are_the_first_thing_it_says(home: Path, open_page: OpenPage) -> None:
    (Registry(home).folder(NAME, 1) / "model.onnx").unlink()
    assert line(open_page("data")).endswith(":red[:material/dangerous:] damaged")


def test_without_a_version_that_serves_it_says_so(
    home: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.shell.state.champion", lambda classifier: None)
    assert line(open_page("use")).endswith("no version serves")


@pytest.mark.usefixtures("home")
def test_the_root_with_a_model_in_its_link_opens_its_overview(open_page: OpenPage) -> None:
    assert open_page(classifier=NAME).title[0].value.replace("\\", "") == NAME
    assert open_page().title[0].value == "Home"


@pytest.mark.parametrize(
    ("language", "other", "words"),
    [
        ("en", "Plain", "is not here any more; it was deleted in another window. Shown instead is “Plain”"),
        ("zh", "", "已不存在：它在另一个窗口中被删除了。目前没有其他模型"),
    ],
)
def test_a_model_that_was_deleted_in_another_window_is_told_of(
    home: Path, open_page: OpenPage, language: str, other: str, words: str
) -> None:
    if other:
        train(home, other)
    page = open_page("data", language=language, classifier=NAME)
    assert not page.main.warning
    Registry(home).delete(NAME)
    page.run()
    assert words in page.main.warning[0].value
    page.run()
    assert words in page.main.warning[0].value


def train(home: Path, name: str) -> None:
    workspace = open_workspace(home)
    dataset = workspace.datasets.list()[-1].id
    list(train_classifier(TrainRequest(classifier=name, dataset=dataset, model="ngrams", settings=SETTINGS), workspace))


def test_where_a_dataset_is_asked_for_that_of_the_chosen_model_comes_first(home: Path, open_page: OpenPage) -> None:
    workspace = open_workspace(home)
    stored = {dataset.name: dataset.id for dataset in workspace.datasets.list()}
    request = TrainRequest(classifier="Plain", dataset=stored["toy <2>"], model="ngrams", settings=SETTINGS)
    list(train_classifier(request, workspace))
    page = open_page("data", tab="quality", classifier=NAME)
    page.sidebar.selectbox(key="classifier").set_value("Plain").run()
    assert page.selectbox(key="quality.dataset").value == stored["toy <2>"]
    page.sidebar.selectbox(key="classifier").set_value(NAME).run()
    assert page.selectbox(key="quality.dataset").value == stored["toy <1>"]
