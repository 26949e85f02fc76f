"""Slices: cut by hand, and found only where errors are more frequent than chance allows."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.additive import RATE, hit_rows
from core.statistics.slices import WorseSlice, by_length, by_value, by_word, worse_slices


def worse(right: np.ndarray, slices: list) -> list[WorseSlice]:
    return worse_slices(hit_rows(right), slices, RATE)


def test_a_slice_holds_the_rows_of_its_value_the_largest_first() -> None:
    slices = by_value("group", ["b", "a", "", "b"])
    assert [(part.value, part.rows.tolist()) for part in slices] == [("b", [0, 3]), ("a", [1])]
    ordered = by_value("label", ["b", "a", "b"], order=["a", "b", "never"])
    assert [part.value for part in ordered] == ["a", "b"]


def test_lengths_are_cut_into_parts_of_about_as_many_rows() -> None:
    slices = by_length([1, 2, 3, 4, 5, 6, 7, 80])
    assert [part.value for part in slices] == ["1–2", "3–4", "5–6", "7–80"]
    assert sorted(np.concatenate([part.rows for part in slices]).tolist()) == list(range(8))


@pytest.mark.parametrize("lengths", [[], [5], [5, 5, 5, 5, 5], [0, 0, 1]])
def test_every_row_is_in_exactly_one_length(lengths: list[int]) -> None:
    slices = by_length(lengths)
    assert sorted(row for part in slices for row in part.rows.tolist()) == list(range(len(lengths)))


def test_words_of_too_few_or_nearly_all_rows_make_no_slice() -> None:
    words = [frozenset({"all", "half"} if row % 2 else {"all", f"only {row}"}) for row in range(60)]
    assert [part.value for part in by_word(words)] == ["half"]


def test_a_slice_with_more_errors_than_chance_is_found() -> None:
    right = np.ones(400, dtype=bool)
    right[:40:2] = False  # 20 of 40 wrong in "bad"; elsewhere 8 of 360
    right[40:400:45] = False
    groups = ["bad"] * 40 + ["fine"] * 180 + ["good"] * 180
    (worst,) = worse(right, by_value("group", groups))
    assert worst.slice.value == "bad"
    assert worst.score.value == 0.5
    assert worst.rest.value == pytest.approx(352 / 360)
    assert worst.p_value < 1e-9


def test_chance_alone_is_found_in_about_one_search_of_twenty() -> None:
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        right = generator.random(300) < 0.8
        hits += bool(worse(right, by_value("group", generator.choice(list("abcdefgh"), 300).tolist())))
    assert hits <= 10


def test_small_slices_are_not_judged() -> None:
    right = np.ones(100, dtype=bool)
    right[:10] = False
    assert worse(right, by_value("group", ["bad"] * 10 + ["fine"] * 90)) == []


def test_a_word_is_confirmed_on_rows_it_was_not_found_on() -> None:
    generator = np.random.default_rng(0)
    words = [frozenset({"not"} if row % 5 == 0 else {"very"} if row % 3 == 0 else {"so"}) for row in range(1000)]
    right = np.array([generator.random() < (0.5 if "not" in text else 0.95) for text in words])
    (worst,) = worse(right, by_word(words))
    assert worst.slice.value == "not"
    assert worst.score.low < 0.5 < worst.score.high


def test_among_many_words_without_meaning_none_is_found() -> None:
    generator = np.random.default_rng(2)
    words = [frozenset(f"w{number}" for number in generator.integers(0, 200, 30)) for _ in range(600)]
    right = generator.random(600) < 0.8
    assert worse(right, by_word(words)) == []
