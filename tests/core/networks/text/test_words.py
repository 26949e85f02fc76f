"""Words as readers see them: English by signs and spaces, Chinese by meaning."""

from __future__ import annotations

from core.networks.text.words import is_listed, lettered_words, words_in, words_of


def shown(text: str) -> list[str]:
    return [text[start:end] for start, end in words_of(text)]


def test_words_keep_their_apostrophes_and_other_signs_stand_alone() -> None:
    assert shown("It isn't so-so!") == ["It", "isn't", "so-so", "!"]
    assert shown("<b>") == ["<", "b", ">"]


def test_chinese_is_cut_into_words() -> None:
    assert shown("味道不错，但是") == ["味道", "不错", "，", "但是"]


def test_a_text_without_words_has_none() -> None:
    assert words_of(" \n") == []


def test_words_come_in_small_letters_of_usual_width_without_numbers_and_signs() -> None:
    assert lettered_words("ＯＫ, 100 Good GOOD 口罩!") == ["ok", "good", "good", "口罩"]


def test_lists_name_words_and_no_lone_chinese_characters() -> None:
    assert [word for word in ("口罩", "的", "a", "N95", "é") if is_listed(word)] == ["口罩", "a", "N95", "é"]
    assert words_in(["我们在武汉的口罩很贵", "10 !"]) == [frozenset({"武汉", "口罩"}), frozenset()]
    assert words_in(["The mask is not cheap"]) == [frozenset({"mask", "not", "cheap"})]
