"""The whole life of a model without a mouse, once in each language; at every station axe-core judges what a screen reader gets.

What the keyboard reaches must show that it does, and what a key has changed must not leave the reader nowhere.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.data.dataset.samples import sample_path
from core.jobs import JobQueue
from tests.browser.conftest import ROOT
from tests.browser.test_journey import SECONDS, Visitor, champion, made_by_update, until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Dashboard

HOW_TO_GET_AXE = (
    "no axe-core for the walk without a mouse. `make test` fetches it where npm is (Debian, Ubuntu: apt install npm); "
    "or name one in AXE=/path/to/axe.min.js"
)
GRAVE = ("serious", "critical")
MOST_STOPS = 150  # of the Tab key, until something is reached; no page has more
# Inside Streamlit, and not to be mended from here: rule → selectors of what it is about.
NOT_OURS: dict[str, tuple[str, ...]] = {}
JUDGE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap((found) =>
  found.nodes.map((node) => ({ rule: found.id, impact: node.impact, where: node.target.join(" "), html: node.html })))"""
HAS_FOCUS = "(one) => one.contains(one.getRootNode().activeElement)"
FOCUSED = """() => { const one = document.activeElement;
  return one && one !== document.body ? `${one.tagName} ${one.getAttribute("aria-label") ?? one.innerText ?? ""}` : ""; }"""
# Everything about a control and what lies around and in it that may tell that it has the focus.
LOOKS = """(one) => { const around = [one]; for (let up = 1; up < 5 && around.at(-1).parentElement; up++)
    around.push(around.at(-1).parentElement);
  return [...around, ...one.querySelectorAll("*")].slice(0, 40).flatMap((part) => ["", "::before", "::after"].map((pseudo) => {
    const style = getComputedStyle(part, pseudo || undefined);
    return ["outline", "boxShadow", "borderColor", "backgroundColor", "textDecorationLine"].map((name) => style[name]).join("|");
  })); }"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core: ``AXE`` when set, else what ``make test`` has fetched."""
    path = Path(os.environ.get("AXE") or ROOT / ".venv" / "axe" / "axe.min.js")
    if not path.is_file():
        pytest.skip(HOW_TO_GET_AXE)
    return path.read_text("utf-8")


class Walker(Visitor):
    """A visitor with a keyboard alone, who has every station judged and remembers what was wrong."""

    def __init__(self, page: Page, language: str, axe: str) -> None:
        super().__init__(page, language)
        self.axe = axe
        self.wrong: list[str] = []

    def reaches(self, control: Locator) -> None:
        """Tab on until the control has the focus, and look whether that can be seen."""
        control.wait_for()
        self.settles()
        if not control.evaluate(HAS_FOCUS):
            resting = control.evaluate(LOOKS)
            met = []
            for _ in range(MOST_STOPS):
                self.page.keyboard.press("Tab")
                if control.evaluate(HAS_FOCUS):
                    break
                met.append(self.page.evaluate(FOCUSED))
            else:
                raise AssertionError(f"the Tab key does not reach {control}; it met {met[-40:]}")
            deadline = time.monotonic() + 2
            while control.evaluate(LOOKS) == resting:
                if time.monotonic() > deadline:
                    self.wrong.append(f"focus cannot be seen on {control}")
                    break
                self.page.wait_for_timeout(20)

    def presses(self, control: Locator, key: str = "Enter") -> None:
        self.reaches(control)
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(150)
        self.settles()
        self.keeps_focus(f"{key} on {control}")

    def click(self, key: str, **facts: Any) -> None:
        """Without a mouse."""
        self.presses(self.button(key, **facts))

    def goes_to(self, name: str, tab: str = "") -> None:
        """With the links of the sidebar, and the arrow keys within the row of tabs."""
        link = self.page.get_by_test_id("stSidebar").get_by_role("link", name=self.words(f"shell.page_{name}"))
        self.reaches(link.first)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile(rf"/{name}(\?|$)"))
        self.settles()
        if tab:
            self.opens(f"{name}.tab_{tab}")

    def opens(self, tab: str) -> None:
        """The selected tab is reached with Tab, the others with the arrows."""
        row = self.page.get_by_role("tablist").first
        wanted = row.get_by_role("tab", name=re.compile(rf"(^|\s){re.escape(self.words(tab))}(\s|$)"))
        for _ in range(3):  # the end of a run, told meanwhile, draws the row anew: whoever looks tries again
            self.reaches(row)
            for _ in range(row.get_by_role("tab").count()):
                if wanted.evaluate(HAS_FOCUS):
                    break
                self.page.keyboard.press("ArrowRight")
            self.page.keyboard.press("Enter")
            self.settles()
            if wanted.get_attribute("aria-selected") == "true":
                break
        assert wanted.get_attribute("aria-selected") == "true", tab
        self.keeps_focus(f"opening {tab}")

    def uploads(self, path: Path) -> None:
        """The button is reached; the window that it opens belongs to the system."""
        self.reaches(self.page.get_by_test_id("stFileUploader").first.locator("button").first)
        super().uploads(path)
        self.page.wait_for_timeout(500)
        self.settles()

    def keeps_focus(self, after: str) -> None:
        """What had the focus may be gone; then something sensible has it instead."""
        deadline = time.monotonic() + 15  # on a busy machine the page is still being drawn
        while not self.page.evaluate(FOCUSED):
            if time.monotonic() > deadline:
                self.wrong.append(f"the focus is lost after {after}")
                return
            self.page.wait_for_timeout(50)

    def settles(self) -> None:
        """Drawn to its end."""
        deadline = time.monotonic() + SECONDS
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        while self.page.locator("[data-testid=stSkeleton], [data-testid=stMain] [data-stale=true]").count():
            assert time.monotonic() < deadline, "the page is still being drawn"
            self.page.wait_for_timeout(50)

    def judged(self, station: str) -> None:
        """Have axe-core look at what is on the screen, and note what is grave."""
        self.settles()
        self.page.wait_for_timeout(300)  # colours have faded in
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(self.axe)
        for found in self.page.evaluate(JUDGE):
            excused = any(selector in found["where"] for selector in NOT_OURS.get(found["rule"], ()))
            if found["impact"] in GRAVE and not excused:
                self.wrong.append(
                    f"{station}: {found['rule']} ({found['impact']}) {found['where']} {found['html'][:160]}"
                )


