from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data import TextDataset
from core.data.corrections import JOINED, Correction, Corrections, join_corrections, joined_rows, lacking


@pytest.fixture
def queue(tmp_path: Path) -> Corrections:
    return Corrections(tmp_path)


def add(queue: Corrections, text: str, label: str = "good", classifier: str = "Reviews") -> None:
    queue.add(classifier, text, label, predicted="bad", version=2)


def test_a_queue_begins_empty(queue: Corrections) -> None:
    assert queue.list("Reviews") == []


def test_rows_wait_in_order_with_what_was_predicted(queue: Corrections) -> None:
    add(queue, "first")
    add(queue, "second", "a label never seen")
    found = queue.list("Reviews")
    assert [(row.text, row.label, row.predicted, row.version) for row in found] == [
        ("first", "good", "bad", 2),
        ("second", "a label never seen", "bad", 2),
    ]


def test_the_same_text_again_replaces_its_label(queue: Corrections) -> None:
    add(queue, "one", "good")
    add(queue, "two", "good")
    add(queue, "one", "mixed")
    assert [(row.text, row.label) for row in queue.list("Reviews")] == [("two", "good"), ("one", "mixed")]


def test_classifiers_have_queues_of_their_own(queue: Corrections) -> None:
    add(queue, "text", classifier="A/../B")
    add(queue, "文本", classifier="评论")
    assert [row.text for row in queue.list("A/../B")] == ["text"]
    assert [row.text for row in queue.list("评论")] == ["文本"]
    assert queue.list("A") == []


def test_removing_takes_out_those_texts_alone(queue: Corrections) -> None:
    for text in ("one", "two", "three"):
        add(queue, text)
    queue.remove("Reviews", {"one", "three", "was never there"})
    assert [row.text for row in queue.list("Reviews")] == ["two"]


def test_another_process_finds_the_queue(queue: Corrections, tmp_path: Path) -> None:
    add(queue, "kept")
    assert [row.text for row in Corrections(tmp_path).list("Reviews")] == ["kept"]


@pytest.mark.parametrize("text", ["line\nbreak\r\n", "\u2028 separator \x85", '"quotes" \\ \\n', "😀 表情", "\x00"])
def test_any_text_comes_back_as_it_was(queue: Corrections, text: str) -> None:
    add(queue, text)
    assert [row.text for row in queue.list("Reviews")] == [text]


def test_half_a_character_is_replaced_instead_of_losing_the_queue(queue: Corrections) -> None:
    add(queue, "kept")
    add(queue, "half \ud800")
    assert [row.text for row in queue.list("Reviews")] == ["kept", "half ?"]


def corrections(*pairs: tuple[str, str]) -> list[Correction]:
    return [Correction(text, label, "?", 1, "2026-01-01T00:00:00+00:00") for text, label in pairs]


def test_corrections_wait_until_one_label_has_ten() -> None:
    nine = corrections(*((f"text {row}", "good") for row in range(9)))
    assert lacking([]) == {}
    assert lacking(nine) == {"good": 1}
    assert lacking([*nine, *corrections(("other", "bad"))]) == {"good": 1, "bad": 9}
    assert lacking([*nine, *corrections(("tenth", "good"), ("other", "bad"))]) == {}


def test_corrections_join_a_batch_as_its_last_rows_and_replace_what_says_otherwise() -> None:
    batch = TextDataset(
        ("a fine thing", "broken", "fast"), np.array([0, 0, 1]), ("bad", "good"), splits=("test", "train", "test")
    )
    joined = join_corrections(batch, corrections(("A fine  thing", "good"), ("where is it", "question")))
    assert joined.texts == ("broken", "fast", "A fine  thing", "where is it")
    assert joined.label_names() == ["bad", "good", "good", "question"]
    assert joined.classes == ("bad", "good", "question")
    assert joined.splits == ("train", "test", "train", "train")
    assert batch.texts[0] == "a fine thing"


def test_a_source_says_which_rows_are_corrections() -> None:
    assert joined_rows({JOINED: 2}, 5).tolist() == [3, 4]
    assert joined_rows({}, 5).tolist() == []
