"""The whole life of a classifier in a real browser, once in each language, with the words of that language's catalogue."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.data.dataset.samples import sample_path
from core.jobs import Job, JobQueue
from core.registry import Registry

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Dashboard

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120.0  # two cores, and nobody knows what else they do


class Visitor:
    """Finds things the way a reader does: by what is written on them, in the chosen language."""

    def __init__(self, page: Page, language: str) -> None:
        self.page = page
        self.language = language
        page.set_default_timeout(SECONDS * 1000)

    def words(self, key: str, **facts: Any) -> str:
        area, _, name = key.partition(".")
        catalogue = tomllib.loads((ROOT / f"dashboard/shell/i18n/{self.language}/{area}.toml").read_text("utf-8"))
        return str(catalogue[name]).format(**facts)

    def button(self, key: str, **facts: Any) -> Locator:
        label = self.words(key, **facts)
        return self.page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(label)}$")).first

    def click(self, key: str, **facts: Any) -> None:
        self.button(key, **facts).click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        self.page.get_by_test_id("stMain").get_by_text(text).first.wait_for()

    def goes_to(self, name: str, tab: str = "") -> None:
        self.page.get_by_test_id("stSidebar").get_by_text(self.words(f"shell.page_{name}"), exact=True).click()
        self.page.wait_for_url(re.compile(rf"/{name}(\?|$)"))
        if tab:
            self.opens(f"{name}.tab_{tab}")

    def opens(self, tab: str) -> None:
        """Click on a tab of the row."""
        self.page.get_by_role("tab", name=re.compile(rf"(^|\s){re.escape(self.words(tab))}(\s|$)")).first.click()

    def uploads(self, path: Path) -> None:
        self.page.locator("input[type=file]").first.set_input_files(path)


@pytest.fixture
def visit(open_page: Callable[..., Page]) -> Callable[..., Visitor]:
    def visit_it(path: str, language: str, **window: Any) -> Visitor:
        return Visitor(open_page(f"{path}?lang={language}", **window), language)

    return visit_it


def champion(dashboard: Dashboard, name: str) -> int:
    found = Registry(dashboard.home).champion(name)
    assert found is not None
    return found.number


def until(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.2)


def made_by_update(dashboard: Dashboard, name: str) -> int:
    """Wait until the one update of a classifier has ended well; the version that it made."""
    jobs = JobQueue(dashboard.home)

    def update() -> Job | None:
        return next((job for job in jobs.list() if (job.kind, job.classifier) == ("update", name)), None)

    until(lambda: (job := update()) is not None and job.ended, "the update has ended")
    job = update()
    assert job is not None
    assert job.state == "finished", (job, jobs.log_tail(job.id))
    assert job.result is not None
    return int(job.result["version"])


def test_from_upload_to_roll_back(visit: Callable[..., Visitor], dashboard: Dashboard) -> None:
    """With a mouse; without one, in both languages: `tests/browser/test_accessibility.py`."""
    from playwright.sync_api import expect

    language, name, text = "en", "Journey", "I returned it, it broke after two days"

    expect.set_options(timeout=SECONDS * 1000)
    me = visit("/", language)
    page = me.page

    # Home: a table is dropped, and trained on.
    me.uploads(sample_path(f"reviews_{language}", "first"))
    page.get_by_label(me.words("train.name"), exact=True).fill(name)
    me.click("home.train_own")
    page.wait_for_url(re.compile(r"/use(\?|$)"))  # where the columns were chosen was a field of the same name

    # Use: the box is live as soon as the first model answers; the others can be stopped.
    _types(me, text)
    page.get_by_text(me.words("first.climbing"), exact=True).wait_for()
    _stops(me, dashboard, name)
    first = champion(dashboard, name)

    me.goes_to("evaluate", "confusions")
    cells = page.locator(".st-key-evaluate-confusion .scatterlayer path.point")
    cells.first.wait_for(state="attached")
    labels = json.loads((Registry(dashboard.home).folder(name, first) / "labels.json").read_text("utf-8"))
    for cell in (0, 1):  # one of them is not the cell that is open at first
        cells.nth(cell).scroll_into_view_if_needed()
        _click_middle(page, cells.nth(cell))
        for side, label in (("row", labels[0]), ("column", labels[cell])):
            expect(page.locator(f".st-key-evaluate-confusion-{side} input")).to_have_value(label)

    me.goes_to("update", "batch")
    me.uploads(sample_path(f"reviews_{language}", "batch_2"))
    page.locator(".st-key-update-use button").click()
    me.click("update.learn_it")
    me.click("update.start")
    second = made_by_update(dashboard, name)
    assert second > first
    me.opens("update.tab_decide")
    me.button("update.keep", version=first).wait_for()
    assert champion(dashboard, name) == first
    _promote(me, second)
    me.sees(me.words("models.promoted", version=second))
    assert champion(dashboard, name) == second
    me.goes_to("update", "history")
    me.click("models.roll_back", version=first)
    me.click("models.roll_back_yes")
    until(lambda: champion(dashboard, name) == first, "the first version serves again")


def _types(me: Visitor, text: str) -> None:
    """Type a text and read the answer."""
    box = me.page.get_by_label(me.words("use.box"), exact=True).last
    box.press_sequentially(text)
    me.sees(re.compile(r"\d+(\.\d+)? (ms|毫秒)"))


def _stops(me: Visitor, dashboard: Dashboard, name: str) -> None:
    """Stop what learns, in the drawer, and wait until it has ended."""
    jobs = JobQueue(dashboard.home)
    called = me.words("shell.action_of", action=me.words("run.stop"), name=name)
    stop = me.page.get_by_test_id("stSidebar").get_by_role("button", name=called)
    if not stop.is_visible():
        me.page.locator(".st-key-activity summary").click()
    stop.click()
    until(lambda: all(job.ended for job in jobs.list()), "the training has stopped", 3 * SECONDS)


def _promote(me: Visitor, version: int) -> None:
    """With the gate or, giving a reason, against it."""
    anyway = me.button("update.promote_anyway", version=version)
    me.page.locator(".st-key-update-buttons").wait_for()
    if anyway.count():
        anyway.click()
        me.page.get_by_label(me.words("update.reason"), exact=True).fill("browser test")
        me.page.keyboard.press("Tab")
    me.click("update.promote", version=version)


def _click_middle(page: Page, cell: Locator) -> None:
    box = cell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_auto_climbs_in_half_a_minute(visit: Callable[..., Visitor], dashboard: Dashboard) -> None:
    me = visit("/data", "en")
    page = me.page
    me.uploads(sample_path("reviews_en", "first"))
    me.click("data.save")
    me.click("data.train")
    page.get_by_label(me.words("train.name"), exact=True).fill("Climber")
    page.keyboard.press("Enter")
    page.locator(".st-key-train-tiles label").filter(has_text=me.words("train.tile_fast")).click()
    me.click("train.start")
    page.locator('[class*="st-key-run-"]').get_by_text("Climber", exact=True).first.wait_for()
    # An encoder that is there is unpacked before it can be weighed, which nobody has done in this workspace.
    me.button("train.see_results").wait_for(timeout=3 * SECONDS * 1000)
    assert champion(dashboard, "Climber") == 1
    first = page.locator(".st-key-rung-0")
    first.get_by_text(
        re.compile(f"{me.words('names.rung_linear')}.*{me.words('evaluate.version_name', number=1)}")
    ).wait_for()
    first.get_by_text(re.compile(r"\d answers a second")).wait_for()


def test_a_training_survives_a_reload_and_a_killed_server(visit: Callable[..., Visitor], dashboard: Dashboard) -> None:
    me = visit("/data", "en")
    page = me.page
    me.uploads(sample_path("reviews_en", "first"))
    me.click("data.save")
    me.click("data.train")
    page.get_by_label(me.words("train.name"), exact=True).fill("Survivor")
    page.keyboard.press("Enter")
    page.get_by_text(me.words("train.customise"), exact=True).click()
    page.get_by_text(me.words("names.model_bilstm"), exact=True).click()
    me.click("train.start")
    stop = page.get_by_test_id("stSidebar").get_by_role("button", name=f"{me.words('run.stop')}: Survivor")
    stop.wait_for()

    page.reload()
    stop.wait_for()

    dashboard.kill()
    dashboard.start()
    page.goto(f"{dashboard.url}/train?lang=en")
    me.button("train.see_results").wait_for()
    assert champion(dashboard, "Survivor") == 1
