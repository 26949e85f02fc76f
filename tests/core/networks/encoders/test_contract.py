"""What every architecture must keep to; a new one is tested as soon as `MODELS` lists it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.base.config import build, distribute
from core.base.errors import ConfigError
from core.networks.architectures import MODELS
from core.networks.encoders import TextNetwork
from core.networks.encoders.windows import WindowedNetwork, window_of
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.networks.text import TextConfig, fit_pipeline
from core.serving.onnx import Scaling, export_onnx, measure_parity, set_temperature
from core.training import TrainingConfig
from tests.encoders import make_model

VOCABULARY = 50
CLASSES = 3
ROWS = [[4, 9, 2], [7], [5, 5, 30, 49, 8, 1, 3, 12, 22], [1], [11, 2]]
TEXTS = [
    "It was not a good film, but I've seen worse.",
    "好吃，送餐很快！",
    "The battery didn't last two days…",
    "Great 👍 价格 is fine",
]
SMALL = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16},
    "transformer": {"embedding_size": 16, "hidden_size": 32},
    "ngrams": {"embedding_size": 16, "buckets": 1024, "longest_ngram": 3},
    "hashed": {"hashed_features": 256},
    "encoder": {"tune_word_embeddings": True},
}


def make(name: str, *, seed: int = 0, vocabulary: int = VOCABULARY) -> TextNetwork:
    torch.manual_seed(seed)
    return make_model(name, vocabulary, CLASSES, **SMALL.get(name, {})).eval()


def answers(model: TextNetwork, rows: list[list[int]]) -> Tensor:
    tokens, mask = pad(rows)
    with torch.no_grad():
        return model(torch.from_numpy(tokens), torch.from_numpy(mask))


every_model = pytest.mark.parametrize("name", list(MODELS))
learning_words = pytest.mark.parametrize("name", [name for name in MODELS if not MODELS[name].without_effect])
with_embedding = pytest.mark.parametrize("name", ["bilstm", "transformer", "ngrams"])


@every_model
def test_one_logit_for_each_text_and_label(name: str) -> None:
    logits = answers(make(name), ROWS)
    assert logits.shape == (len(ROWS), CLASSES)
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


@every_model
def test_different_texts_get_different_answers(name: str) -> None:
    logits = answers(make(name), ROWS)
    assert len({tuple(row) for row in logits.tolist()}) == len(ROWS)


@every_model
def test_word_order_matters(name: str) -> None:
    logits = answers(make(name), [[4, 9, 2], [2, 9, 4]])
    assert not torch.allclose(logits[0], logits[1], atol=1e-5)


@every_model
def test_padding_never_changes_an_answer(name: str) -> None:
    model = make(name)
    together = answers(model, [*ROWS, list(range(1, 41))])
    for number, row in enumerate(ROWS):
        torch.testing.assert_close(answers(model, [row])[0], together[number], rtol=0, atol=1e-6)


@every_model
def test_neighbours_in_the_batch_never_change_an_answer(name: str) -> None:
    model = make(name)
    torch.testing.assert_close(answers(model, ROWS), answers(model, ROWS[::-1]).flip(0), rtol=0, atol=1e-6)


@every_model
def test_new_labels_leave_the_logits_of_the_old_ones_as_they_were(name: str) -> None:
    model = make(name)
    before, weight, bias = answers(model, ROWS), model.head.weight.clone(), model.head.bias.clone()
    model.grow_outputs(CLASSES + 2)
    after = answers(model, ROWS)
    assert after.shape == (len(ROWS), CLASSES + 2)
    assert torch.equal(model.head.weight[:CLASSES], weight)
    assert torch.equal(model.head.bias[:CLASSES], bias)
    torch.testing.assert_close(after[:, :CLASSES], before, rtol=0, atol=1e-6)  # a wider product may round otherwise


@learning_words
def test_new_words_leave_old_answers_as_they_were(name: str) -> None:
    model = make(name)
    before = answers(model, ROWS)
    model.grow_vocabulary(VOCABULARY + 7)
    assert torch.equal(answers(model, ROWS), before)
    assert model.vocabulary_size == VOCABULARY + 7


@with_embedding
def test_new_words_start_near_the_unknown_token_and_differ_from_each_other(name: str) -> None:
    model = make(name)
    unknown = model.embedding.weight[-VOCABULARY + 1].detach().clone()
    spread = float(model.embedding.weight.detach().std())
    model.grow_vocabulary(VOCABULARY + 7)
    fresh = model.embedding.weight[-7:].detach()
    assert float((fresh - unknown).std()) == pytest.approx(0.1 * spread, rel=0.3)
    assert len({tuple(row) for row in fresh.tolist()}) == 7
    assert torch.isfinite(answers(model, [[VOCABULARY, VOCABULARY + 6]])).all()


@every_model
def test_a_vocabulary_never_shrinks(name: str) -> None:
    model = make(name)
    model.grow_vocabulary(VOCABULARY - 10)
    assert model.vocabulary_size == VOCABULARY


@learning_words
def test_grown_models_learn_on(name: str) -> None:
    model = make(name)
    model.grow_outputs(CLASSES + 1)
    model.grow_vocabulary(VOCABULARY + 7)
    tokens, mask = pad([[VOCABULARY + 6, 4], [9, 2]])
    loss = torch.nn.functional.cross_entropy(
        model(torch.from_numpy(tokens), torch.from_numpy(mask)), torch.tensor([CLASSES, 0])
    )
    loss.backward()
    below = [] if model.declared.fixed_features else [model.embedding.weight]
    gradients = [parameter.grad for parameter in (*below, model.head.weight)]
    assert all(gradient is not None and float(gradient.to_dense().abs().sum()) > 0 for gradient in gradients)


@every_model
def test_same_seed_same_model(name: str) -> None:
    first, same, other = make(name, seed=3), make(name, seed=3), make(name, seed=4)
    pairs = zip(first.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(left, right) for left, right in pairs)
    assert not torch.equal(first.head.weight, other.head.weight)


@every_model
def test_weights_restore_a_model_completely(name: str) -> None:
    model, other = make(name, seed=1), make(name, seed=2)
    other.load_state_dict(model.state_dict())
    assert torch.equal(answers(model, ROWS), answers(other, ROWS))


@with_embedding
def test_parameter_count_adds_up_and_follows_the_vocabulary(name: str) -> None:
    model = make(name)
    before = model.parameter_count()
    assert before == sum(int(np.prod(parameter.shape)) for parameter in model.parameters())
    model.grow_vocabulary(VOCABULARY + 10)
    assert model.parameter_count() == before + 10 * 16  # ten rows of the embedding size chosen above


def test_parameter_count_of_a_small_bag_by_hand() -> None:
    # 1,024 hashed rows and 50 tokens of 16 values; a head of 16 weights and a bias for each of 3 labels.
    assert make("ngrams").parameter_count() == (1024 + 50) * 16 + 3 * (16 + 1)


@every_model
def test_a_network_is_what_its_declaration_says(name: str) -> None:
    assert MODELS[name].name == name
    assert MODELS[name].network().declared is MODELS[name]
    assert type(make(name)) is MODELS[name].network()


@every_model
def test_defaults_and_presets_only_name_settings_that_exist(name: str) -> None:
    model_class = MODELS[name]
    configs = (model_class.config_class, TrainingConfig, TextConfig)
    assert set(model_class.presets) == {"quick", "thorough"}
    for preset in ({}, *model_class.presets.values()):
        values = distribute({**model_class.defaults, **preset}, *configs)
        model_config = build(configs[0], values[0])
        build(configs[1], values[1])
        build(configs[2], values[2])
        assert make_model(name, VOCABULARY, CLASSES, **model_config.model_dump()).parameter_count() > 0


@every_model
@pytest.mark.parametrize("windows", [1, 3])
def test_the_exported_file_agrees_with_the_model(name: str, windows: int, tmp_path: Path) -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig(segmentation="words", max_length=40, windows=windows))
    model = make(name, vocabulary=pipeline.tokenizer.get_vocab_size())
    if isinstance(model, WindowedNetwork):
        model.window = window_of(pipeline)
    pipeline.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"text": pipeline.options}), "utf-8")
    (tmp_path / "labels.json").write_text(json.dumps(["a", "b", "c"]), "utf-8")
    export_onnx(model, tmp_path / "model.onnx")
    parity = measure_parity(model, Classifier(tmp_path), TEXTS)
    assert parity.max_abs_diff <= 1e-5
    assert parity.label_agreement == 1.0
    assert parity.texts > len(TEXTS)  # empty, emoji, one token, far too long … are in it as well
    assert [path.name for path in tmp_path.glob("model.onnx*")] == ["model.onnx"]  # one file, no weights beside it
    set_temperature(tmp_path / "model.onnx", 0.4)
    assert measure_parity(model, Classifier(tmp_path), TEXTS, scaling=Scaling(1 / 0.4, 0.0)).max_abs_diff <= 1e-5


def test_heads_must_share_the_embedding_evenly() -> None:
    model_class = MODELS["transformer"]
    with pytest.raises(ConfigError, match="Choose a multiple of the number of heads, such as 99"):
        model_class.network()(model_class.config_class(embedding_size=100 - 4, heads=9), VOCABULARY, CLASSES)


def test_triples_are_told_apart_by_a_bag_of_triples() -> None:
    # Both texts hold the same tokens and the same pairs (1-2, 2-1, 1-3, 3-1), but not the same triples.
    model = make("ngrams")
    logits = answers(model, [[5, 6, 5, 7, 5], [5, 7, 5, 6, 5]])
    assert not torch.allclose(logits[0], logits[1], atol=1e-5)
