"""Entities marked in a real browser, by dragging and by keys: places count characters, and a text stays text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.data.labelling.sessions import Item, LabellingStore
from core.workflows.workspace import open_workspace
from dashboard.shell.i18n import translate
from tests.core.workflows.test_entities import trained
from tests.dashboard.evaluate.test_entity_errors import forgetful

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Dashboard

NASTY = "<img src=x onerror=\"document.title='broken'\">"
FAMILY = "👨‍👩‍👧"
TEXT = f"😀 Cafe\u0301 {FAMILY} Tim Cook of Apple {NASTY}"
CHINESE = "昨天小明在北京见到了王芳。"
# Where a stretch of the text begins and ends on screen; names of types are no part of it.
EDGES = """(element, wanted) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let whole = "";
  while (walker.nextNode()) {
    if (walker.currentNode.parentElement.tagName === "SMALL") continue;
    nodes.push([walker.currentNode, whole.length]);
    whole += walker.currentNode.data;
  }
  const at = whole.indexOf(wanted);
  const range = document.createRange();
  const put = (place, set) => {
    const [node, start] = nodes.findLast(([, begin]) => begin <= place);
    range[set](node, place - start + (set === "setEnd" ? 1 : 0));
  };
  put(at, "setStart");
  put(at + wanted.length - 1, "setEnd");
  const rects = [...range.getClientRects()];
  return [rects[0].left + 1, rects.at(-1).right - 1, (rects[0].top + rects[0].bottom) / 2];
}"""


def drag(page: Page, wanted: str) -> None:
    left, right, middle = shown(page).evaluate(EDGES, wanted)
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle)
    page.mouse.move(right, middle)
    page.mouse.up()


def shown(page: Page) -> Locator:
    return page.locator(".marker .text")


def marks(page: Page) -> list[str | None]:
    return [mark.get_attribute("aria-label") for mark in page.locator(".marker mark").all()]


def session(dashboard: Dashboard, texts: Sequence[str], types: Sequence[str] = (), suggested: str = "") -> str:
    items = [Item(text, suggested=suggested if text == texts[0] else "") for text in texts]
    store = LabellingStore(dashboard.home)
    return store.begin(items, kind="texts", name="News", labels=types, order="file", spans=True).id


def answers(dashboard: Dashboard, identity: str) -> list[list[list[object]] | None]:
    given = LabellingStore(dashboard.home).standing(identity).answers.values()
    return [None if answer is None else json.loads(answer) for answer in given]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_dragging_marks_characters_and_a_reload_goes_on(
    dashboard: Dashboard, open_page: Callable[..., Page], language: str
) -> None:
    def words(key: str, **facts: object) -> str:
        return translate(language, f"marking.{key}", facts)

    identity = session(dashboard, [TEXT, CHINESE, "Rome"], ["PER", "ORG"])
    page = open_page(f"/data?tab=labelling&labelling={identity}&lang={language}")
    shown(page).wait_for()
    drag(page, "Tim Cook ")
    page.keyboard.press("1")
    drag(page, FAMILY)
    page.keyboard.press("o")
    drag(page, "Cook of Apple")  # what it touches gives way
    page.locator(".chips button", has_text="ORG").click()
    page.keyboard.press("p")  # the mark is still selected
    entity = words("entity", text="Cook of Apple", type="PER")
    assert marks(page) == [words("entity", text=FAMILY, type="ORG"), entity]
    page.get_by_role("button", name=entity).click()
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.keyboard.press("Enter")
    page.get_by_text(words("count", done=1, total=3, labelled=1)).wait_for()
    drag(page, "王芳")
    page.get_by_role("textbox", name=words("fresh")).fill("人名")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("PageDown")
    page.get_by_text(words("finished")).first.wait_for()
    page.keyboard.press("PageUp")
    page.get_by_text(words("count", done=2, total=3, labelled=2)).wait_for()
    page.get_by_text(translate(language, "label.so_far_texts_spans", {"count": 2, "lacking": ""}).strip()).wait_for()
    start = TEXT.index("Cook")
    wanted = [[8, 13, "ORG"], [start, start + len("Cook of Apple"), "PER"]]
    assert TEXT[8:13] == FAMILY
    assert answers(dashboard, identity) == [wanted, [[10, 12, "人名"]]]
    assert page.title() != "broken"
    page.reload()
    page.get_by_text("Rome").first.wait_for()
    page.locator(".chips button", has_text="人名").wait_for()


def test_keys_alone_select_mark_change_and_remove(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    identity = session(dashboard, ["Tim is in Oslo", CHINESE], ["PER", "PLACE", "LOC"], '[[10, 14, "LOC"]]')
    page = open_page(f"/data?tab=labelling&labelling={identity}")
    shown(page).wait_for()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("status").get_by_text("“Tim”: choose a type").wait_for(state="attached")
    page.keyboard.press("p")
    page.keyboard.press("p")  # the next one that begins so
    assert marks(page) == ["Tim: PLACE", "Oslo: LOC"]
    page.keyboard.press("p")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("“Oslo” is LOC", exact=False).wait_for(state="attached")
    page.keyboard.press("2")
    assert marks(page) == ["Tim: PER", "Oslo: PLACE"]
    page.keyboard.press("Enter")
    page.get_by_text("1 of 2 looked at, 1 marked").wait_for()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("1")
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("Enter")
    page.get_by_text("2 texts are marked.", exact=False).wait_for()
    assert answers(dashboard, identity) == [[[0, 3, "PER"], [10, 14, "PLACE"]], [[2, 4, "PER"]]]


def test_types_are_named_on_the_way_on_a_narrow_screen(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    identity = session(dashboard, ["Tim is in Oslo"])
    page = open_page(f"/data?tab=labelling&labelling={identity}", width=390, dark=True)
    shown(page).wait_for()
    shown(page).dblclick(position={"x": 10, "y": 20})
    page.keyboard.press("+")
    page.keyboard.type("person")
    page.keyboard.press("Enter")
    assert marks(page) == ["Tim: person"]
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    page.get_by_role("button", name="Accept and next").click()
    page.get_by_text("1 text is marked.", exact=False).wait_for()
    assert answers(dashboard, identity) == [[[0, 3, "person"]]]


def test_a_wrong_answer_is_marked_otherwise_where_it_stands(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    workspace = open_workspace(dashboard.home)
    trained(workspace, forgetful(200))
    page = open_page("/evaluate?classifier=Names&tab=errors")
    card = page.locator("[class*='st-key-evaluate-entities-card']").first
    card.get_by_text(translate("en", "evaluate.right_mark")).click()
    shown(page).wait_for()
    words = shown(page).inner_text()
    drag(page, "lives")
    page.locator(".chips button", has_text="LOC").click()
    page.get_by_role("button", name=translate("en", "evaluate.right_keep")).click()
    page.get_by_text("1 text looked at, 1 with wrong marks").wait_for()
    (known,) = LabellingStore(dashboard.home).of_test(workspace.datasets.list()[0].id)
    (answer,) = LabellingStore(dashboard.home).standing(known.id).labelled.values()
    start = words.index("lives")
    assert json.loads(answer or "") == [[start, start + 5, "LOC"]]
