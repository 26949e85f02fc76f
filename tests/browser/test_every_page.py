"""Every page, with a trained classifier behind it: nothing leaves the machine, all can be read, seen and heard."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from core.data.dataset.samples import sample_path
from dashboard.shell.i18n import translate
from dashboard.shell.navigation import EARLIER, FIRST_PAGE, ICONS
from tests.browser.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Dashboard

NAME = "Shop"
SIZE = {"width": 1280, "height": 900}
MILLISECONDS = 120_000  # two cores, and nobody knows what else they do
PAGES = list(ICONS)
MOST_TABS = 12
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
LOCAL = {"", "data", "blob", "about"}  # addresses that ask nobody

# What a page may load without being asked: everything but links that a reader follows.
LOADED = """() => [...document.querySelectorAll(
    "link[href], script[src], img[src], iframe[src], source[src], video[src], audio[src], object[data], embed[src]")]
  .map((element) => element.src || element.href || element.data || "").filter(Boolean)"""
HEADINGS = """() => [...document.querySelectorAll("[data-testid=stMain] :is(h1, h2, h3, h4, h5, h6)")]
  .filter((heading) => heading.checkVisibility()).map((heading) => Number(heading.tagName[1]))"""
NAMELESS = """() => [...document.querySelectorAll(".js-plotly-plot")]
  .filter((chart) => !chart.closest("[role=figure][aria-label], figure[aria-label], [role=img][aria-label]")).length"""


@pytest.fixture(scope="module")
def trained(dashboard: Dashboard) -> Dashboard:
    """A classifier with two versions, so that no page is empty for want of one."""
    environment = {**os.environ, "EVERGREEN_HOME": str(dashboard.home), "OMP_NUM_THREADS": "1"}
    for part, verb in (("first", ["train", "--model", "ngrams"]), ("batch_2", ["update", "--strategy", "replay"])):
        table = ["--data", str(sample_path("reviews_en", part)), "--text", "text", "--label", "label"]
        asked = [*verb, *table, "--classifier", NAME, "--set", "epochs=1"]
        subprocess.run([sys.executable, "-m", "core", *asked], cwd=ROOT, env=environment, check=True)
    return dashboard


class Watched:
    """A window of its own, and every address that it asks."""

    def __init__(self, browser: Browser, dashboard: Dashboard, scheme: str = "light") -> None:
        self.url = dashboard.url
        self.asked: list[str] = []
        self.context = browser.new_context(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = self.context.new_page()
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.set_default_timeout(MILLISECONDS)

    def opens(self, name: str, **link: str) -> Page:
        """A page of the dashboard, drawn to its end."""
        carried = {"lang": "en", "classifier": NAME, **link}
        path = name
        if name == FIRST_PAGE:  # it has no address of its own, and is about no model in particular
            path = ""
            del carried["classifier"]
        self.page.goto(f"{self.url}/{path}?{urlencode(carried)}")
        self.page.get_by_test_id("stMain").get_by_role("heading", level=1).first.wait_for()
        self.settled()
        return self.page

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        unfinished = self.page.locator("[data-testid=stSkeleton], [data-stale=true]")
        deadline = time.monotonic() + MILLISECONDS / 1000
        while unfinished.count():  # `wait_for_function` would need a page that lets texts run as scripts
            assert time.monotonic() < deadline, "the page is still being drawn"
            self.page.wait_for_timeout(50)
        self.page.wait_for_timeout(500)  # charts are drawn, and colours have faded in

    def whole(self) -> None:
        """Make the window as high as the page, so that all of it is drawn."""
        parts = "[data-testid=stMain], [data-testid=stSidebarContent]"
        height = self.page.evaluate(
            f"Math.max(...[...document.querySelectorAll('{parts}')].map((one) => one.scrollHeight))"
        )
        self.page.set_viewport_size(
            {"width": SIZE["width"], "height": min(6000, max(SIZE["height"], int(height) + 20))}
        )
        self.page.wait_for_timeout(300)

    def elsewhere(self) -> list[str]:
        """Addresses of other machines that were asked, or that the page would load."""
        own = urlsplit(self.url).netloc
        every = {*self.asked, *self.page.evaluate(LOADED)}
        return sorted(
            url for url in every if urlsplit(url).scheme not in LOCAL and urlsplit(url).netloc not in ("", own)
        )


@dataclass
class Visit:
    """What was met on one page.

    Parameters
    ----------
    elsewhere
        Addresses of other machines that were asked up to here, or that the page would load.
    pale
        Texts that cannot be read, of so many that were looked at.
    levels
        Of the headings, from above.
    nameless
        Charts without words.
    told
        What a screen reader has.
    """

    elsewhere: list[str]
    pale: list[str]
    looked_at: int
    levels: list[int]
    nameless: int
    told: str


@pytest.fixture(scope="module")
def tours(browser: Browser, trained: Dashboard) -> Callable[[str], tuple[Watched, dict[str, Visit]]]:
    """All pages, seen once in each theme."""

    @cache
    def tour(scheme: str) -> tuple[Watched, dict[str, Visit]]:
        watched, visits = Watched(browser, trained, scheme), {}
        for name in PAGES:
            page = watched.opens(name)
            told = page.locator("body").aria_snapshot()
            levels, nameless = page.evaluate(HEADINGS), page.evaluate(NAMELESS)
            pale: list[str] = []
            looked_at = 0
            for tab in range(-1, MOST_TABS):
                if tab >= page.get_by_role("tab").count():  # asked again: a tab may hold tabs of its own
                    break
                if tab >= 0:
                    page.get_by_role("tab").nth(tab).click()
                    watched.settled()
                watched.whole()
                measured: dict[str, Any] = page.evaluate(CONTRAST)
                pale += [
                    "{text}: {ratio} of {needed} ({ink} on {background})".format(**one) for one in measured["found"]
                ]
                looked_at += measured["seen"]
            visits[name] = Visit(watched.elsewhere(), pale, looked_at, levels, nameless, told)
        return watched, visits

    return tour


@pytest.fixture
def window(browser: Browser, trained: Dashboard) -> Iterator[Watched]:
    watched = Watched(browser, trained)
    yield watched
    watched.context.close()


Tours = Callable[[str], tuple[Watched, dict[str, Visit]]]


def test_no_page_shows_its_style(tours: Tours) -> None:
    assert [name for name, visit in tours("light")[1].items() if "data-testid" in visit.told] == []


def test_no_page_asks_another_machine(tours: Tours) -> None:
    watched, visits = tours("light")
    assert {name: visit.elsewhere for name, visit in visits.items() if visit.elsewhere} == {}
    icons = watched.page.evaluate("[...document.querySelectorAll('link[rel~=icon]')].map((one) => one.href)")
    assert len(icons) == 1
    assert icons[0].startswith("data:image/svg+xml")
    assert any(address.startswith("ws://localhost") for address in watched.asked)  # sockets are watched, too


def test_the_page_of_the_api_asks_no_other_machine(window: Watched) -> None:
    window.page.goto(f"{window.url}/api/v1/docs")
    window.page.get_by_text("Evergreen").first.wait_for()
    window.page.wait_for_load_state("networkidle")
    assert window.elsewhere() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(tours: Tours, scheme: str) -> None:
    visits = tours(scheme)[1]
    assert {name: visit.pale for name, visit in visits.items() if visit.pale} == {}
    assert min(visit.looked_at for visit in visits.values()) > 30  # it did look


def test_headings_follow_each_other_and_charts_have_words(tours: Tours) -> None:
    for name, visit in tours("light")[1].items():
        assert visit.levels[:1] == [1], name
        assert all(after - before <= 1 for before, after in pairwise(visit.levels)), (name, visit.levels)
        assert visit.nameless == 0, name


def test_no_icon_is_read_aloud(tours: Tours) -> None:
    icons = {name: re.findall(r"\w+ icon\b", visit.told) for name, visit in tours("light")[1].items()}
    assert {name: found for name, found in icons.items() if found} == {}


def test_the_open_page_and_the_focus_look_different(window: Watched) -> None:
    page = window.opens("evaluate")
    sidebar = page.get_by_test_id("stSidebar")
    marked = sidebar.locator("[aria-current=page]")
    marked.filter(has_text=translate("en", "shell.page_evaluate")).wait_for()
    assert marked.count() == 1
    other = sidebar.get_by_role("link", name=translate("en", "shell.page_settings"))
    looks = "(link) => { const style = getComputedStyle(link); return [style.backgroundColor, style.outlineStyle]; }"
    current, resting = marked.evaluate(looks), other.evaluate(looks)
    for _ in range(40):
        page.keyboard.press("Tab")
        if other.evaluate("(link) => link === document.activeElement"):
            break
    focused = other.evaluate(looks)
    assert (current[1], resting[1], focused[1]) == ("none", "none", "solid")
    assert focused[0] == resting[0] != current[0]
    other.press("Enter")
    page.get_by_role("heading", name=translate("en", "shell.page_settings"), level=1).wait_for()
    marked.filter(has_text=translate("en", "shell.page_settings")).wait_for()
    assert marked.count() == 1


@pytest.mark.parametrize("name", EARLIER)
def test_a_bookmark_of_the_first_edition_opens_where_its_page_stands_now(window: Watched, name: str) -> None:
    page, place = window.opens(name), EARLIER[name]
    address = urlsplit(page.url)
    assert address.path == f"/{place.page}"
    link = dict(parse_qsl(address.query))
    assert link["classifier"] == NAME
    if place.tab:
        chosen = page.get_by_role("tab", selected=True).first
        assert chosen.inner_text() == translate("en", f"{place.page}.tab_{place.tab}")


def test_the_root_with_a_model_opens_its_overview(window: Watched) -> None:
    window.page.goto(f"{window.url}/?classifier={NAME}")
    window.page.get_by_role("heading", name=NAME, level=1).wait_for()
    window.settled()
    assert urlsplit(window.page.url).path == "/overview"


def test_a_change_of_language_is_no_step_and_leaves_the_way_forward(window: Watched) -> None:
    page = window.opens("data")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name=translate("en", "shell.page_evaluate")).click()
    page.wait_for_url("**/evaluate*")
    window.settled()
    page.go_back()
    page.wait_for_url("**/data*")
    window.settled()
    steps = page.evaluate("history.length")
    sidebar.get_by_text("中文", exact=True).click()
    sidebar.get_by_role("link", name=translate("zh", "shell.page_evaluate")).wait_for()
    window.settled()
    page.get_by_role("button", name="收起侧栏", exact=True).wait_for()  # Streamlit's own name of it is English
    assert page.evaluate("history.length") == steps
    page.go_forward()
    page.wait_for_url("**/evaluate*")
    sidebar.get_by_role("link", name=translate("zh", "shell.page_evaluate")).wait_for()  # the language stays, too


def test_the_drawer_stays_as_it_was_left_while_it_looks_again(window: Watched) -> None:
    page = window.opens("data")
    head = page.get_by_test_id("stSidebar").get_by_text(translate("en", "activity.title"), exact=True)
    head.click()
    inside = page.get_by_test_id("stSidebar").get_by_text(translate("en", "activity.nothing"))
    inside.wait_for()
    page.wait_for_timeout(9_000)  # it looks again by itself
    assert inside.is_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name=translate("en", "shell.page_use")).click()
    page.get_by_role("heading", name=translate("en", "use.title"), level=1).wait_for()
    window.settled()
    assert inside.is_visible()
    head.click()
    page.wait_for_timeout(9_000)
    assert not inside.is_visible()


def test_buttons_that_show_an_icon_have_a_name(window: Watched) -> None:
    page = window.opens("data")
    name = translate("en", "data.delete_help", {"name": sample_path("reviews_en", "first").name})
    button = page.get_by_role("button", name=name)
    button.wait_for()
    hidden = button.get_by_test_id("stMarkdownContainer").bounding_box()
    assert hidden is not None
    assert hidden["width"] <= 1
    assert button.get_by_test_id("stIconMaterial").is_visible()
