"""Explanations: exact where the model is linear, complete along the path, and occlusion by the difference it names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from core.networks.architectures import MODELS
from core.networks.architectures.linear import LinearConfig
from core.networks.encoders import HashedNgrams, TextNetwork
from core.networks.encoders.linear import LinearNgrams
from core.networks.explain import Attribution, Word, margin, most_influential, occlude
from core.networks.explain.networks import explain
from core.networks.standalone.pipeline import TextPipeline
from core.networks.text import TextConfig, fit_pipeline

TEXTS = ["the film is good", "the film is bad", "a very good day", "什么 好 电影", "not good at all"]


def made(name: str, classes: int = 3) -> tuple[TextNetwork, TextPipeline]:
    torch.manual_seed(0)
    pipeline = fit_pipeline(TEXTS * 2, TextConfig())
    model = MODELS[name]
    small = {"embedding_size": 16, "hidden_size": 16} if name == "bilstm" else {"embedding_size": 16}
    if name == "transformer":
        small = {"embedding_size": 32, "hidden_size": 32, "heads": 2, "layers": 1}
    if name == "linear":
        linear, pipeline = LinearNgrams.begin(LinearConfig(ngram_length=3), TextConfig(), TEXTS * 2, classes, None)
        torch.nn.init.normal_(linear.embedding.weight, std=0.3)
        return linear.eval(), pipeline
    built = model.network()(model.config_class(**small), pipeline.tokenizer.get_vocab_size(), classes)  # type: ignore[call-arg]
    return built.eval(), pipeline


class Counting:
    """Three logits: how often "good" stands there, twice how often "bad", and nothing."""

    def compute(self, texts: Sequence[str]) -> np.ndarray:
        logits = np.array([[text.count("good"), 2 * text.count("bad"), 0] for text in texts], dtype=float)
        shares: np.ndarray = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return shares


def test_the_margin_is_the_logit_beside_the_mean_of_the_others() -> None:
    logits = np.array([[3.0, 1.0, 0.0]])
    shares = np.exp(logits) / np.exp(logits).sum()
    assert margin(shares, 0) == pytest.approx([3 - 0.5])
    assert margin(shares, 2) == pytest.approx([0 - 2.0])


def test_occlusion_counts_what_is_lost_without_the_word() -> None:
    (attribution,) = occlude(Counting(), ["good <b> bad"], [0])
    assert [attribution.text[word.start : word.end] for word in attribution.words] == ["good", "<", "b", ">", "bad"]
    # margin of output 0: its logit 1, minus (2 + 0) / 2
    assert [word.score for word in attribution.words] == pytest.approx([1, 0, 0, 0, -1])
    assert attribution.error is None


def test_occlusion_explains_the_most_probable_output_by_itself() -> None:
    assert [attribution.output for attribution in occlude(Counting(), ["good", "bad", ""])] == [0, 1, 0]


@pytest.mark.parametrize("name", ["ngrams", "linear", "bilstm", "transformer"])
@pytest.mark.parametrize("text", ["the film is not good", "好 电影", "good", "😀 unknown wörds <i>here</i>"])
def test_scores_add_up_to_the_difference(name: str, text: str) -> None:
    model, pipeline = made(name)
    attribution = explain(model, pipeline, text)
    assert attribution is not None
    assert attribution.error is not None
    assert attribution.error <= 0.01
    assert sum(word.score for word in attribution.words) == pytest.approx(
        attribution.difference, abs=abs(attribution.difference) * 0.011
    )


def test_an_ngram_bag_is_taken_apart_exactly() -> None:
    model, pipeline = made("ngrams", classes=2)
    attribution = explain(model, pipeline, "film good", 1)
    assert attribution is not None
    assert attribution.method == "linear"
    assert attribution.steps == 0
    with torch.no_grad():
        tokens = torch.tensor(pipeline.encode(["film good"]))
        parts, members = model.parts(tokens, torch.ones_like(tokens, dtype=torch.bool))
        worth = parts[:, 1] - parts[:, 0]
    assert [list(member) for member in members] == [[0], [1], [0, 1]]
    assert attribution.words[0].score == pytest.approx(float(worth[0] + worth[2] / 2), abs=1e-7)
    assert attribution.words[1].score == pytest.approx(float(worth[1] + worth[2] / 2), abs=1e-7)


def test_linear_ngrams_are_taken_apart_exactly() -> None:
    """Each unit, met before or not, counts once: what it says goes to all tokens that it spans, in equal parts."""
    model, pipeline = made("linear", classes=2)
    assert isinstance(model, LinearNgrams)
    text = "not good good film"
    attribution = explain(model, pipeline, text, 1)
    assert attribution is not None
    assert (attribution.method, attribution.steps) == ("linear", 0)
    with torch.no_grad():
        tokens = torch.tensor(pipeline.encode([text]))
        logits = model(tokens, torch.ones_like(tokens, dtype=torch.bool))[0] - model.head.bias
        parts, members = model.parts(tokens, torch.ones_like(tokens, dtype=torch.bool))
    assert members == [[0], [1, 2], [3], [0, 1]]  # "good good" and "good film" stand in no text that it has met
    assert parts.sum(dim=0).tolist() == pytest.approx(logits.tolist(), abs=1e-6)
    worth = (parts[:, 1] - parts[:, 0]).tolist()
    shares = [worth[0] + worth[3] / 2, worth[1] / 2 + worth[3] / 2, worth[1] / 2, worth[2]]
    assert [word.score for word in attribution.words] == pytest.approx(shares, abs=1e-6)
    assert sum(shares) == pytest.approx(attribution.difference, abs=1e-6)


def test_explaining_leaves_the_model_as_it_was() -> None:
    model, pipeline = made("bilstm")
    model.embedding.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain(model, pipeline, "the film is good")
    assert [value.requires_grad for value in model.embedding.parameters()] == [False]
    assert all(value.requires_grad for value in model.head.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(value.grad is None for value in model.parameters())


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_text_without_words_has_no_explanation_from_inside(text: str) -> None:
    model, pipeline = made("bilstm")
    assert explain(model, pipeline, text) is None


def test_counts_of_hashed_ngrams_are_left_to_occlusion() -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig())
    model = HashedNgrams(HashedNgrams.declared.config_class(), pipeline.tokenizer.get_vocab_size(), 2).eval()  # type: ignore[call-arg]
    assert explain(model, pipeline, "good") is None


def test_influence_is_the_mean_over_the_texts_that_hold_a_word() -> None:
    def explained(text: str, output: int, *scores: float) -> Attribution:
        starts = [0, *(index + 1 for index, letter in enumerate(text) if letter == " ")]
        words = [
            Word(start, start + len(part), score)
            for start, part, score in zip(starts, text.split(), scores, strict=True)
        ]
        return Attribution(text, output, tuple(words), "occlusion", 0.0)

    attributions = [
        explained("Good day", 0, 1.0, 0.2),
        explained("good ! day", 0, 3.0, 9.0, 0.1),
        explained("day good good", 0, -0.6, 1.0, 1.0),
        explained("good", 1, 50.0),
        explained("rare", 0, 70.0),
    ]
    (best,) = most_influential(attributions, 0)
    assert (best.word, best.score, best.texts, best.example) == ("good", 2.0, 3, 1)
