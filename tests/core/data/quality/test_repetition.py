"""Repeated, contradictory, nearly equal and leaked texts: each planted case is found, and what only looks like one is not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import groups_of, key_numbers
from core.data.quality import Finding, FrozenTexts, Inspected, near
from core.data.quality.leakage import frozen_leakage, leakage
from core.data.quality.near import differ_in_a_word, near_pairs, token_numbers
from core.data.quality.near_repeats import near_duplicates, superfluous
from core.data.quality.repeats import contradictions, duplicates
from core.data.recipe import apply_steps


def returned(events: Generator[Any, None, Any]) -> Any:
    """What a generator returns at its end."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def pairs_of(*texts: str, language: str = "en") -> list[list[int]]:
    rows: list[list[int]] = returned(near_pairs(texts, language=language)).pairs.tolist()
    return rows


def all_of(finder: Any, inspected: Inspected) -> list[Finding]:
    return [event for event in finder(inspected) if isinstance(event, Finding)]


def data(*rows: tuple[str, int] | tuple[str, int, str]) -> TextDataset:
    parts = tuple(row[2] for row in rows if len(row) > 2)
    labels = np.array([row[1] for row in rows])
    return TextDataset(tuple(row[0] for row in rows), labels, ("bad", "good"), parts or None)


LONG = "The battery of this phone lasts for two whole days"


@pytest.mark.parametrize(
    "other",
    [
        "THE BATTERY OF THIS PHONE LASTS FOR TWO WHOLE DAYS",
        "The  battery of this phone lasts for two wholedays",
        "The battery of this phone lasts, for two whole days!!",
        "The battery of this camera lasts for two whole days",
        "The battery of this phone lasts for two whole weeks",
        "A battery of this phone lasts for two whole days",
        "The battery of this phone lasts for two days",
        "The battery of this new phone lasts for two whole days",
    ],
)
def test_case_spacing_punctuation_and_one_word_make_no_other_text(other: str) -> None:
    assert pairs_of(LONG, "Something else is said here, of another thing", other) == [[0, 2]]


@pytest.mark.parametrize(
    "other",
    [
        "这家店的味道真的很不错,下次还会再来",
        "这家店的味道真的很不错，下次一定再来",
        "这家店的味道真的不错，下次还会再来！",
    ],
)
def test_the_same_holds_in_chinese(other: str) -> None:
    assert pairs_of(
        "这家店的味道真的很不错，下次还会再来", "送餐员态度不好，等了两个小时才送到", other, language="zh"
    ) == [[0, 2]]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("good phone", "bad phone"),  # so short that one word is half of it
        (LONG, "The screen of this camera breaks after two whole days"),
        ("非常快，态度好", "速度快，态度好"),
    ],
)
def test_short_texts_and_other_words_are_other_texts(text: str, other: str) -> None:
    assert pairs_of(text, other, language="zh" if text[0] > "z" else "en") == []


def test_one_place_counts_words() -> None:
    def differ(text: str, other: str) -> bool:
        return differ_in_a_word(token_numbers(text), token_numbers(other))

    assert differ("a b c d e f", "a b x d e f")
    assert differ("a b c d e f", "a b d e f")
    assert not differ("a b c d e f", "a x c d e y")
    assert not differ("a b c", "a b d")
    assert differ("甲乙丙丁戊己庚辛壬癸", "甲乙丙丁子丑庚辛壬癸")  # ten characters count as six words, and two as one
    assert not differ("甲乙丙丁戊己庚辛壬癸", "甲乙丙丁子丑寅辛壬癸")


def test_no_texts_and_texts_without_letters_have_no_pairs() -> None:
    assert pairs_of() == []
    assert pairs_of("!!!", "???", "") == []


def test_groups_hold_rows_that_share_a_key() -> None:
    keys = key_numbers(["a", "B", "b ", "c", "A", "b"])
    assert [rows.tolist() for rows in groups_of(keys)] == [[0, 4], [1, 2, 5]]
    assert groups_of(key_numbers([])) == []


def test_repetitions_have_the_same_label_and_part() -> None:
    inspected = Inspected(
        data(("a", 0, "train"), ("A ", 0, "train"), ("a", 1, "train"), ("a", 0, "test"), ("b", 1, "train"))
    )
    (finding,) = all_of(duplicates, inspected)
    assert (finding.count, finding.rows) == (1, (1,))
    after, _ = apply_steps(inspected.dataset, finding.fixes[0].steps)
    assert after.texts == ("a", "a", "a", "b")


def test_a_contradiction_can_be_removed_or_settled_by_the_majority() -> None:
    inspected = Inspected(data(("a", 0), ("a", 1), ("A", 1), ("b", 0), ("b", 1), ("c", 0)))
    (finding,) = all_of(contradictions, inspected)
    assert finding.count == 2
    assert sorted(finding.rows) == [0, 1, 2, 3, 4]
    remove, majority = finding.fixes
    assert apply_steps(inspected.dataset, remove.steps)[0].texts == ("c",)
    settled, _ = apply_steps(inspected.dataset, majority.steps)
    assert settled.label_names() == ["good", "good", "good", "bad", "good", "bad"]


