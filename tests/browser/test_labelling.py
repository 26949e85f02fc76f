"""Labelling by typing in a real browser: fast keys lose nothing, a reload goes on, and a text stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.labelling.sessions import Item, LabellingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

    from tests.browser.conftest import Dashboard

NASTY = "<img src=x onerror=\"document.title='broken'\">"
INTENTS = [f"{thing}_{what}" for thing in ("card", "cash", "loan") for what in (f"case {n:02}" for n in range(50))]


def texts(store: LabellingStore, labels: Sequence[str], *, count: int = 20, several: bool = False) -> str:
    items = [Item(f"text {number:03}") for number in range(count)]
    return store.begin(items, kind="texts", name="Post", labels=labels, order="random", several=several).id


def answers(store: LabellingStore, identity: str) -> list[str | None]:
    return list(store.standing(identity).answers.values())


def test_fast_keys_are_all_kept_and_a_reload_goes_on(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    store = LabellingStore(dashboard.home)
    items = [Item(f"{NASTY} text {number}", "bad", "good") for number in range(60)]
    session = store.begin(items, kind="dataset", name="Shop", labels=["bad", "good"], order="doubt")
    page = open_page(f"/label?labelling={session.id}")
    page.get_by_text("text 0", exact=False).first.wait_for()
    for _ in range(12):
        page.keyboard.press("1")
        page.keyboard.press("g")  # the only label that begins so
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.get_by_text("25 of 60 looked at, 25 labelled").wait_for()
    page.get_by_text("12 labels differ", exact=False).wait_for()  # the server has them all
    assert answers(store, session.id) == ["bad", "good"] * 12 + ["bad"]
    assert page.title() != "broken"
    page.reload()
    page.get_by_text("text 25", exact=False).first.wait_for()
    page.get_by_role("option", name="good").click()
    page.keyboard.press("1")  # the keys go on working after a click
    page.get_by_text("27 of 60 looked at, 27 labelled").wait_for()


def test_the_first_letters_find_one_of_150_labels(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    store = LabellingStore(dashboard.home)
    session = texts(store, INTENTS)
    page = open_page(f"/data?tab=labelling&labelling={session}")
    field = page.get_by_role("combobox", name="Type the first letters of a label")
    field.wait_for()
    page.keyboard.type("cash_")
    assert page.get_by_role("option").count() == 50
    page.keyboard.type("case 07")  # "case 0" leaves ten, "case 07" one
    page.get_by_text("1 of 20 looked at").wait_for()
    assert field.input_value() == ""
    page.keyboard.type("case 12")  # in the middle of three labels
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("2 of 20 looked at").wait_for()
    page.get_by_role("status").get_by_text("cash_case 12. text", exact=False).wait_for(state="attached")  # read aloud
    page.keyboard.type("nothing like it")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    page.get_by_text("4 of 20 looked at, 3 labelled").wait_for()
    page.get_by_text("3 texts have a label", exact=False).wait_for()  # the server has them all
    assert answers(store, session) == ["cash_case 07", "cash_case 12", None, "card_case 00"]


def test_what_is_typed_on_after_the_only_match_is_no_answer_to_the_next_text(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    store = LabellingStore(dashboard.home)
    session = texts(store, ["praise", "rebuke", "surprise"])
    page = open_page(f"/data?tab=labelling&labelling={session}")
    page.get_by_text("text 0", exact=False).first.wait_for()
    page.keyboard.type("praise")
    page.get_by_text("1 of 20 looked at").wait_for()
    page.keyboard.press("s")
    page.get_by_text("2 texts have a label", exact=False).wait_for()
    assert answers(store, session) == ["praise", "surprise"]


def test_labels_are_made_on_the_way_and_lead_to_a_training(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    store = LabellingStore(dashboard.home)
    session = texts(store, [], count=30)
    page = open_page(f"/data?tab=labelling&labelling={session}")
    page.get_by_text("text 0", exact=False).first.wait_for()
    for label in ("好评", "差评", "+好看"):
        page.keyboard.insert_text(label)  # as an input method does
        page.keyboard.press("Enter")
    page.get_by_text("3 of 30 looked at, 3 labelled").wait_for()
    page.keyboard.insert_text("差")
    page.get_by_text("4 of 30 looked at, 4 labelled").wait_for()
    for _ in range(9):
        page.keyboard.press("1")
        page.keyboard.press("2")
    page.get_by_role("button", name="Save and train").click()
    page.get_by_role("heading", name="Train", level=1).wait_for()
    assert answers(store, session)[:4] == ["好评", "差评", "好看", "差评"]


def test_several_labels_go_on_and_off_by_typing(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    store = LabellingStore(dashboard.home)
    session = texts(store, ["food", "price", "service"], several=True)
    page = open_page(f"/data?tab=labelling&labelling={session}")
    page.get_by_text("text 0", exact=False).first.wait_for()
    for keys in ("f", "s", "f", "+view"):
        page.keyboard.type(keys)
    page.keyboard.press("Enter")
    assert page.get_by_role("option", selected=True).all_text_contents() == ["3service", "4view"]
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the next one has none
    page.get_by_text("2 texts have a label", exact=False).wait_for()
    assert answers(store, session) == ["service|view", "|"]
