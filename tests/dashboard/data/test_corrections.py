"""The Corrections tab: what waits for the chosen model, changed, taken back and learned; and what waits for others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.labelling.corrections import Corrections
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace

OpenPage = Callable[..., AppTest]
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
SHOP, POST = "Shop *reviews*", "Post"


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A workspace with two small models."""
    workspace = open_workspace(make_home("made"))
    rows = [
        (f"{word} thing number {row}", label)
        for row in range(30)
        for word, label in (("great", "good"), ("awful", "bad"))
    ]
    roles = ColumnRoles("text", "label")
    data = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)[0]
    stored = workspace.datasets.save(data, name="toy", roles=roles)
    for name in (SHOP, POST):
        request = TrainRequest(classifier=name, dataset=stored.id, model="ngrams", settings=SETTINGS)
        list(train_classifier(request, workspace))
    return workspace.home


@pytest.fixture
def queue(made: Path, evergreen_home: Path) -> Corrections:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return Corrections(evergreen_home)


def open_tab(open_page: OpenPage) -> AppTest:
    page = open_page("data", "corrections", classifier=SHOP)
    assert not page.exception
    return page


def keys(page: AppTest, beginning: str) -> list[str]:
    return [str(button.key) for button in page.button if str(button.key).startswith(beginning)]


def test_without_a_model_it_says_what_will_be_here(open_page: OpenPage) -> None:
    page = open_page("data", "corrections")
    assert not page.exception
    assert keys(page, "empty.") == ["empty.home"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_corrections_it_leads_to_the_place_where_they_are_made(
    open_page: OpenPage, queue: Corrections, language: str
) -> None:
    page = open_page("data", "corrections", language=language)
    assert not page.exception
    assert keys(page, "empty.") == ["empty.use"]


def test_a_correction_is_changed_and_taken_back(open_page: OpenPage, queue: Corrections) -> None:
    queue.add(SHOP, "quite great", "middling", predicted="good", version=1)
    page = open_tab(open_page)
    assert any("A new label: middling" in caption.value for caption in page.caption)
    assert page.header[0].value == "1 correction waits for the next update"
    page.button(key=keys(page, "data.corrections.edit.")[0]).click().run()
    page.selectbox(key="data.corrections.label").set_value("bad")
    page.button(key="data.corrections.keep").click().run()
    assert not page.exception
    (changed,) = queue.list(SHOP)
    assert (changed.label, changed.predicted, changed.version) == ("bad", "good", 1)
    page.button(key=keys(page, "data.corrections.edit.")[0]).click().run()
    page.selectbox(key="data.corrections.label").set_value("good")  # what was answered: nothing to put right
    page.button(key="data.corrections.keep").click().run()
    assert queue.list(SHOP) == []


def test_enough_of_them_are_the_next_batch(open_page: OpenPage, queue: Corrections) -> None:
    for number in range(10):
        queue.add(SHOP, f"quite great {number}", "bad", predicted="good", version=1)
    page = open_tab(open_page)
    page.button(key="use.use").click().run()
    assert not page.exception
    assert page.title[0].value == "Update"
    assert page.button_group(key="update.origin").value == "corrections"


def test_those_of_other_models_are_counted_and_one_click_away(open_page: OpenPage, queue: Corrections) -> None:
    for text in ("one", "two"):
        queue.add(POST, text, "bad", predicted="good", version=1)
    page = open_tab(open_page)
    other = page.button(key=f"data.corrections.of.{POST}")
    assert other.label == "Post: 2 corrections"
    other.click().run()
    assert not page.exception
    assert page.header[0].value == "2 corrections wait for the next update"
