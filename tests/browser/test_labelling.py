"""Labelling by keys in a real browser: fast keys lose nothing, a reload goes on, and a text stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.labelling.sessions import Item, LabellingStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Dashboard

NASTY = "<img src=x onerror=\"document.title='broken'\">"


def test_fast_keys_are_all_kept_and_a_reload_goes_on(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    store = LabellingStore(dashboard.home)
    items = [Item(f"{NASTY} text {number}", "bad", "good") for number in range(60)]
    session = store.begin(items, kind="dataset", name="Shop", labels=["bad", "good"], order="doubt")
    page = open_page(f"/label?labelling={session.id}")
    page.get_by_text("text 0", exact=False).wait_for()
    for _ in range(12):
        page.keyboard.press("1")
        page.keyboard.press("2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.get_by_text("25 of 60 looked at, 25 labelled").wait_for()
    page.get_by_text("12 labels differ", exact=False).wait_for()  # the server has them all
    labels = list(store.standing(session.id).answers.values())
    assert labels == ["bad", "good"] * 12 + ["bad"]
    assert page.title() != "broken"
    page.reload()
    page.get_by_text("text 25", exact=False).wait_for()
    page.get_by_role("button", name="good").click()
    page.keyboard.press("1")  # the keys go on working after a click
    page.get_by_text("27 of 60 looked at, 27 labelled").wait_for()
