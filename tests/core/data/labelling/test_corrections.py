from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import JOINED, Correction, Corrections, join_corrections, joined_rows, lacking


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
    waiting = queue.list("Reviews")
    assert [(row.text, row.label, row.predicted, row.version) for row in waiting] == [
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


def file_of(queue: Corrections) -> Path:
    return queue.file("Reviews")


def texts(queue: Corrections) -> list[str]:
    return [row.text for row in queue.list("Reviews")]


def test_a_correction_is_one_more_line_and_leaves_the_others_as_they_were(queue: Corrections) -> None:
    for number in range(20):
        add(queue, f"text {number}")
    before = file_of(queue).read_bytes()
    add(queue, "one more")
    queue.remove("Reviews", {"text 3"})
    after = file_of(queue).read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 22
    assert "text 3" not in texts(queue)
    assert queue.count("Reviews") == len(texts(queue)) == 20


def test_a_removed_text_can_be_corrected_again(queue: Corrections) -> None:
    add(queue, "one")
    add(queue, "two")
    queue.remove("Reviews", {"one"})
    add(queue, "one", "mixed")
    assert [(row.text, row.label) for row in Corrections(file_of(queue).parents[1]).list("Reviews")] == [
        ("two", "good"),
        ("one", "mixed"),
    ]


def test_the_file_is_written_anew_once_most_of_it_is_out_of_date(queue: Corrections) -> None:
    for number in range(20):
        add(queue, f"text {number}")
    queue.remove("Reviews", {f"text {number}" for number in range(18)})
    assert file_of(queue).read_bytes().count(b"\n") == 2
    for _ in range(10):
        add(queue, "text 18", "mixed")
    assert file_of(queue).read_bytes().count(b"\n") <= 4
    assert texts(queue) == ["text 19", "text 18"]


DAMAGED = {
    "cut short": b'{"text": "ha',
    "not text": b"\xff\xfe\x00\x01",
    "zeros": b"\x00" * 40,
    "a number": b"5",
    "another list": b'["text"]',
    "no fields": b"{}",
    "a field of another kind": b'{"text": 1, "label": "a", "predicted": "b", "version": 1, "created": "c"}',
    "endless number": b'{"text": "t", "label": "a", "predicted": "b", "version": Infinity, "created": "c"}',
    "nested": b"[" * 100_000,
    "removes a list": b'{"removed": ["one"]}',
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_is_passed_over_counted_and_kept(queue: Corrections, line: bytes, tmp_path: Path) -> None:
    add(queue, "one")
    with file_of(queue).open("ab") as file:
        file.write(line + b"\n")
    add(queue, "two")
    for reader in (queue, Corrections(tmp_path)):
        assert texts(reader) == ["one", "two"]
        assert reader.unreadable("Reviews") == 1
    queue.remove("Reviews", {"one", "two"})
    assert texts(queue) == []
    assert line in file_of(queue).read_bytes()
    assert queue.unreadable("Reviews") == 1


def test_a_line_that_was_cut_short_does_not_swallow_the_next(queue: Corrections, tmp_path: Path) -> None:
    add(queue, "one")
    add(queue, "two")
    file_of(queue).write_bytes(file_of(queue).read_bytes()[:-9])
    assert texts(queue) == texts(Corrections(tmp_path)) == ["one"]
    assert queue.unreadable("Reviews") == 1
    add(queue, "three")
    assert texts(queue) == texts(Corrections(tmp_path)) == ["one", "three"]
    assert queue.unreadable("Reviews") == 1


def test_a_queue_sees_what_another_process_added_removed_and_wrote_anew(queue: Corrections, tmp_path: Path) -> None:
    other = Corrections(tmp_path)
    for number in range(5):
        add(queue, f"text {number}")
        add(other, f"other {number}")
    assert texts(queue) == texts(other)
    other.remove("Reviews", {f"text {number}" for number in range(5)})
    assert texts(queue) == [f"other {number}" for number in range(5)]
    other.remove("Reviews", {f"other {number}" for number in range(4)})
    assert texts(queue) == ["other 4"]


def test_forgetting_takes_the_bytes_off_the_disk(queue: Corrections) -> None:
    add(queue, "kept")
    add(queue, "secret words")
    queue.add("Another", "more secret words", "good", predicted="bad", version=1)
    add(queue, "secret words", "mixed")
    add(queue, "secret and taken back")
    queue.remove("Reviews", {"secret and taken back"})
    with file_of(queue).open("ab") as file:
        file.write(b'{"text": "secret and cut sh')
    assert queue.forget(lambda text: "secret" in text) == 2
    assert texts(queue) == ["kept"]
    assert queue.list("Another") == []
    assert not [path for path in file_of(queue).parent.iterdir() if b"secret" in path.read_bytes()]


def test_a_queue_of_an_earlier_edition_reads_on(queue: Corrections) -> None:
    file_of(queue).parent.mkdir()
    row = {"text": "old", "label": "good", "predicted": "bad", "version": 3, "created": "2026-01-01T00:00:00+00:00"}
    file_of(queue).write_text(json.dumps(row) + "\n", encoding="utf-8")
    add(queue, "new")
    assert texts(queue) == ["old", "new"]


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
