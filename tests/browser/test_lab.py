"""The Lab page in a real browser: a small comparison from the click to its result, by link, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from dashboard.shell.i18n import translate

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MILLISECONDS = 180_000  # two cores, and nobody knows what else they do


def button(page: Page, key: str, language: str = "en") -> Locator:
    label = re.escape(translate(language, key))
    return page.get_by_role("button", name=re.compile(rf"(^|\s){label}$")).locator("visible=true").first


def quiet(page: Page) -> Page:
    """Wait until the page is drawn: a robot clicks faster than anybody, and hits what has just moved."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page


def slide_to_the_left(page: Page, label: str) -> None:
    slider = quiet(page).get_by_role("slider", name=label)
    slider.focus()
    slider.press("Home")


def test_a_comparison_opens_by_itself_and_by_its_link(open_page: Callable[..., Page]) -> None:
    page = open_page("/lab?lang=en")
    page.set_default_timeout(MILLISECONDS)
    button(page, "lab.new").click()
    button(page, "lab.use_sample_en").click()
    page.get_by_text(translate("en", "lab.experiences_count", {"count": 3}), exact=True).wait_for()
    quiet(page).get_by_role("button", name=translate("en", "names.strategy_joint"), exact=True).click()
    slide_to_the_left(page, "Seeds")
    quiet(page).get_by_test_id("stMain").get_by_text(translate("en", "lab.settings"), exact=True).click()
    slide_to_the_left(page, "Epochs")
    page.get_by_text("2 runs", exact=True).wait_for()
    button(page, "lab.start").click()

    page.get_by_text(translate("en", "lab.best"), exact=True).wait_for()
    page.wait_for_url(re.compile(r"comparison=\d+-\d+-\w+"))
    page.locator(".js-plotly-plot").nth(3).wait_for()  # lines, cost, and a matrix for each of two

    # the sidebar leads back to the start, in the address too; the browser's own button opens the result again
    page.get_by_test_id("stSidebar").get_by_text(translate("en", "shell.page_lab"), exact=True).click()
    page.get_by_text(translate("en", "lab.saved"), exact=True).wait_for()
    assert "comparison" not in page.url
    page.go_back()
    page.get_by_text(translate("en", "lab.best"), exact=True).wait_for()
    page.wait_for_url(re.compile("comparison="))

    identity = page.url.partition("comparison=")[2]
    phone = open_page(f"/lab?lang=zh&comparison={identity}", width=390, dark=True)
    phone.set_default_timeout(MILLISECONDS)
    phone.get_by_text(translate("zh", "lab.how"), exact=True).wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
