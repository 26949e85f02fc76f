"""Files that models write themselves: the same answers as PyTorch, and as its exporter's files, on ordinary and nasty rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from core.networks.architectures import MODELS
from core.networks.encoders import NgramBag, TextNetwork
from core.networks.encoders.feature_map import fit_feature_map
from core.networks.standalone.pipeline import UNKNOWN, pad
from core.serving.onnx import export_onnx
from core.serving.onnx.export import traced, written
from core.serving.onnx.half import halve
from core.serving.onnx.quantise import learn_ranges, products_of, quantise
from tests.encoders import make_model

VOCABULARY = 60
LONGEST = 400
generator = np.random.default_rng(0)
RAGGED = [[4, 9, 2], [7], [5, 5, 30, 49, 8, 1, 3, 12, 22], [11, 2], [0, 0]]
BATCHES = {
    "one": [[4, 9, 2, 17]],
    "one token": [[7]],
    "two of one token": [[7], [9]],
    "empty text": [[UNKNOWN]],
    "all unknown": [[UNKNOWN] * 12],
    "nothing but padding marks": [[0, 0]],
    "ragged": RAGGED,
    "as long as can be": [generator.integers(1, VOCABULARY, size=LONGEST).tolist()],
    "short beside long": [[3], [8, 8], generator.integers(1, VOCABULARY, size=LONGEST).tolist()],
    "many": [generator.integers(1, VOCABULARY, size=size).tolist() for size in range(1, 65)],
}
SMALL: dict[str, dict[str, Any]] = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16},
    "transformer": {"embedding_size": 16, "hidden_size": 32},
    "ngrams": {"embedding_size": 16, "buckets": 1024},
    "hashed": {"hashed_features": 256},
    "linear": {},
}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, settings) for name, settings in SMALL.items()},
    "single words": ("ngrams", {"longest_ngram": 1, "embedding_size": 16}),
    "four words": ("ngrams", {"longest_ngram": 4, "embedding_size": 16, "buckets": 1024}),
    "single characters": ("hashed", {"hashed_length": 1, "hashed_features": 256}),
    "units of one token": ("linear", {"ngram_length": 1}),
    "units of three tokens": ("linear", {"ngram_length": 3, "letter_weight": 0.0}),
    "one way": ("bilstm", {"bidirectional": False, "layers": 1, "embedding_size": 16, "hidden_size": 16}),
    "three layers": ("bilstm", {"layers": 3, "embedding_size": 16, "hidden_size": 16}),
    "one layer": ("bilstm", {"layers": 1, "embedding_size": 16, "hidden_size": 16}),
    "one head": ("transformer", {"heads": 1, "layers": 1, "embedding_size": 16, "hidden_size": 32}),
}
HEADS = ("linear", "wide", "none", "relu", "fourier")  # "wide": more labels than features; the last three are lifts


def make(shape: str, head: str = "linear") -> TextNetwork:
    name, settings = SHAPES[shape]
    torch.manual_seed(0)
    model = make_model(name, VOCABULARY, 20 if head == "wide" else 3, **settings).eval()
    if head in ("none", "relu", "fourier"):
        rows = model.feature_size
        model.set_feature_map(fit_feature_map(torch.randn(100, rows), head, 128, scale=True))  # type: ignore[arg-type]
        torch.nn.init.normal_(model.head.weight, std=0.1)
        torch.nn.init.normal_(model.head.bias)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and not name.startswith("head"):  # without learning, texts would hardly differ
            parameter.data *= 3
    return model


def session(model: onnx.ModelProto | Path) -> onnxruntime.InferenceSession:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run(found: onnxruntime.InferenceSession, rows: list[list[int]]) -> np.ndarray:
    tokens, mask = pad(rows)
    return np.asarray(found.run(["probabilities"], {"tokens": tokens, "mask": mask})[0])


def torch_says(model: TextNetwork, rows: list[list[int]]) -> np.ndarray:
    tokens, mask = (torch.from_numpy(array) for array in pad(rows))
    with torch.no_grad():
        return np.asarray(torch.softmax(model(tokens, mask), dim=1).numpy())


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_written_file_says_what_pytorch_says(shape: str, head: str, tmp_path: Path) -> None:
    model = make(shape, head)
    export_onnx(model, tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    found = session(tmp_path / "model.onnx")
    for name, rows in BATCHES.items():
        np.testing.assert_allclose(run(found, rows), torch_says(model, rows), rtol=0, atol=1e-6, err_msg=name)


def mean_written_out(self: NgramBag, tokens: Tensor, mask: Tensor) -> Tensor:
    """An embedding bag with padding cannot be traced, so that the file of before was made from this."""
    rows = self._rows(tokens, mask)
    present = (rows != self.buckets).unsqueeze(2).to(self.embedding.weight.dtype)
    return (self.embedding.weight[rows] * present).sum(dim=1) / present.sum(dim=1)


@pytest.mark.parametrize(
    ("shape", "head"),
    [
        ("one layer", "linear"),
        ("one head", "linear"),
        ("hashed", "linear"),
        ("linear", "linear"),
        *(("ngrams", head) for head in HEADS),
    ],
)
def test_a_written_file_says_what_the_exporter_s_file_says(
    shape: str, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make(shape, head)
    export_onnx(model, tmp_path / "model.onnx")
    monkeypatch.setattr(NgramBag, "features", mean_written_out)
    before, now = session(traced(model)), session(tmp_path / "model.onnx")
    for name, rows in BATCHES.items():
        rows = [row for row in rows if any(row)]  # of nothing but padding marks the bag's file of before made 0 / 0
        if rows:
            np.testing.assert_allclose(run(now, rows), run(before, rows), rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", list(SMALL))
def test_half_precision_comes_close(name: str) -> None:
    model = make(name)
    exact = written(model)
    assert exact is not None
    half = halve(exact)
    assert half.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    for rows in BATCHES.values():
        np.testing.assert_allclose(run(session(half), rows), run(session(exact), rows), rtol=0, atol=2e-2)


def test_a_transformer_bears_eight_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    monkeypatch.setattr("core.serving.onnx.quantise.LARGE_TABLE", VOCABULARY * 16)
    export_onnx(make("transformer"), tmp_path / "model.onnx")
    exact = onnx.load(str(tmp_path / "model.onnx"))
    # Of each layer: queries, keys and values together, what follows attention, and the two of its network.
    assert [len(product.nodes) for product in products_of(exact)] == [3, 1, 1, 1] * 2
    made = quantise(exact, learn_ranges(exact, [pad(BATCHES["many"])]))
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 12
    agree = run(session(made), BATCHES["many"]).argmax(axis=1) == run(session(exact), BATCHES["many"]).argmax(axis=1)
    assert agree.mean() >= 0.9


def test_a_linear_table_bears_eight_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("core.serving.onnx.quantise.LARGE_TABLE", VOCABULARY)
    export_onnx(make("linear"), tmp_path / "model.onnx")
    exact = onnx.load(str(tmp_path / "model.onnx"))
    assert products_of(exact) == []
    made = quantise(exact, {})
    tables = [constant.data_type for constant in made.graph.initializer if list(constant.dims)[1:] == [3]]
    assert tables == [onnx.TensorProto.INT8]
    for rows in BATCHES.values():
        np.testing.assert_allclose(run(session(made), rows), run(session(exact), rows), rtol=0, atol=2e-2)


def test_new_labels_and_words_go_into_the_next_file(tmp_path: Path) -> None:
    for name in SMALL:
        model = make(name)
        model.grow_outputs(5)
        model.grow_vocabulary(VOCABULARY + 10)
        export_onnx(model, tmp_path / "model.onnx")
        rows = [[VOCABULARY + 9, 4], [VOCABULARY]]
        found = run(session(tmp_path / "model.onnx"), rows)
        assert found.shape == (2, 5)
        np.testing.assert_allclose(found, torch_says(model, rows), rtol=0, atol=1e-6, err_msg=name)


def test_the_model_that_was_written_goes_on_as_it_was(tmp_path: Path) -> None:
    for name in SMALL:
        model = make(name)
        before = {key: value.clone() for key, value in model.state_dict().items()}
        export_onnx(model, tmp_path / "model.onnx")
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_writing_a_file_loads_no_exporter() -> None:
    """Its imports alone take seconds of a training that could be over by then."""
    program = f"""
import sys, pathlib, tempfile
from core.networks.architectures import MODELS
from core.serving.onnx import export_onnx
with tempfile.TemporaryDirectory() as place:
    for name in {sorted(SMALL)!r}:
        model_class = MODELS[name]
        export_onnx(model_class.network()(model_class.config_class(), 50, 3), pathlib.Path(place) / "model.onnx")
assert not {{"onnxscript", "torch._dynamo"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[4])


def test_a_model_that_writes_nothing_is_traced(tmp_path: Path) -> None:
    class Plain(MODELS["hashed"].network()):  # type: ignore[misc]
        """As `CONTRIBUTING.md` describes a new model: it has `features`, and that is all."""

        def write_features(self, *_: object) -> None:
            return None

    torch.manual_seed(0)
    model = Plain(Plain.declared.config_class(hashed_features=256), VOCABULARY, 3).eval()
    export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(
        run(session(tmp_path / "model.onnx"), RAGGED), torch_says(model, RAGGED), rtol=0, atol=1e-6
    )
