"""The Labelling page through the entry: begin, find again, save; and what the browser reports is done once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import Item, LabellingStore, SessionInfo
from core.registry.records import InspectionStore
from dashboard.data.labelling.session import frame_of, keep_edits, take, view_of
from dashboard.parts.components.label_keys import take_actions
from tests.core.conftest import reviews


@pytest.fixture
def dataset(evergreen_home: Path) -> str:
    roles = ColumnRoles(text="text", label="label")
    return DatasetStore(evergreen_home).save(reviews(30), name="Shop *reviews*", roles=roles).id


@pytest.fixture
def sessions(evergreen_home: Path) -> LabellingStore:
    return LabellingStore(evergreen_home)


def begun(sessions: LabellingStore, dataset: str = "") -> SessionInfo:
    texts = reviews(30).texts[:3]
    items = [Item(text, "negative", "positive", 0.9 - place / 10) for place, text in enumerate(texts)]
    return sessions.begin(
        items, kind="dataset", name="Shop", labels=["negative", "positive"], order="doubt", dataset=dataset
    )


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.success]
    return "\n".join(str(part.value) for part in parts)


def test_without_a_dataset_texts_can_be_labelled(open_page: Callable[..., AppTest]) -> None:
    page = open_page("data", "labelling")
    assert not page.exception
    assert page.session_state["label.kind"] == "texts"
    page.button_group(key="label.kind").set_value("dataset").run()
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.data"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_session_is_begun_left_and_found_again(
    dataset: str, sessions: LabellingStore, open_page: Callable[..., AppTest], language: str
) -> None:
    page = open_page("data", "labelling", language=language)
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = sessions.list()
    assert (session.dataset, session.order, session.rows) == (dataset, "random", 30)
    assert page.button(key="label.save").disabled
    page.button(key="label.close").click().run()
    assert not page.exception
    assert "Shop \\*reviews\\*" in shown(page)
    page.button(key=f"label.go_on.{session.id}").click().run()
    assert page.button(key="label.save").disabled
    elsewhere = open_page("data", "labelling", language=language)  # a new browser: the list has it
    elsewhere.button(key=f"label.delete.{session.id}").click().run()
    assert not elsewhere.exception
    assert sessions.list() == []
    page.run()  # the first one's session is gone: back to the list, no accident
    assert not page.exception


def test_answers_become_a_dataset_with_one_click(
    dataset: str, sessions: LabellingStore, open_page: Callable[..., AppTest], evergreen_home: Path
) -> None:
    session = begun(sessions, dataset)
    sessions.answer(session.id, 0, "positive")
    page = open_page("data", "labelling")
    page.button(key=f"label.go_on.{session.id}").click().run()
    assert "1 label differs" in shown(page)
    page.text_input(key=f"label.name.{session.id}").set_value("Cleaned").run()
    page.button(key="label.save").click().run()
    assert not page.exception
    newest = DatasetStore(evergreen_home).list()[0]
    assert (newest.name, newest.source["parent"]) == ("Cleaned", dataset)
    assert "Saved as Cleaned" in shown(page)
    assert page.session_state["dataset"] == newest.id


def test_the_table_shows_and_keeps_answers(
    dataset: str, sessions: LabellingStore, open_page: Callable[..., AppTest]
) -> None:
    session = begun(sessions, dataset)
    items = sessions.items(session.id)
    keep_edits(session.id, {"1": {"answer": "positive"}, "2": {"answer": None}, "0": {}}, [0, 1, 2])
    assert sessions.standing(session.id).answers == {1: "positive", 2: None}
    frame = frame_of(items, sessions.standing(session.id), [0, 1, 2])
    assert frame["answer"].fillna("").tolist() == ["", "positive", ""]
    assert list(frame_of([Item("x")], sessions.standing(session.id), [0]).columns) == ["text", "answer"]
    page = open_page("data", "labelling")
    page.button(key=f"label.go_on.{session.id}").click().run()
    page.button_group(key="label.view").set_value("table").run()
    assert not page.exception
    assert "1 label differs" in shown(page)


def test_the_browser_has_texts_in_hand_and_can_undo(
    sessions: LabellingStore, open_page: Callable[..., AppTest]
) -> None:
    session = begun(sessions)
    take(session.id, 0, "positive")
    take(session.id, 1, None)
    view = view_of(session, sessions.items(session.id), sessions.standing(session.id))
    assert [one["place"] for one in view.queue] == [2]
    assert [(one["place"], one["label"]) for one in view.past] == [(0, "positive"), (1, None)]
    assert (view.done, view.labelled, view.total) == (2, 1, 3)
    assert "{done}" in view.words["count"]
    take(session.id, None, None)
    assert sessions.standing(session.id).answers == {0: "positive"}
    sessions.delete(session.id)
    take(session.id, 2, "positive")  # deleted in another window: no accident
    assert sessions.list() == []


def log(*numbers: int, client: str = "a", session: str = "s") -> dict[str, Any]:
    return {
        "client": client,
        "session": session,
        "actions": [{"number": number, "place": number, "label": "x"} for number in numbers],
    }


def test_what_the_browser_repeats_is_done_once() -> None:
    done: list[tuple[int | None, str | None]] = []
    confirmed: dict[str, int] = {}

    def keep(place: int | None, label: str | None) -> None:
        done.append((place, label))

    take_actions(log(1, 2), "s", confirmed, keep)
    take_actions(log(1, 2, 3), "s", confirmed, keep)
    take_actions(log(9, session="other"), "s", confirmed, keep)
    take_actions(None, "s", confirmed, keep)
    take_actions(log(1, client="b"), "s", confirmed, keep)
    take_actions({**log(), "actions": [{"number": 4, "undo": True}]}, "s", confirmed, keep)
    assert done == [(1, "x"), (2, "x"), (3, "x"), (1, "x"), (None, None)]
    assert confirmed == {"a": 4, "b": 1}


def test_rows_that_an_inspection_found_come_first(
    dataset: str, sessions: LabellingStore, open_page: Callable[..., AppTest], evergreen_home: Path
) -> None:
    facts = {"label": "positive", "share": 0.9, "given": 0.1}
    words = message("quality.label_errors", "Rows whose label is probably wrong: {count:,}.", count=1).to_dict()
    finding = {"kind": "label_errors", "rows": [6], "notes": [{"key": "k", "text": "t", "facts": facts}], "count": 1}
    finding |= {"severity": "warning", "sentence": words, "advice": words, "fixes": [], "seen": None}
    known = {
        "rows": 30,
        "clean": [],
        "frozen": [],
        "encoder": "",
        "created": "2026-03-01T14:05:00+00:00",
        "seconds": 1.0,
    }
    InspectionStore(evergreen_home).save({"dataset": dataset, "findings": [finding], **known})
    page = open_page("data", "quality")
    page.button(key="label.offer").click().run()
    assert not page.exception
    assert page.button_group(key="label.order.dataset").value == "inspection"
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = sessions.list()
    (item,) = sessions.items(session.id)
    assert (item.text, item.suggested, item.doubt) == (reviews(30).texts[6], "positive", pytest.approx(0.9))
