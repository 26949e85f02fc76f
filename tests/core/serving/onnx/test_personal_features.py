"""What heads of groups read stands beside the probabilities, in every arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from core.networks.standalone.personal import FEATURES
from core.serving.onnx import export_onnx, set_temperature
from core.serving.onnx.half import halve
from core.serving.onnx.personal_features import expose_features
from core.serving.onnx.quantise import learn_ranges, quantise
from tests.encoders import make_model

TOKENS = np.array([[5, 6, 7, 8], [9, 10, 0, 0], [11, 5, 5, 0]])
MASK = np.array([[True] * 4, [True, True, False, False], [True, True, True, False]])
SMALL = {
    "ngrams": {"embedding_size": 16, "buckets": 1024},
    "bilstm": {"embedding_size": 16, "hidden_size": 16},
    "transformer": {"embedding_size": 16, "hidden_size": 32},
    "encoder": {},
}


def both(model: onnx.ModelProto) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(["probabilities", FEATURES], {"tokens": TOKENS, "mask": MASK})
    return outputs


@pytest.mark.parametrize("name", list(SMALL))
def test_a_file_says_what_its_network_says_of_a_text_and_answers_as_before(name: str, tmp_path: Path) -> None:
    network, file = make_model(name, 60, 3, **SMALL[name]).eval(), tmp_path / "model.onnx"
    export_onnx(network, file, apart=name == "ngrams")
    set_temperature(file, 1.5)
    assert expose_features(file, network.feature_size)
    probabilities, features = both(onnx.load(str(file)))
    with torch.no_grad():
        tokens, mask = torch.from_numpy(TOKENS), torch.from_numpy(MASK)
        expected = network.features(tokens, mask).numpy()
        answers = (network(tokens, mask) / 1.5).softmax(dim=1).numpy()
    np.testing.assert_allclose(features, expected, atol=1e-5)
    np.testing.assert_allclose(probabilities, answers, atol=1e-5)


def test_other_arithmetic_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    network, file = make_model("encoder", 60, 3).eval(), tmp_path / "model.onnx"
    export_onnx(network, file)
    expose_features(file, network.feature_size)
    exact = onnx.load(str(file))
    _, features = both(exact)
    eight = quantise(exact, learn_ranges(exact, [(TOKENS, MASK)]))
    for model, tolerance in ((halve(exact), 0.05), (eight, 0.5)):
        np.testing.assert_allclose(both(model)[1], features, atol=tolerance)


def test_a_file_whose_head_went_into_its_table_has_none(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    export_onnx(make_model("ngrams", 60, 3, **SMALL["ngrams"]), file)
    before = file.read_bytes()
    assert not expose_features(file, 16)
    assert file.read_bytes() == before
