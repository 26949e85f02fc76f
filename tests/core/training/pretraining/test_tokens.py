"""A tokenizer from one's own texts, and texts as pieces of ids."""

from __future__ import annotations

import json

import pytest

from core.base.errors import ModelError
from core.training.pretraining.tokens import MARKS, Reader, learn_tokenizer, rough_tokens

ENGLISH = ["the slow lamp was slowly broken", "a slower lamp, a slowest lamp", "the lamp was broken again"] * 4
CHINESE = ["快递很快，包装很好", "味道不好，很慢"] * 4


def test_english_becomes_pieces_of_words_with_marks_around() -> None:
    tokenizer = learn_tokenizer(ENGLISH, 120, lowercase=True)
    assert [tokenizer.token_to_id(mark) for mark in MARKS] == [0, 1, 2, 3, 4]
    tokens = tokenizer.encode("Slow LAMP").tokens
    assert tokens[0] == "[CLS]"
    assert tokens[-1] == "[SEP]"
    assert "".join(tokens[1:-1]).replace("##", "") == "slowlamp"
    assert "lamp" in tokens


def test_each_chinese_character_is_a_piece_and_a_new_one_is_unknown() -> None:
    tokenizer = learn_tokenizer(CHINESE, 60, lowercase=True)
    assert tokenizer.encode("很快龘").tokens == ["[CLS]", "很", "快", "[UNK]", "[SEP]"]


def test_the_same_texts_give_the_same_tokenizer() -> None:
    first, second = (learn_tokenizer(ENGLISH + CHINESE, 80, lowercase=True).to_str() for _ in range(2))
    assert first == second


def test_long_texts_are_learned_in_pieces_none_of_which_is_too_long() -> None:
    tokenizer = learn_tokenizer(CHINESE, 60, lowercase=True)
    reader = Reader(tokenizer.to_str(), 6)
    pieces = reader.pieces(["快快快快快快快快快", "慢"])
    fast, slow = tokenizer.token_to_id("快"), tokenizer.token_to_id("慢")
    assert pieces == [[2, fast, fast, fast, fast, 3], [2, fast, fast, fast, fast, 3], [2, fast, 3], [2, slow, 3]]


def test_a_text_in_which_there_is_nothing_to_guess_is_left_out() -> None:
    reader = Reader(learn_tokenizer(CHINESE, 60, lowercase=True).to_str(), 6)
    assert reader.pieces(["", "   ", "龘龘", "\ud800"]) == []


def test_the_prefix_stands_before_every_piece_and_belongs_to_the_lead() -> None:
    tokenizer = learn_tokenizer(CHINESE, 60, lowercase=True)
    reader = Reader(tokenizer.to_str(), 6, prefix="很: ")
    colon = tokenizer.encode(":").ids[1]
    assert reader.lead == [2, tokenizer.token_to_id("很"), colon]
    assert [len(piece) for piece in reader.pieces(["快快快"])] == [6, 5]
    assert all(piece[:3] == reader.lead for piece in reader.pieces(["快快快"]))


def test_an_encoder_without_a_mask_is_refused_by_name() -> None:
    stored = json.loads(learn_tokenizer(CHINESE, 60, lowercase=True).to_str())
    stored["added_tokens"] = [token for token in stored["added_tokens"] if token["content"] != "[MASK]"]
    with pytest.raises(ModelError, match="'other/encoder' has no token that hides a word"):
        Reader(json.dumps(stored), 6, encoder="other/encoder")


def test_tokens_are_counted_roughly_in_both_languages() -> None:
    assert rough_tokens(["good lamp, cheap"]) == round(4 * 4 / 3)
    assert rough_tokens(["很好"]) == 2
    assert rough_tokens([]) == 0
