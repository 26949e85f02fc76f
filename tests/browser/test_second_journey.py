"""What a person believes of the figures: answers put right, learned with a batch, compared on the same rows, rolled back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.labelling.corrections import Corrections
from core.jobs import JobQueue
from core.workflows.requests import TrainRequest
from core.workflows.standings import known_to, today
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.browser.test_journey import Visitor, champion, until, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Dashboard

__all__ = ["visit"]  # a fixture
ROLES = ColumnRoles("text", "label")
SMALL = {"epochs": 10, "embedding_size": 8, "buckets": 1024, "learning_rate": 0.05, "batch_size": 16}
# The labels of the batch are told apart by words that version 1 has never seen.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {"old": ("good", "bad"), "new": ("splendid", "dreadful"), "labels": ("pleased", "cross")},
    "zh": {"old": ("好", "差"), "new": ("棒", "烂"), "labels": ("满意", "不满")},
}
TEXT = {"en": "{} thing, number {}", "zh": "东西很{}，编号 {}"}
NEVER_WRITTEN = (r"-0\.0", r"\b1 rows\b", r"\b0 s\b", r"(?<!\d)0 秒", r"\d to [+−]\d", r"…\s*[+−]\d")


def rows(language: str, part: str, count: int) -> pd.DataFrame:
    words = WORDS[language]
    made = [
        (TEXT[language].format(word, number), label)
        for number in range(count)
        for word, label in zip(words[part], words["labels"], strict=True)
    ]
    return pd.DataFrame(made, columns=["text", "label"])


def save(workspace: Workspace, table: pd.DataFrame, name: str) -> str:
    dataset, _ = build_dataset(table, ROLES, batch=True)
    return workspace.datasets.save(dataset, name=name, roles=ROLES).id


def put_right(me: Visitor, text: str, label: str) -> None:
    """Type a text and say what the answer should have been."""
    page = me.page
    box = page.get_by_label(me.words("use.box"), exact=True).last
    box.fill(text)
    should_be = page.get_by_role("combobox", name=re.compile(re.escape(me.words("use.should_be"))))
    should_be.click()
    should_be.fill(label)
    page.keyboard.press("Enter")
    me.button("use.undo").wait_for()


def heights(page: Page) -> list[float]:
    """What the chart of versions draws, oldest first."""
    page.locator(".st-key-overview-timeline .scatterlayer").first.wait_for(state="attached")
    drawn = page.evaluate(
        "() => [...document.querySelectorAll('.st-key-overview-timeline .scatterlayer text')].map(one => one.textContent)"
    )
    return [float(one) for one in drawn if re.fullmatch(r"\d\.\d{3}", one)]


@pytest.mark.parametrize(("language", "name"), [("en", "Second"), ("zh", "第二")])
def test_from_a_wrong_answer_to_a_rollback(
    visit: Callable[..., Visitor], dashboard: Dashboard, language: str, name: str
) -> None:
    workspace = open_workspace(dashboard.home)
    first = save(workspace, rows(language, "old", 60), f"{name} 1")
    list(train_classifier(TrainRequest(classifier=name, dataset=first, model="ngrams", settings=SMALL), workspace))
    batch = save(workspace, rows(language, "new", 80), f"{name} 2")

    me = visit("/predict", language)  # an address of the first edition
    page = me.page
    page.goto(f"{dashboard.url}/predict?lang={language}&classifier={name}")
    for number, word in enumerate(WORDS[language]["new"]):
        answers = WORDS[language]["labels"]
        text = TEXT[language].format(word, 900 + number)
        right = answers[number]
        put_right(me, text, right if _answered(workspace, name, text) != right else answers[1 - number])
    queue = Corrections(dashboard.home)
    until(lambda: len(queue.list(name)) == 2, "two corrections wait")

    me.goes_to("data", "corrections")
    me.click("use.join")  # and not "learn from them": two are too few to be learned alone
    page.get_by_text(re.compile(me.words("update.source_saved"))).first.click()
    me.sees(me.words("update.with_corrections", count=2))
    page.get_by_role("combobox", name=re.compile(me.words("update.saved"))).wait_for()
    assert workspace.datasets.info(batch).rows == 160
    me.click("update.use", count=160)
    me.click("update.learn_it")
    me.button("update.start").click()

    # The end is told on another page, with the way to the decision.
    jobs = JobQueue(workspace.home)
    until(lambda: any(job.classifier == name for job in jobs.list()), "the update is asked for")
    me.goes_to("use")
    drawer = page.locator(".st-key-activity")
    news = drawer.get_by_role("button", name=re.compile(re.escape(me.words("activity.open")))).first
    until(lambda: all(job.ended for job in jobs.list()), "the update has ended")
    page.wait_for_timeout(8_000)
    if not news.is_visible():
        drawer.locator("summary").click()
    news.click()
    me.button("update.keep", version=1).wait_for()
    assert champion(dashboard, name) == 1
    _promote(me)
    me.sees(me.words("models.promoted", version=2))
    until(lambda: queue.list(name) == [], "what was learned waits no longer")

    page.get_by_test_id("stSidebar").get_by_text(me.words("shell.page_overview"), exact=True).click()
    me.sees(re.compile("v2"))
    same = today(known_to(workspace.registry, name), workspace.home)
    assert same is not None
    old, new = heights(page)
    assert new > old + 0.1
    me.sees(re.compile(str(same.rows)))

    me.goes_to("update", "history")
    me.click("models.roll_back", version=1)
    me.click("models.roll_back_yes")
    until(lambda: champion(dashboard, name) == 1, "version 1 serves again")
    page.get_by_test_id("stSidebar").get_by_text(me.words("shell.page_overview"), exact=True).click()
    me.sees(me.words("overview.remembers_other", version=2, champion=1))
    assert heights(page) == [old, new]
    written = page.locator("body").inner_text()
    assert [pattern for pattern in NEVER_WRITTEN if re.search(pattern, written)] == []


def _answered(workspace: Workspace, name: str, text: str) -> str:
    from core.networks.standalone.predict import Classifier

    return Classifier(workspace.registry.folder(name, 1)).predict([text])[0]


def _promote(me: Visitor) -> None:
    """With the gate or, giving a reason, against it."""
    anyway = me.button("update.promote_anyway", version=2)
    me.page.locator(".st-key-update-buttons").wait_for()
    if anyway.count():
        anyway.click()
        me.page.get_by_label(me.words("update.reason"), exact=True).fill("browser test")
        me.page.keyboard.press("Tab")
    me.click("update.promote", version=2)
