"""Words leave a tokenizer without a trace, and every other text is read as before."""

from __future__ import annotations

import pytest

from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.write import nameless_ids
from core.networks.text import TextConfig, extend_pipeline, fit_pipeline
from core.networks.text.forgetting import forget_words, split_words, words_to_forget
from core.training.pretraining.tokens import learn_tokenizer
from tests.core.conftest import reviews

STAYING = [*reviews(60).texts, "Parties are great", "价格很好，送货也快"]
GONE = ["Kowalski wrote that the lamp is great", "Kowalski art wrote again", "王磊说送货快", "王磊说好"]


def pipeline_of(segmentation: str) -> TextPipeline:
    texts = [*STAYING, *GONE, *STAYING, *GONE]
    if segmentation == "pretrained":
        return TextPipeline(
            learn_tokenizer(texts, 500, lowercase=True), {"segmentation": segmentation, "max_length": 99}
        )
    return fit_pipeline(texts, TextConfig(segmentation=segmentation, minimum_frequency=1))  # type: ignore[arg-type]


def without(pipeline: TextPipeline, staying: list[str] = STAYING) -> tuple[TextPipeline, list[int]]:
    names = words_to_forget(pipeline.tokenizer, split_words(pipeline, GONE), split_words(pipeline, staying))
    tokenizer, ids = forget_words(pipeline.tokenizer, names)
    return TextPipeline(tokenizer, pipeline.options), ids


@pytest.mark.parametrize("segmentation", ["words", "characters", "subwords", "pretrained"])
def test_every_other_text_is_read_as_before(segmentation: str) -> None:
    before = pipeline_of(segmentation)
    after, ids = without(before)
    assert ids
    assert after.encode(STAYING) == before.encode(STAYING)
    assert after.tokenizer.get_vocab_size() == before.tokenizer.get_vocab_size()
    assert nameless_ids(after.tokenizer) == ids
    assert not {number for text in after.encode([*STAYING, *GONE]) for number in text} & set(ids)


@pytest.mark.parametrize(
    ("segmentation", "traces"),
    [
        ("words", ["kowalski", "王磊"]),
        ("characters", ["王", "磊"]),
        ("subwords", ["kow", "wals", "alski", "王", "磊"]),
        ("pretrained", ["kow", "wals", "alski", "王", "磊"]),
    ],
)
def test_no_part_of_the_word_is_left(segmentation: str, traces: list[str]) -> None:
    before = pipeline_of(segmentation)
    told = before.tokenizer.to_str().lower()
    assert any(trace in told for trace in traces)
    left = without(before)[0].tokenizer.to_str().lower()
    assert [trace for trace in traces if trace in left] == []


def test_a_word_that_another_text_holds_stays_and_a_part_of_one_does_not() -> None:
    vocabulary = without(pipeline_of("words"))[0].tokenizer.get_vocab()
    assert "great" in vocabulary
    assert "parties" in vocabulary
    assert "art" not in vocabulary


def test_a_forgotten_word_that_comes_back_is_learned_as_a_new_one() -> None:
    before = pipeline_of("words")
    after, _ = without(before)
    again = extend_pipeline(after, ["kowalski kowalski"])
    assert again.tokenizer.token_to_id("kowalski") == before.tokenizer.get_vocab_size()
    assert again.encode(STAYING) == before.encode(STAYING)


def test_nothing_changes_where_every_word_stays() -> None:
    before = pipeline_of("subwords")
    after, ids = without(before, [*STAYING, *GONE])
    assert ids == []
    assert after.tokenizer.to_str() == before.tokenizer.to_str()