@pytest.mark.parametrize(
    ("language", "name", "text", "dark"),
    [
        ("en", "Keys", "I returned it, it broke after two days", False),
        ("zh", "键盘", "用了两天就坏了，已经退货", True),
    ],
)
def test_from_upload_to_roll_back_without_a_mouse(
    axe: str, open_page: Callable[..., Page], dashboard: Dashboard, language: str, name: str, text: str, dark: bool
) -> None:
    page = open_page(f"/?lang={language}", dark=dark)
    me = Walker(page, language, axe)
    jobs = JobQueue(dashboard.home)

    page.get_by_role("heading", level=1).first.wait_for()
    me.judged("Home")
    me.uploads(sample_path(f"reviews_{language}", "first"))
    field = page.get_by_label(me.words("train.name"), exact=True)
    me.reaches(field)
    me.judged("Home with a table")
    page.keyboard.press("Control+a")
    page.keyboard.type(name)
    me.click("home.train_own")
    page.wait_for_url(re.compile(r"/use(\?|$)"))

    box = page.get_by_label(me.words("use.box"), exact=True).last
    me.reaches(box)
    page.keyboard.type(text)
    me.sees(re.compile(r"\d+(\.\d+)? (ms|毫秒)"))
    me.judged("Use, Try")
    me.goes_to("train")
    me.judged("Train, at work")
    _stops(me, jobs, name)
    first = champion(dashboard, name)
    me.judged("Activity")
    me.presses(page.get_by_test_id("stMain").locator("summary").filter(has_text=me.words("train.customise")))
    me.judged("Train")

    me.goes_to("evaluate", "summary")
    me.judged("Evaluate, Summary")
    for tab in ("confusions", "errors"):
        me.opens(f"evaluate.tab_{tab}")
        me.judged(f"Evaluate, {tab}")

    me.goes_to("update", "batch")
    me.judged("Update, Batch")
    me.uploads(sample_path(f"reviews_{language}", "batch_2"))
    me.presses(page.locator(".st-key-update-use button"))
    me.judged("Update, Changes")
    me.click("update.learn_it")
    me.judged("Update, Learn")
    me.click("update.start")
    second = made_by_update(dashboard, name)
    page.wait_for_timeout(5000)  # the drawer has told it, and the page is drawn anew
    assert second > first
    me.opens("update.tab_decide")
    me.button("update.keep", version=first).wait_for()
    me.judged("Update, Decide")
    _promotes(me, second)
    until(lambda: champion(dashboard, name) == second, "the second version serves")
    me.opens("update.tab_history")
    me.judged("Update, History")
    me.click("models.roll_back", version=first)
    me.judged("Update, asked whether to roll back")
    me.click("models.roll_back_yes")
    until(lambda: champion(dashboard, name) == first, "the first version serves again")

    for station in ("overview", "settings"):
        me.goes_to(station)
        me.judged(station)
    assert not me.wrong, "\n".join(me.wrong)


def _stops(me: Walker, jobs: JobQueue, name: str) -> None:
    """In the drawer, which opens by itself when something begins; on a slow machine the training may have ended meanwhile."""
    sidebar = me.page.get_by_test_id("stSidebar")
    stop = sidebar.get_by_role("button", name=f"{me.words('run.stop')}: {name}")
    if stop.is_visible():
        me.reaches(stop)
        me.page.keyboard.press("Enter")
    until(lambda: all(job.ended for job in jobs.list()), "the training has stopped", 3 * SECONDS)


def _promotes(me: Walker, version: int) -> None:
    """With the gate or, giving a reason, against it."""
    anyway = me.button("update.promote_anyway", version=version)
    me.page.locator(".st-key-update-buttons").wait_for()
    if anyway.count():
        me.presses(anyway)
        me.reaches(me.page.get_by_label(me.words("update.reason"), exact=True))
        me.page.keyboard.type("browser test")
        me.page.keyboard.press("Tab")
    me.click("update.promote", version=version)
