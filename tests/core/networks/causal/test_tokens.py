from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.networks.causal.tokens import Vocabulary, windows
from core.networks.standalone.pipeline import UNKNOWN, TextPipeline
from core.networks.standalone.write import END, UNKNOWN_SIGN
from core.networks.text import extend_pipeline
from core.networks.text.forgetting import forget_words

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


def extended(vocabulary: Vocabulary, texts: list[str]) -> Vocabulary:
    return Vocabulary(extend_pipeline(vocabulary.pipeline, texts))


def test_new_characters_get_ids_behind_the_old_ones() -> None:
    old = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    new = extended(old, ["猫很好"])
    assert len(new) == len(old) + 1
    assert new.encode(["猫"]) == [[len(old)]]
    assert new.encode(CHINESE) == old.encode(CHINESE)
    assert old.encode(["猫"]) == [[UNKNOWN]]


def test_subwords_stay_as_they_are() -> None:
    old = Vocabulary.fit(ENGLISH, size=500, lowercase=False)
    assert len(extended(old, ["zebra quokka"])) == len(old)


def test_a_stored_vocabulary_reads_alike(tmp_path: Path) -> None:
    vocabulary = Vocabulary.fit(ENGLISH, size=500, lowercase=True)
    vocabulary.pipeline.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"text": vocabulary.pipeline.options}), encoding="utf-8")
    again = Vocabulary(TextPipeline.load(tmp_path))
    assert again.encode(ENGLISH) == vocabulary.encode(ENGLISH)
    assert again.decode(again.encode([ENGLISH[1]])[0]) == ENGLISH[1].lower()


def test_a_text_of_any_length_is_read_to_its_end() -> None:
    vocabulary = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    assert len(vocabulary.encode(["好" * 5000])[0]) == 5000


def test_a_prompt_of_nothing_has_no_token() -> None:
    vocabulary = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    assert vocabulary.encode_prompt(" \n") == []
    assert vocabulary.encode([" \n"]) == [[UNKNOWN]]


def test_a_forgotten_token_is_shown_as_unknown() -> None:
    vocabulary = Vocabulary.fit(CHINESE, size=500, lowercase=False)
    (known,) = vocabulary.encode(["很"])[0]
    tokenizer, gone = forget_words(vocabulary.pipeline.tokenizer, {"很"})
    left = Vocabulary(TextPipeline(tokenizer, vocabulary.pipeline.options))
    assert left.nameless == gone == [known]
    assert left.decode([known]) == UNKNOWN_SIGN
    assert left.encode(["很慢"])[0] == [UNKNOWN, *vocabulary.encode(["慢"])[0]]


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
