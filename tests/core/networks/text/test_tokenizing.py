from __future__ import annotations

import json

import pytest

from core.base.errors import ModelError
from core.networks.text import TextConfig, TextPipeline, count_cut, encode_examples, extend_pipeline, fit_pipeline

ENGLISH = ["It wasn't good, but I've seen worse.", "Good film!", "good film"]
CHINESE = ["快递很快，包装也好。", "质量不好，不推荐"]


def segments(pipeline: TextPipeline, text: str) -> list[str]:
    return pipeline.segment(text)


def test_english_is_split_into_words_with_their_apostrophes() -> None:
    assert segments(fit_pipeline(ENGLISH, TextConfig()), "It wasn't good, but") == ["it", "wasn't", "good", ",", "but"]


def test_chinese_is_split_into_characters_by_default() -> None:
    pipeline = fit_pipeline(CHINESE, TextConfig())
    assert pipeline.options["segmentation"] == "characters"
    assert segments(pipeline, "不好，") == ["不", "好", ","]  # NFKC turns the full-width comma into a plain one


def test_chinese_words_are_found_when_asked_for() -> None:
    assert segments(fit_pipeline(CHINESE, TextConfig(segmentation="words")), "质量不好") == ["质量", "不好"]


def test_mixed_text_goes_through_words() -> None:
    pipeline = fit_pipeline(["这个 iPhone 质量很好", "质量 very good"], TextConfig(segmentation="words"))
    assert segments(pipeline, "iPhone质量 good") == ["iphone", "质量", "good"]


def test_subwords_take_unknown_words_apart() -> None:
    pipeline = fit_pipeline(
        ["lower lowest low slow slower"] * 5, TextConfig(segmentation="subwords", vocabulary_size=500)
    )
    pieces = segments(pipeline, "slowest")
    assert "[UNK]" not in pieces
    assert "".join(pieces).replace("▁", "") == "slowest"


def test_unknown_words_and_empty_texts_become_the_unknown_token() -> None:
    pipeline = fit_pipeline(ENGLISH, TextConfig())
    assert segments(pipeline, "zzz good") == ["[UNK]", "good"]
    assert pipeline.encode(["", "   ", "\u200b"])[:2] == [[1], [1]]


def test_a_long_text_is_cut() -> None:
    assert len(fit_pipeline(ENGLISH, TextConfig(max_length=8, windows=1)).encode(["good " * 100])[0]) == 8
    assert len(fit_pipeline(ENGLISH, TextConfig(max_length=8, windows=3)).encode(["good " * 100])[0]) == 24


@pytest.mark.parametrize("segmentation", ["words", "characters", "subwords"])
def test_only_what_is_longer_than_what_is_read_counts_as_cut(segmentation: str) -> None:
    texts = (
        ["好" * 8, "好" * 9, "好" * 100, "好"]
        if segmentation == "characters"
        else ["a " * 8, "a " * 9, "a " * 100, "a"]
    )
    config = TextConfig(segmentation=segmentation, max_length=8, windows=1)  # type: ignore[arg-type]
    pipeline = fit_pipeline(texts, config)
    examples = encode_examples(pipeline, texts)
    lengths = pipeline.read(texts)[1]
    assert count_cut(pipeline, examples) == sum(length > 8 for length in lengths)
    if segmentation != "subwords":
        assert lengths == [8, 9, 100, 1]
        assert count_cut(pipeline, examples) == 2


def test_words_that_are_left_out_make_no_text_too_long() -> None:
    config = TextConfig(segmentation="words", max_length=8, windows=1, remove_stop_words=True)
    pipeline = fit_pipeline(["good " * 4, "the " * 9], config)
    texts = ["the " * 50 + "good " * 8]
    assert pipeline.read(texts)[1] == [8]
    assert count_cut(pipeline, encode_examples(pipeline, texts)) == 0


def test_stop_words_go_and_negations_stay() -> None:
    texts = ["this is not the film for me", "not good"]
    pipeline = fit_pipeline(texts, TextConfig(remove_stop_words=True))
    assert segments(pipeline, "this is not good") == ["not", "good"]
    chinese = fit_pipeline(["这 的 质量 不 好"], TextConfig(remove_stop_words=True, segmentation="words"))
    assert segments(chinese, "这 的 不 好") == ["不", "好"]


def test_normalising_and_lower_casing_can_be_switched_off() -> None:
    pipeline = fit_pipeline(["Ｇood GOOD"], TextConfig(normalise=False, lowercase=False))
    assert segments(pipeline, "Ｇood GOOD good") == ["Ｇood", "GOOD", "[UNK]"]


def test_rare_tokens_and_a_full_vocabulary_become_unknown() -> None:
    assert segments(fit_pipeline(["a a b"], TextConfig(minimum_frequency=2)), "a b") == ["a", "[UNK]"]


def test_texts_without_any_token_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        fit_pipeline(["a b"], TextConfig(minimum_frequency=5))
    assert caught.value.message.key == "text.no_tokens"


def test_new_words_are_added_behind_the_old_ones() -> None:
    pipeline = fit_pipeline(ENGLISH, TextConfig())
    before = pipeline.tokenizer.get_vocab()
    grown = extend_pipeline(pipeline, ["blockchain kettle kettle", "good"], minimum_frequency=2)
    after = grown.tokenizer.get_vocab()
    assert {token: after[token] for token in before} == before
    assert set(after) - set(before) == {"kettle"}
    assert after["kettle"] == len(before)
    assert pipeline.tokenizer.get_vocab() == before


def test_subword_vocabularies_do_not_grow() -> None:
    pipeline = fit_pipeline(ENGLISH * 3, TextConfig(segmentation="subwords"))
    assert extend_pipeline(pipeline, ["kettle kettle"]) is pipeline


def test_a_stored_pipeline_reads_the_same(tmp_path) -> None:  # type: ignore[no-untyped-def]
    pipeline = fit_pipeline(CHINESE, TextConfig(segmentation="words", max_length=16))
    pipeline.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"text": pipeline.options}), encoding="utf-8")
    texts = [*CHINESE, "", "完全没见过的字", "\ud800 half"]
    assert TextPipeline.load(tmp_path).encode(texts) == pipeline.encode(texts)


def test_texts_that_were_read_early_are_read_the_same_once_more_and_others_anew() -> None:
    texts = ["good film", "a bad film"]
    pipeline = fit_pipeline(texts, TextConfig())
    early = pipeline.encode_early(texts)
    assert pipeline.encode(list(texts)) is early
    assert pipeline.encode(list(texts)) == early
    pipeline.encode_early(texts)
    assert pipeline.encode(["bad"]) == [early[1][1:2]]


def test_letters_that_neighbours_decide_about_are_counted_with_them() -> None:
    """An accent of its own becomes one character with the letter before it; a full-width letter is one by itself."""
    texts = ["好好e\u0301 \uff21", "好\u00e9"]
    vocabulary = fit_pipeline(texts, TextConfig(segmentation="characters")).tokenizer.get_vocab()
    assert set(vocabulary) == {"[PAD]", "[UNK]", "好", "\u00e9", "a"}
    assert (
        fit_pipeline(texts, TextConfig(segmentation="characters", minimum_frequency=2)).tokenizer.get_vocab_size() == 4
    )
