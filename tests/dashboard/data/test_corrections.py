"""The Corrections tab: what waits for the chosen model, changed, taken back and learned; and what waits for others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from core.data.labelling.corrections import Corrections
from tests.dashboard.data.conftest import POST, SHOP

OpenPage = Callable[..., AppTest]


@pytest.fixture
def queue(two_models: Path) -> Corrections:
    return Corrections(two_models)


def open_tab(open_page: OpenPage) -> AppTest:
    page = open_page("data", "corrections", classifier=SHOP)
    assert not page.exception
    return page


def keys(page: AppTest, beginning: str) -> list[str]:
    return [str(button.key) for button in page.button if str(button.key).startswith(beginning)]


def field(page: AppTest) -> Selectbox[str]:
    return next(box for box in page.selectbox if str(box.key).startswith("data.corrections.label."))


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
    field(page).set_value("bad")
    page.button(key="data.corrections.keep").click().run()
    assert not page.exception
    (changed,) = queue.list(SHOP)
    assert (changed.label, changed.predicted, changed.version) == ("bad", "good", 1)
    page.button(key=keys(page, "data.corrections.edit.")[0]).click().run()
    field(page).set_value("good")  # what was answered: nothing to put right
    page.button(key="data.corrections.keep").click().run()
    assert queue.list(SHOP) == []


def test_each_correction_is_changed_by_itself(open_page: OpenPage, queue: Corrections) -> None:
    queue.add(SHOP, "first", "bad", predicted="good", version=1)
    queue.add(SHOP, "second", "good", predicted="bad", version=1)
    page = open_tab(open_page)
    newer, older = keys(page, "data.corrections.edit.")
    page.button(key=newer).click().run()
    field(page).set_value("bad")
    page.button(key=older).click().run()
    assert field(page).value == "bad"
    page.button(key=newer).click().run()
    assert field(page).value == "good"


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


def test_many_are_shown_some_at_a_time(open_page: OpenPage, queue: Corrections) -> None:
    for number in range(25):
        queue.add(SHOP, f"text *{number}*", "brand new", predicted="good", version=1)
    page = open_tab(open_page)
    rows = keys(page, "use.remove.")
    assert len(rows) == 20
    page.button(key=rows[0]).click().run()
    assert "text *24*" not in [one.text for one in queue.list(SHOP)]
    page.button(key="use.show_more").click().run()
    assert len(keys(page, "use.remove.")) == 24
