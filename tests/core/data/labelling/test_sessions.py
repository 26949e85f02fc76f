"""Answers are on the disk before the next text comes; what was cut short, undone or repeated is counted rightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.errors import DataError
from core.data.labelling.sessions import ANSWERS, Item, LabellingStore, SessionInfo, more_to_mark, more_to_train

ITEMS = [Item("one", "a", "b", 0.9), Item("two", "b"), Item("ONE ", "b"), Item("three", "a", "a", 0.1), Item("  ")]


@pytest.fixture
def store(tmp_path: Path) -> LabellingStore:
    return LabellingStore(tmp_path)


@pytest.fixture
def session(store: LabellingStore) -> SessionInfo:
    return store.begin(ITEMS, kind="dataset", name="shop", labels=["a", "b"], order="doubt", dataset="0" * 16)


def test_the_same_text_is_asked_for_once(store: LabellingStore, session: SessionInfo) -> None:
    assert [item.text for item in store.items(session.id)] == ["one", "two", "three"]
    assert store.items(session.id)[0] == ITEMS[0]
    assert store.items(session.id)[1].doubt is None
    assert store.list() == [session]


def test_answers_are_found_again_by_another_process(
    store: LabellingStore, session: SessionInfo, tmp_path: Path
) -> None:
    store.answer(session.id, 1, "a")
    store.answer(session.id, 0, None)
    again = LabellingStore(tmp_path).standing(session.id)
    assert list(again.answers.items()) == [(1, "a"), (0, None)]
    assert again.labelled == {1: "a"}
    assert list(again.waiting(session.rows)) == [2]


def test_undo_takes_back_one_answer_after_the_other(store: LabellingStore, session: SessionInfo) -> None:
    for position, label in ((0, "a"), (1, "b"), (0, "b")):
        store.answer(session.id, position, label)
    store.undo(session.id)
    assert store.standing(session.id).answers == {0: "a", 1: "b"}  # the earlier answer is back
    store.undo(session.id)
    store.undo(session.id)
    store.undo(session.id)  # nothing left: no error, no line
    assert store.standing(session.id).answers == {}
    store.answer(session.id, 2, "a")
    assert store.standing(session.id).answers == {2: "a"}


def test_a_line_that_was_cut_short_costs_itself_only(
    store: LabellingStore, session: SessionInfo, tmp_path: Path
) -> None:
    store.answer(session.id, 0, "a")
    with (tmp_path / "labelling" / session.id / ANSWERS).open("ab") as file:
        file.write(b'{"place": 1, "la')
    assert store.standing(session.id).answers == {0: "a"}
    store.answer(session.id, 2, "b")
    assert store.standing(session.id).answers == {0: "a", 2: "b"}


def test_what_a_session_does_not_have_is_refused(store: LabellingStore, session: SessionInfo) -> None:
    for position, label in ((3, "a"), (-1, "a"), (0, "c")):
        with pytest.raises(DataError, match="a, b"):
            store.answer(session.id, position, label)
    for identity in ("../../etc", "20260101-000000-abcdef", ""):
        with pytest.raises(DataError, match="no labelling session"):
            store.standing(identity)


def test_there_must_be_texts(store: LabellingStore) -> None:
    with pytest.raises(DataError, match="no text"):
        store.begin([Item(" ")], kind="texts", name="x", labels=["a", "b"], order="random")
    assert store.list() == []


def test_labels_come_up_on_the_way_and_go_with_their_last_answer(store: LabellingStore, tmp_path: Path) -> None:
    texts = [Item("one"), Item("two"), Item("three")]
    session = store.begin(texts, kind="texts", name="x", labels=["a", " a ", ""], order="random")
    assert session.labels == ("a",)
    store.answer(session.id, 0, " late  parcel", new=True)
    store.answer(session.id, 1, "Late parcel", new=True)  # the same label in another spelling
    store.answer(session.id, 2, "late parcel")
    standing = LabellingStore(tmp_path).standing(session.id)
    assert standing.answers == dict.fromkeys(range(3), "late parcel")
    assert standing.labels_of(session) == ("a", "late parcel")
    assert standing.counts_of(session) == {"late parcel": 3}
    with pytest.raises(DataError, match="no label"):
        store.answer(session.id, 0, " ", new=True)
    for _ in range(3):
        store.undo(session.id)
    assert store.standing(session.id).labels_of(session) == ("a",)


def test_new_labels_are_added_where_a_text_may_have_several(store: LabellingStore) -> None:
    session = store.begin([Item("one"), Item("two")], kind="texts", name="x", labels=[], order="random", several=True)
    store.answer(session.id, 0, "price|food", new=True)
    store.answer(session.id, 1, "|")
    standing = store.standing(session.id)
    assert standing.answers == {0: "food|price", 1: "|"}
    assert standing.labels_of(session) == ("food", "price")
    assert standing.counts_of(session) == {"food": 1, "price": 1}


def test_entities_bring_their_types_and_are_kept_as_one_target(store: LabellingStore) -> None:
    items = [Item("Tim met Anna"), Item("Oslo"), Item("nobody")]
    session = store.begin(items, kind="texts", name="x", labels=["PER"], order="file", spans=True)
    with pytest.raises(DataError, match="no label"):
        store.answer(session.id, 1, '[[0, 4, "LOC"]]')
    store.answer(session.id, 0, '[[8, 12, "per"], [0, 3, "PER"]]', new=True)
    store.answer(session.id, 1, '[[0, 4, "New  place"]]', new=True)
    store.answer(session.id, 2, "[]")
    standing = store.standing(session.id)
    assert standing.answers == {0: '[[0, 3, "PER"], [8, 12, "PER"]]', 1: '[[0, 4, "New place"]]', 2: "[]"}
    assert standing.labels_of(session) == ("PER", "New place")
    assert standing.counts_of(session) == {"PER": 2, "New place": 1}
    assert more_to_mark(standing.labelled.values()) == 18


def test_a_deleted_session_is_gone_and_the_others_stay(
    store: LabellingStore, session: SessionInfo, tmp_path: Path
) -> None:
    (tmp_path / "labelling" / "broken").mkdir()
    store.delete(session.id)
    store.delete(session.id)
    assert store.list() == []


def test_what_is_forgotten_leaves_no_trace(store: LabellingStore, session: SessionInfo, tmp_path: Path) -> None:
    for position, label in ((0, "a"), (1, "b"), (2, "a")):
        store.answer(session.id, position, label)
    assert store.forget(lambda text: text == "two") == 1
    assert [item.text for item in store.items(session.id)] == ["one", "three"]
    assert store.standing(session.id).answers == {0: "a", 1: "a"}
    assert store.info(session.id).rows == 2
    assert all(b"two" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert store.forget(lambda text: True) == 2
    assert store.list() == []


def test_a_training_is_worth_it_from_two_labels_with_ten_texts_each() -> None:
    assert [more_to_train(counts) for counts in ({}, {"a": 12}, {"a": 12, "b": 7, "c": 1}, {"a": 10, "b": 10})] == [
        20,
        10,
        3,
        0,
    ]
