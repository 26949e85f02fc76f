from __future__ import annotations

import pytest

from core.generation.tokens import END, Vocabulary, windows
from core.networks.standalone.predict import UNKNOWN

ENGLISH = ["The battery, sadly, died.", "The phone is great!", "the battery is great"] * 3
CHINESE = ["快递很快，好吃。", "味道不好，很慢。"] * 3


def test_english_becomes_subwords_and_comes_back_with_its_spaces() -> None:
    vocabulary = Vocabulary.fit(ENGLISH, size=500, lowercase=False)
    assert vocabulary.segmentation == "subwords"
    for text in (*ENGLISH, "great, the phone died!"):
        assert vocabulary.decode(vocabulary.encode([text])[0]) == text


def test_chinese_becomes_characters_without_spaces() -> None:
    vocabulary = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    assert vocabulary.segmentation == "characters"
    ids = vocabulary.encode(["很快，不好。"])[0]
    assert len(ids) == 6
    assert vocabulary.decode([*ids, END]) == "很快，不好。"


def test_an_unknown_character_is_shown_as_a_box() -> None:
    vocabulary = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    ids = vocabulary.encode(["好猫"])[0]
    assert ids[1] == UNKNOWN
    assert vocabulary.decode(ids) == "好□"


def test_new_characters_get_ids_behind_the_old_ones() -> None:
    old = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    new = old.extended(["猫很好"])
    assert len(new) == len(old) + 1
    assert new.encode(["猫"]) == [[len(old)]]
    assert new.encode(CHINESE) == old.encode(CHINESE)
    assert old.encode(["猫"]) == [[UNKNOWN]]


def test_subwords_stay_as_they_are() -> None:
    old = Vocabulary.fit(ENGLISH, size=500, lowercase=False)
    assert len(old.extended(["zebra quokka"])) == len(old)


def test_a_stored_vocabulary_reads_alike() -> None:
    vocabulary = Vocabulary.fit(ENGLISH, size=500, lowercase=True)
    again = Vocabulary.from_text(vocabulary.to_text(), vocabulary.segmentation)
    assert again.encode(ENGLISH) == vocabulary.encode(ENGLISH)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (8, [[0, 7, 8, 9, 0]]),
        (4, [[0, 7, 8, 9, 0]]),
        (2, [[0, 7, 8], [8, 9, 0]]),
        (3, [[0, 7, 8, 9], [9, 0]]),
    ],
)
def test_windows_predict_each_token_and_the_end_once(length: int, expected: list[list[int]]) -> None:
    assert windows([7, 8, 9], length) == expected
