"""Which tokens belong to which words."""

from __future__ import annotations

import pytest

from core.networks.explain.words import words_of_tokens
from core.networks.text import TextConfig, fit_pipeline
from core.networks.text.words import words_of

ENGLISH = "It isn't GOOD ,  but <b>I</b> LOVED it 😀"
CHINESE = "味道不错，但是ＯＫ 送餐太慢！"


def shown(text: str) -> list[str]:
    return [text[start:end] for start, end in words_of(text)]


@pytest.mark.parametrize("segmentation", ["words", "characters", "subwords"])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_every_token_of_a_word_finds_it(segmentation: str, text: str) -> None:
    pipeline = fit_pipeline([text] * 3, TextConfig(segmentation=segmentation))
    words = words_of(text)
    owners = words_of_tokens(pipeline, text, words)
    assert owners is not None
    assert len(owners) == len(pipeline.encode([text])[0])
    assert all(owners)
    assert owners == sorted(owners)
    assert {word for of in owners for word in of} == set(range(len(words)))


def test_tokens_that_are_not_read_have_no_place() -> None:
    pipeline = fit_pipeline(["a b c d"] * 3, TextConfig(segmentation="words", max_length=16, windows=1))
    text = "a b c d " * 10
    owners = words_of_tokens(pipeline, text, words_of(text))
    assert owners == [(word,) for word in range(16)]
