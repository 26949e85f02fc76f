"""A text as tokens with their places."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as make

from core.data.spans.tokens import joined, tokens_of


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in tokens_of(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Tim Cook's U.S. firm", ["Tim", "Cook", "'", "s", "U", ".", "S", ".", "firm"]),
        ("买iPhone15，快", ["买", "iPhone", "15", "，", "快"]),
        ("cafe\u0301 x", ["cafe\u0301", "x"]),  # an accent belongs to its letter
        ("👍🏽a", ["👍🏽", "a"]),  # and the colour of a skin to its hand
        ("👨\u200d👩\u200d👧!", ["👨\u200d👩\u200d👧", "!"]),  # and all members to a family
        ("\u3000 \n\t", []),
        ("नमस्ते", ["नमस्ते"]),
        ("", []),
    ],
)
def test_words_signs_and_characters(text: str, tokens: list[str]) -> None:
    assert cut(text) == tokens


@given(make.text())
def test_tokens_hold_all_but_blanks_in_order(text: str) -> None:
    places = tokens_of(text)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(places))
    held = {index for start, end in places for index in range(start, end)}
    assert all(index in held for index, letter in enumerate(text) if letter.isalnum())


def test_tokens_of_a_file_become_a_text() -> None:
    assert joined(["EU", "rejects", "."]) == ("EU rejects .", [(0, 2), (3, 10), (11, 12)])
    assert joined(["北", "京", "a", "，"]) == ("北京a，", [(0, 1), (1, 2), (2, 3), (3, 4)])
