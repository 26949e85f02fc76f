"""How further columns become tokens, in every way of splitting, and how they are forgotten."""

from __future__ import annotations

import pytest

from core.data.dataset.inputs import Field, compose, token_name
from core.networks.text import TextConfig, TextPipeline, extend_pipeline, fit_pipeline
from core.networks.text.forgetting import forget_words, split_words, words_to_forget
from core.networks.text.words import name_of, words_of


def row(body: str, title: str = "", kind: str = "", price: str = "") -> str:
    return compose(
        body, [Field("title", "text", title), Field("kind", "category", kind), Field("price", "number", price)]
    )


TEXTS = [row("good thing", "good book", "Book", str(price)) for price in range(20)] + [row("bad thing", "", "", "")] * 2


def names(pipeline: TextPipeline, text: str) -> list[str]:
    return [token.replace("\u2063", "|") for token in pipeline.segment(text)]


def test_columns_stand_before_the_text_and_words_of_the_title_are_there_twice() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig())
    assert names(pipeline, row("good thing", "good book", "BOOK", "0")) == [
        "|title", "good", "book", "|title:| good", "|title:| book", "|kind:| book", "|price:| 0/4", "|price:| 0/16",
        "good", "thing",
    ]  # fmt: skip


def test_what_is_missing_has_a_token_and_what_was_never_met_is_unknown() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig())
    assert names(pipeline, row("good")) == ["|title:| ", "|kind:| ", "|price:| ", "good"]
    assert names(pipeline, row("good", kind="toy"))[1] == "[UNK]"
    assert pipeline.unknown_values(row("good", kind="toy")) == {"kind": "toy"}
    assert pipeline.unknown_values(row("good", kind="book")) == {}
    assert names(pipeline, "good") == names(pipeline, row("good"))


@pytest.mark.parametrize("segmentation", ["words", "characters", "subwords"])
def test_every_way_of_splitting_reads_columns(segmentation: str) -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig(segmentation=segmentation))
    read = names(pipeline, row("good thing", "good book", "book", "3"))
    assert {"|title", "|kind:| book", "|price:| 0/4"} <= set(read)
    assert "[UNK]" not in read


def test_a_text_cannot_pass_for_a_column() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig())
    forged = compose(token_name("kind", "book") + "\n\u2063\u2062\u2061kind:\u2063 book", [])
    assert "|kind:| book" not in names(pipeline, forged)


def test_columns_can_be_left_out_and_a_pipeline_without_them_reads_the_text_alone() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig(use_inputs=False))
    assert pipeline.inputs == []
    assert names(pipeline, row("good thing", "good book", "Book", "3")) == ["good", "thing"]


def test_texts_without_columns_are_read_as_ever() -> None:
    pipeline = fit_pipeline(["good thing", "bad thing"], TextConfig())
    assert "inputs" not in pipeline.options
    assert pipeline.segment("good thing") == ["good", "thing"]


def test_a_long_title_leaves_room_for_the_text() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig(max_length=16))
    assert names(pipeline, row("good thing", "good " * 50, "book", "3"))[-2:] == ["good", "thing"]


def test_new_categories_get_tokens_and_old_ids_stay() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig())
    grown = extend_pipeline(pipeline, [row("good fun", "new title", "Toy", "7")] * 2, minimum_frequency=2)
    assert names(grown, row("fun", kind="toy"))[1] == "|kind:| toy"
    assert grown.encode([TEXTS[0]]) == pipeline.encode([TEXTS[0]])
    assert grown.inputs == pipeline.inputs


@pytest.mark.parametrize("segmentation", ["words", "subwords"])
def test_a_category_that_only_forgotten_rows_have_is_forgotten(segmentation: str) -> None:
    texts = [*TEXTS, *[row("good secret", "secret book", "Mr Secret", "5")] * 2]
    pipeline = fit_pipeline(texts, TextConfig(segmentation=segmentation))
    gone = words_to_forget(pipeline.tokenizer, split_words(pipeline, texts[-2:]), split_words(pipeline, TEXTS))
    assert token_name("kind", "mr secret") in gone
    assert token_name("kind", "book") not in gone
    tokenizer, _ = forget_words(pipeline.tokenizer, gone)
    assert "secret" not in tokenizer.to_str()
    after = TextPipeline(tokenizer, pipeline.options)
    assert after.encode(TEXTS) == pipeline.encode(TEXTS)


def test_words_of_a_row_are_those_of_its_texts_and_each_other_value_as_one() -> None:
    text = row("good 东西", "好书 book", "Home Garden", "12.5")
    spans = words_of(text)
    assert [text[start:end] for start, end in spans] == ["good", "东西", "好书", "book", "Home Garden", "12.5"]
    assert [name_of(text, span) for span in spans][-2:] == ["kind: Home Garden", "price: 12.5"]
