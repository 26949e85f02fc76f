"""The fixed map in front of a head: its scaling, its random features, and how a model carries it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.networks.architectures import MODELS
from core.networks.encoders import FeatureMap, TextNetwork
from core.networks.encoders.feature_map import fit_feature_map
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.networks.text import TextConfig, fit_pipeline
from core.serving.onnx import export_onnx, measure_parity

ROWS = [[4, 9, 2], [7], [5, 5, 30, 49, 8, 1, 3, 12, 22], [1], [11, 2]]
TEXTS = ["It was not a good film, but I've seen worse.", "好吃，送餐很快！", "Great 👍 价格 is fine", "The battery…"]
KINDS = ("none", "relu", "fourier")
every_kind = pytest.mark.parametrize("kind", KINDS)


def mapped(kind: str, *, vocabulary: int = 50) -> TextNetwork:
    """An n-gram bag with a feature map, and a head that says something."""
    torch.manual_seed(0)
    model = (
        MODELS["ngrams"].network()(MODELS["ngrams"].config_class(embedding_size=16, buckets=1024), vocabulary, 3).eval()
    )
    model.set_feature_map(fit_feature_map(torch.randn(100, 16), kind, 128, scale=True))  # type: ignore[arg-type]
    torch.nn.init.normal_(model.head.weight, std=0.1)
    torch.nn.init.normal_(model.head.bias)
    return model


def answers(model: TextNetwork) -> Tensor:
    tokens, mask = pad(ROWS)
    with torch.no_grad():
        return model(torch.from_numpy(tokens), torch.from_numpy(mask))


def test_features_are_scaled_by_mean_and_deviation() -> None:
    # Means 2 and 10; deviations 1 and 2 (of the rows themselves, not estimated from a sample).
    feature_map = fit_feature_map(torch.tensor([[1.0, 8.0], [3.0, 12.0]]), "none", 0, scale=True)
    assert feature_map(torch.tensor([[4.0, 10.0]])).tolist() == [[2.0, 0.0]]
    assert (feature_map.kind, feature_map.width) == ("none", 2)


def test_a_feature_that_hardly_moved_does_not_shout_later() -> None:
    # Deviations 10 and 0: the second counts as a tenth of the root mean square, √(100 / 2) / 10.
    feature_map = fit_feature_map(torch.tensor([[-10.0, 5.0], [10.0, 5.0]]), "none", 0, scale=True)
    assert feature_map.deviation.tolist() == pytest.approx([10.0, math.sqrt(50) / 10])


def test_rows_that_are_all_the_same_are_only_shifted() -> None:
    feature_map = fit_feature_map(torch.tensor([[3.0, 4.0], [3.0, 4.0]]), "none", 0, scale=True)
    assert feature_map(torch.tensor([[4.0, 6.0]])).tolist() == [[1.0, 2.0]]


@every_kind
def test_without_scaling_no_row_leaves_a_trace(kind: str) -> None:
    first, second = (fit_feature_map(torch.randn(5, 8), kind, 32, scale=False) for _ in range(2))  # type: ignore[arg-type]
    assert all(torch.equal(left, right) for left, right in zip(first.buffers(), second.buffers(), strict=True))


def test_random_projections_are_cut_off_at_zero() -> None:
    feature_map = FeatureMap(
        torch.zeros(2), torch.ones(2), projection=torch.tensor([[1.0, -1.0, 0.5], [0.0, 1.0, 1.0]])
    )
    assert feature_map(torch.tensor([[2.0, 1.0]])).tolist() == [[2.0, 0.0, 2.0]]
    assert (feature_map.kind, feature_map.width) == ("relu", 3)


def test_fourier_features_are_cosines() -> None:
    feature_map = FeatureMap(
        torch.zeros(1), torch.ones(1), torch.tensor([[1.0, 2.0]]), torch.tensor([0.0, math.pi / 2])
    )
    expected = [math.sqrt(2) * math.cos(1.5), math.sqrt(2) * math.cos(3.0 + math.pi / 2)]
    assert feature_map(torch.tensor([[1.5]])).tolist()[0] == pytest.approx(expected, abs=1e-6)
    assert (feature_map.kind, feature_map.width) == ("fourier", 2)


def test_products_of_fourier_features_come_close_to_a_gaussian_kernel() -> None:
    rows = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    features = fit_feature_map(rows.float(), "fourier", 4096, scale=False).double()(rows)
    kernel = torch.exp(-torch.cdist(rows, rows).square() / (2 * 4))
    torch.testing.assert_close(features @ features.T / 4096, kernel, rtol=0, atol=0.08)  # 1 / √4096 is 0.016


def test_the_programs_random_numbers_are_left_alone() -> None:
    features = torch.randn(4, 16)
    model = mapped("none")
    before = torch.get_rng_state()
    model.set_feature_map(fit_feature_map(features, "fourier", 64, scale=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_new_feature_map_begins_with_a_head_of_zeros() -> None:
    model = mapped("relu")
    model.set_feature_map(None)
    assert model.head.weight.shape == (3, 16)
    assert not answers(model).any()


@every_kind
def test_weights_bring_their_feature_map_along(kind: str) -> None:
    model = mapped(kind)
    other = MODELS["ngrams"].network()(MODELS["ngrams"].config_class(embedding_size=16, buckets=1024), 50, 3).eval()
    plain = {name: value.clone() for name, value in other.state_dict().items()}
    other.load_state_dict(model.state_dict())
    assert torch.equal(answers(other), answers(model))
    other.load_state_dict(plain)
    assert other.lift is None
    assert other.head.in_features == 16


def test_loading_the_same_kind_of_weights_keeps_the_parameters_that_an_optimiser_holds() -> None:
    model = mapped("relu")
    head = model.head.weight
    model.load_state_dict(mapped("relu").state_dict())
    assert model.head.weight is head


@every_kind
def test_labels_and_words_can_be_added_behind_a_feature_map(kind: str) -> None:
    model = mapped(kind)
    before = answers(model)
    model.grow_outputs(5)
    model.grow_vocabulary(60)
    torch.testing.assert_close(answers(model)[:, :3], before, rtol=0, atol=1e-6)


@every_kind
def test_a_feature_map_is_not_trained_and_lets_the_encoder_learn(kind: str) -> None:
    model = mapped(kind).train()
    fixed = [value.clone() for value in model.lift.buffers()]  # type: ignore[union-attr]
    tokens, mask = (torch.from_numpy(array) for array in pad(ROWS))
    torch.nn.functional.cross_entropy(model(tokens, mask), torch.tensor([0, 1, 2, 0, 1])).backward()
    assert float(model.embedding.weight.grad.to_dense().abs().sum()) > 0  # type: ignore[union-attr, operator]
    assert [name for name, _ in model.named_parameters() if name.startswith("lift")] == []
    assert all(torch.equal(left, right) for left, right in zip(fixed, model.lift.buffers(), strict=True))  # type: ignore[union-attr]


@every_kind
def test_the_exported_file_holds_the_feature_map(kind: str, tmp_path: Path) -> None:
    pipeline = fit_pipeline(TEXTS, TextConfig(segmentation="words", max_length=40))
    pipeline.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"text": pipeline.options}), "utf-8")
    (tmp_path / "labels.json").write_text(json.dumps(["a", "b", "c"]), "utf-8")
    model = mapped(kind, vocabulary=pipeline.tokenizer.get_vocab_size())
    export_onnx(model, tmp_path / "model.onnx")
    parity = measure_parity(model, Classifier(tmp_path), TEXTS)
    assert parity.max_abs_diff <= 1e-5
    assert parity.label_agreement == 1.0


@pytest.mark.parametrize("kernel_width", [0.5, 1.0, 4.0])
def test_a_wider_kernel_finds_more_alike_and_is_known_again(kernel_width: float) -> None:
    torch.manual_seed(0)
    features = torch.randn(40, 32)
    feature_map = fit_feature_map(features, "fourier", 4096, scale=False, kernel_width=kernel_width)
    assert feature_map.kernel_width == pytest.approx(kernel_width, rel=0.02)
    mapped_features = feature_map(features)
    expected = torch.exp(-(features[0] - features[1]).square().sum() / (2 * 32 * kernel_width**2))
    assert float(mapped_features[0] @ mapped_features[1] / 4096) == pytest.approx(float(expected), abs=0.05)