def test_leaks_are_named_with_the_row_they_leak_into_and_the_test_stays() -> None:
    inspected = Inspected(
        data((LONG, 1, "train"), ("other words are here now", 0, "train"), (LONG + "!", 1, "test"), (LONG, 1, "test"))
    )
    (exact,) = all_of(leakage, inspected)
    assert (exact.kind, exact.count, exact.severity) == ("leakage", 1, "error")
    assert exact.rows == (0, 3)
    assert str(exact.notes[0]) == "like row 4"
    after, _ = apply_steps(inspected.dataset, exact.fixes[0].steps)
    assert after.splits == ("train", "test", "test")


def test_near_leaks_are_told_apart_from_equal_ones() -> None:
    inspected = Inspected(data((LONG, 1, "train"), (LONG.replace("two", "ten"), 1, "test"), ("x y z", 0, "train")))
    (finding,) = all_of(leakage, inspected)
    assert (finding.kind, finding.count, finding.rows) == ("near_leakage", 1, (0, 1))
    assert apply_steps(inspected.dataset, finding.fixes[0].steps)[0].splits == ("test", "train")


def test_leaks_between_training_and_validation_cost_training_rows() -> None:
    inspected = Inspected(data((LONG, 1, "train"), (LONG, 1, "validation"), ("x y z", 0, "test")))
    (finding,) = all_of(leakage, inspected)
    assert [step.model_dump()["split"] for step in finding.fixes[0].steps] == ["train"]


def test_a_dataset_that_came_undivided_leaks_nowhere() -> None:
    assert all_of(leakage, Inspected(data((LONG, 1), (LONG, 1)))) == []


def test_texts_of_frozen_tests_are_found_word_for_word_and_nearly() -> None:
    frozen = (FrozenTexts("shop", (LONG,)), FrozenTexts("forum", (LONG, "the soup was cold and the waiter was rude")))
    inspected = Inspected(data((LONG.upper(), 1), ("the soup was cold and the cook was rude", 0), ("new", 1)), frozen)
    exact, near = all_of(frozen_leakage, inspected)
    assert (exact.kind, exact.rows, exact.sentence.facts["classifiers"]) == ("frozen_leakage", (0,), ["forum", "shop"])
    assert (near.kind, near.rows, near.sentence.facts["classifiers"]) == ("near_frozen_leakage", (1,), ["forum"])


def test_near_texts_under_different_labels_are_doubted_not_dropped_as_repetitions() -> None:
    same, different = LONG.replace("two", "ten"), LONG.replace("whole", "full")
    inspected = Inspected(data((LONG, 1), (same, 1), (different, 0)))
    repeats, doubts = all_of(near_duplicates, inspected)
    assert (repeats.kind, repeats.count) == ("near_duplicates", 1)
    assert apply_steps(inspected.dataset, repeats.fixes[0].steps)[0].texts == (LONG, different)
    assert doubts.kind == "near_contradictions"
    assert dict(zip(doubts.rows, map(str, doubts.notes), strict=True))[2] == "like row 1"


def test_each_near_row_is_listed_once_beside_those_it_is_like() -> None:
    soup = "the soup was cold and the waiter was very rude to us"
    texts = (soup, LONG, LONG.replace("phone", "camera"), soup + "!", LONG.replace("two", "ten"))
    (repeats,) = all_of(near_duplicates, Inspected(data(*((text, 1) for text in texts))))
    assert repeats.rows == (0, 3, 1, 2, 4)
    assert [str(note) for note in repeats.notes] == [
        "like row 4",
        "like row 1",
        "like row 3",
        "like row 2",
        "like row 2",
    ]


def test_of_a_cluster_the_first_row_stays() -> None:
    assert superfluous([(3, 5), (5, 9), (1, 2)]).tolist() == [2, 5, 9]


@pytest.mark.parametrize(
    ("values", "others"),
    [([], []), ([3], []), ([], [3]), ([5, 2, 5, 9, 2, 2], [1, 2, 3, 9]), ([7, 7, 8], [1, 2])],
)
def test_numbers_of_pairs_come_once_and_are_looked_up(values: list[int], others: list[int]) -> None:
    numbers, ascending = np.array(values, dtype=np.int64), np.array(others, dtype=np.int64)
    assert near._once(numbers).tolist() == sorted(set(values))
    assert near._are_in(numbers, ascending).tolist() == [value in others for value in values]


def test_a_thousand_texts_of_one_mould_are_one_cluster() -> None:
    texts = [f"the soup of day {number} was warm and the bread was fresh" for number in range(1000)]
    pairs = returned(near_pairs(texts, language="en")).pairs.tolist()
    assert len({tuple(pair) for pair in pairs}) == len(pairs)
    assert all(first < second for first, second in pairs)
    assert len(superfluous([tuple(pair) for pair in pairs])) == 999
