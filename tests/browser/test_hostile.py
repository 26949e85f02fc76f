"""Every page over a workspace of hostile names, labels, texts, columns and files: all of it stays text, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dashboard.shell.i18n import translate
from tests.browser import hostile
from tests.browser.test_every_page import MOST_TABS, PAGES, Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.conftest import Dashboard

SCAN = Path(__file__).with_name("hostile.js").read_text("utf-8")
# Whatever the policy of the pages keeps from loading or running was asked for by something. Streamlit only asks whether
# WebAssembly is there, and does without.
WATCH = """window.qqblocked = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  if (blockedURI !== "wasm-eval") window.qqblocked.push(`${violatedDirective} ${blockedURI}`);
});"""
SHOW_NAMES = {"home", "overview", "data", "train", "evaluate", "update", "use", "lab", "settings"}


@dataclass
class Look:
    """What a page shows: what was taken for more than text, which of the words stand there, whether a script ran, and what the
    policy had to keep out.
    """

    found: list[str]
    seen: set[str]
    ran: bool
    blocked: list[str]

    def __add__(self, other: Look) -> Look:
        return Look(
            self.found + other.found, self.seen | other.seen, self.ran or other.ran, self.blocked + other.blocked
        )


def look(page: Page) -> Look:
    said: dict[str, Any] = page.evaluate(SCAN, [hostile.SIGNS, hostile.EMOJI])
    return Look(said["found"], set(said["seen"]), said["ran"], page.evaluate("window.qqblocked ?? []"))


@pytest.fixture(scope="module")
def session(dashboard: Dashboard) -> str:
    return hostile.fill(dashboard.home)


@pytest.fixture
def window(browser: Browser, dashboard: Dashboard, session: str) -> Iterator[Watched]:
    watched = Watched(browser, dashboard)
    watched.context.add_init_script(WATCH)
    yield watched
    watched.context.close()


@pytest.fixture(scope="module")
def tours(browser: Browser, dashboard: Dashboard, session: str) -> Callable[[str], tuple[Watched, dict[str, Look]]]:
    """All pages in one language; in English with every tab and fold open."""

    @cache
    def tour(language: str) -> tuple[Watched, dict[str, Look]]:
        watched = Watched(browser, dashboard)
        watched.context.add_init_script(WATCH)
        watched.page.set_viewport_size({"width": 1280, "height": 4000})  # all of a page is drawn
        links: list[tuple[str, dict[str, str]]] = [(name, {}) for name in PAGES]
        links += [("lab", {"comparison": hostile.COMPARISON}), ("data", {"tab": "labelling", "labelling": session})]
        looks: dict[str, Look] = {}
        for name, further in links:
            page = watched.opens(name, lang=language, classifier=hostile.NAME, **further)
            seen = look(page)
            if name == "train":  # texts of the dataset are shown where a model is chosen by hand
                page.get_by_text(translate(language, "train.customise"), exact=True).click()
                model = page.get_by_test_id("stExpander").get_by_text(
                    translate(language, "names.model_ngrams"), exact=True
                )
                model.click()
                page.get_by_text(translate(language, "train.preview"), exact=True).wait_for()
                watched.settled()
                seen += look(page)
            if language == "en":
                seen = opened(watched, seen)
            looks[name] = looks.get(name, Look([], set(), False, [])) + seen
        return watched, looks

    return tour


def opened(watched: Watched, seen: Look) -> Look:
    """The same with what lies behind tabs and folds."""
    page = watched.page
    for fold in page.locator("[data-testid=stMain] [data-testid=stExpander] summary").all():
        if fold.is_visible() and not fold.evaluate(
            "(one) => one.closest('[inert]') !== null || one.parentElement.open"
        ):
            fold.click(timeout=10_000)
    watched.settled()
    seen += look(page)
    for tab in range(MOST_TABS):
        if tab >= page.get_by_role("tab").count():  # asked again: a tab may hold tabs of its own
            break
        page.get_by_role("tab").nth(tab).click()
        watched.settled()
        seen += look(page)
    return seen


Tours = Callable[[str], tuple[Watched, dict[str, Look]]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_taken_for_more_than_text(tours: Tours, language: str) -> None:
    looks = tours(language)[1]
    assert {name: sorted(set(seen.found)) for name, seen in looks.items() if seen.found} == {}
    assert {name for name, seen in looks.items() if "qqbold" in seen.seen} >= SHOW_NAMES  # it did look


def test_every_kind_of_sign_stood_somewhere(tours: Tours) -> None:
    looks = tours("en")[1].values()
    assert set().union(*(seen.seen for seen in looks)) == set(hostile.SIGNS)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_request_leaves_and_no_script_runs(tours: Tours, language: str) -> None:
    watched, looks = tours(language)
    assert watched.elsewhere() == []
    assert [name for name, seen in looks.items() if seen.ran] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_policy_of_the_pages_had_nothing_to_keep_out(tours: Tours, language: str) -> None:
    """Neither something hostile that came so far, nor anything that a page needs."""
    looks = tours(language)[1]
    assert {name: sorted(set(seen.blocked)) for name, seen in looks.items() if seen.blocked} == {}


@pytest.mark.parametrize("name", hostile.uploads())
def test_files_that_are_dropped_on_the_page(window: Watched, name: str) -> None:
    page = window.opens("data", classifier=hostile.NAME)
    content = {"name": name, "mimeType": "application/octet-stream", "buffer": hostile.uploads()[name]}
    page.locator("input[type=file]").first.set_input_files(files=[content])  # type: ignore[list-item]
    page.get_by_text("qqbold").locator("visible=true").first.wait_for()
    window.settled()
    if name == hostile.FILE:
        page.locator("canvas td").first.wait_for(state="attached")  # the cells come after the page
    seen = look(page)
    assert (seen.found, seen.ran, seen.blocked, window.elsewhere()) == ([], False, [], [])
    assert "qqbold" in seen.seen


@pytest.mark.parametrize("button", ["data.look", "data.delete_help"])
def test_dialogs(window: Watched, button: str) -> None:
    page = window.opens("data", classifier=hostile.NAME)
    one(page, f".st-key-{button.replace('.', '-').replace('_help', '')}").click()
    page.get_by_role("dialog").wait_for()
    window.settled()
    seen = look(page)
    assert (seen.found, seen.ran, seen.blocked, window.elsewhere()) == ([], False, [], [])


def one(page: Page, start: str) -> Locator:
    """The first button whose key begins so."""
    return page.locator(f"[class*='{start.removeprefix('.')}'] button").first


def test_options_of_a_list(window: Watched) -> None:
    page = window.opens("train", classifier=hostile.NAME)
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option").first.wait_for()
    seen = look(page)
    assert (seen.found, seen.ran, window.elsewhere()) == ([], False, [])


def test_a_text_that_is_typed_and_its_answer(window: Watched) -> None:
    page = window.opens("use", classifier=hostile.NAME)
    page.get_by_label(translate("en", "use.box"), exact=True).last.fill(hostile.TEXT.format("good", "typed"))
    page.get_by_role("combobox").nth(1).wait_for()
    window.settled()
    seen = look(page)
    assert (seen.found, seen.ran, seen.blocked, window.elsewhere()) == ([], False, [], [])


def test_the_look_finds_what_it_looks_for(window: Watched) -> None:
    page = window.opens("data", classifier=hostile.NAME)
    planted = {
        "<b>qqbold</b>": "qqbold in <B>",
        "<a href='http://evil.example/x'>x</a>": "A href=http://evil.example/x",
        "<span>💀</span>": "emoji",
        "<span class='katex'>x</span>": "formula: x",
        "<i>skull</i>": "skull in <I>",
    }
    for html, said in planted.items():
        page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', `<div id=planted>${html}</div>`)", html)
        assert [part for part in look(page).found if part.startswith(said)], html
        page.evaluate("document.getElementById('planted').remove()")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=http://evil.example/p onerror=qqran=1>')")
    page.wait_for_timeout(200)
    assert any("img-src" in part for part in look(page).blocked)
