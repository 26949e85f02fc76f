from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from core.serving.onnx import export_onnx
from core.serving.onnx.half import halve
from core.serving.onnx.quantise import Range, eight_bits, learn_ranges, matrix_weights, products_of, quantise
from core.serving.onnx.sensitivity import answers as outputs_of
from core.serving.onnx.sensitivity import most_sensitive, quantise_carefully
from tests.encoders import make_model


def batch(rows: int, length: int = 9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    mask = np.arange(length)[None, :] < generator.integers(2, length + 1, size=rows)[:, None]
    return np.where(mask, generator.integers(5, 60, size=(rows, length)), 0), mask


BATCHES = [batch(8, seed=seed) for seed in range(8)]


def answers(model: onnx.ModelProto, batches: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Probabilities of all rows."""
    return np.concatenate(outputs_of(model, batches))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported") / "model.onnx"
    export_onnx(make_model("encoder", 60, 3), target)
    return target


@pytest.fixture
def encoder(exported: Path, monkeypatch: pytest.MonkeyPatch) -> onnx.ModelProto:
    """A tiny encoder whose products and table count as large."""
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    monkeypatch.setattr("core.serving.onnx.quantise.LARGE_TABLE", 60 * 32)
    return onnx.load(str(exported))


def test_the_largest_weight_of_a_column_becomes_the_largest_number() -> None:
    weights = np.array([[1.0, -0.5], [-2.0, 0.25]], dtype=np.float32)
    assert np.abs(eight_bits(weights)[0]).max(axis=0).tolist() == [63, 63]  # two of 255 × 63 fit into sixteen bits
    whole, scales = eight_bits(weights, 0, 127)
    assert whole.tolist() == [[64, -127], [-127, 64]]  # 1 / 2 · 127 = 63.5, which rounds to an even number
    assert scales == pytest.approx(np.array([[2 / 127, 0.5 / 127]]))


def test_a_range_is_spread_over_256_steps_with_zero_among_them() -> None:
    found = Range(np.ones(1), -1.0, 4.1, np.zeros(1))
    assert found.step == pytest.approx(0.02)
    assert found.zero == 50


def test_an_encoder_is_exported_with_attention_as_one_operation(encoder: onnx.ModelProto) -> None:
    kinds = [node.op_type for node in encoder.graph.node]
    assert kinds.count("MultiHeadAttention") == 2  # one a layer
    assert kinds.count("Softmax") == 1  # that of the answer


def test_products_that_read_the_same_tensor_belong_together(encoder: onnx.ModelProto) -> None:
    counts = [len(product.nodes) for product in products_of(encoder)]
    assert counts[:4] == [
        3,
        1,
        1,
        1,
    ]  # query, key and value; then the attention's output; then the two of the feed-forward step
    # Four squares and two of the feed-forward step, in two layers.
    assert matrix_weights(encoder) == 2 * (4 * 32 * 32 + 2 * 32 * 64)


def test_eight_bits_hardly_change_an_answer_and_shrink_the_file(encoder: onnx.ModelProto) -> None:
    made = quantise(encoder, learn_ranges(encoder, BATCHES))
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 12
    assert "MatMul" not in kinds
    np.testing.assert_allclose(answers(made, BATCHES), answers(encoder, BATCHES), atol=0.05)
    assert len(made.SerializeToString()) < 0.6 * len(encoder.SerializeToString())


def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(encoder: onnx.ModelProto) -> None:
    made = quantise(encoder, learn_ranges(encoder, BATCHES))
    tokens, mask = BATCHES[0]
    alone = [(tokens[row : row + 1, : mask[row].sum()], mask[row : row + 1, : mask[row].sum()]) for row in range(8)]
    np.testing.assert_allclose(answers(made, alone), answers(made, [BATCHES[0]]), atol=1e-6)


def test_what_is_kept_stays_as_it_was(encoder: onnx.ModelProto) -> None:
    ranges = learn_ranges(encoder, BATCHES)
    made = quantise(encoder, ranges, keep=list(ranges), tables=False)
    np.testing.assert_allclose(answers(made, BATCHES), answers(encoder, BATCHES), atol=1e-6)


def test_channels_that_stand_out_are_evened_out() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(400, 40)).astype(np.float32)
    values[:, 3] *= 50
    weights = (0.1 * generator.normal(size=(40, 40))).astype(np.float32)
    model = _product(weights)
    ranges = learn_ranges(model, [(values, np.ones(len(values), dtype=bool))])
    assert ranges["tokens"].channels[3] > 3
    session = onnxruntime.InferenceSession(quantise(model, ranges).SerializeToString())
    found = session.run(None, {"tokens": values, "mask": np.ones(len(values), dtype=bool)})[0]
    exact = values @ weights
    plain = np.abs(values).max() / 127 / np.sqrt(12) * np.sqrt(np.square(weights).sum(axis=0).mean())
    assert np.sqrt(np.square(found - exact).mean()) < 0.5 * plain  # what one scale for all channels would leave


def _product(weights: np.ndarray) -> onnx.ModelProto:
    kind = onnx.TensorProto
    padded = np.zeros((40, 500), dtype=np.float32)
    padded[:, :40] = weights
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["tokens", "weights"], ["wide"], name="product"),
            helper.make_node("Slice", ["wide", "start", "end", "axis"], ["answer"]),
        ],
        "product",
        [
            helper.make_tensor_value_info("tokens", kind.FLOAT, ["rows", 40]),
            helper.make_tensor_value_info("mask", kind.BOOL, ["rows"]),
        ],
        [helper.make_tensor_value_info("answer", kind.FLOAT, ["rows", 40])],
        [
            numpy_helper.from_array(padded, "weights"),
            *(numpy_helper.from_array(np.array([n]), name) for name, n in (("start", 0), ("end", 40), ("axis", 1))),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_sensitive_products_go_back_to_float32_until_enough_labels_agree(encoder: onnx.ModelProto) -> None:
    ranges = learn_ranges(encoder, BATCHES)
    assert sorted(most_sensitive(encoder, ranges, BATCHES)) == sorted(ranges)
    easy = quantise_carefully(encoder, ranges, BATCHES, target=0.0)
    assert (easy.kept, easy.groups) == (0, 8)
    never = quantise_carefully(encoder, ranges, BATCHES, target=1.1)
    assert never.agreement >= easy.agreement
    assert never.kept <= 2  # a quarter of the weights at most


def test_float16_keeps_the_types_outside(encoder: onnx.ModelProto) -> None:
    made = halve(encoder)
    assert made.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    found = answers(made, BATCHES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, answers(encoder, BATCHES), atol=5e-3)


def test_an_n_gram_bag_carries_its_head_in_the_table(tmp_path: Path) -> None:
    export_onnx(make_model("ngrams", 60, 3, buckets=1024, embedding_size=16), tmp_path / "model.onnx")
    shapes = [tuple(one.dims) for one in onnx.load(str(tmp_path / "model.onnx")).graph.initializer]
    assert (1024 + 60, 3) in shapes
    assert not any(16 in shape for shape in shapes)
