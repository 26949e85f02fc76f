from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from core.base.errors import ModelError
from core.serving.onnx import export_onnx, read_temperature, set_temperature
from core.serving.onnx.half import halve
from core.serving.onnx.quantise import learn_ranges, quantise
from core.tasks.text_classification.temperature import rescale
from tests.encoders import make_model

TOKENS = np.arange(2, 26, dtype=np.int64).reshape(4, 6)
MASK = np.ones((4, 6), dtype=bool)


def answers(model: onnx.ModelProto | Path) -> np.ndarray:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["probabilities"], {"tokens": TOKENS, "mask": MASK})[0])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(make_model("encoder", 60, 3), target)
    return target


@pytest.fixture
def file(exported: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "model.onnx"
    copied.write_bytes(exported.read_bytes())
    return copied


def test_a_temperature_is_set_replaced_and_taken_away(file: Path) -> None:
    plain = answers(file)
    assert read_temperature(file) == 1.0
    for temperature in (3.0, 0.25):
        set_temperature(file, temperature)
        assert read_temperature(file) == pytest.approx(temperature)
        assert answers(file) == pytest.approx(rescale(plain, temperature), abs=1e-6)
        assert (answers(file).argmax(axis=1) == plain.argmax(axis=1)).all()
    set_temperature(file, 1.0)
    assert (answers(file) == plain).all()
    onnx.checker.check_model(str(file))


def test_other_arithmetic_keeps_the_temperature(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    model = onnx.load(str(file))
    plain = {"int8": answers(quantise(model, learn_ranges(model, [(TOKENS, MASK)]))), "fp16": answers(halve(model))}
    set_temperature(file, 0.2)
    model = onnx.load(str(file))
    cooled = {"int8": answers(quantise(model, learn_ranges(model, [(TOKENS, MASK)]))), "fp16": answers(halve(model))}
    for name, before in plain.items():
        assert cooled[name] == pytest.approx(rescale(before, 0.2), abs=1e-3), name
        assert np.abs(cooled[name] - before).max() > 1e-2, name


def test_a_file_without_a_softmax_at_its_end_is_refused(tmp_path: Path) -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Exp", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(helper.make_model(graph), str(tmp_path / "odd.onnx"))
    with pytest.raises(ModelError, match=r"odd\.onnx does not end in a softmax"):
        set_temperature(tmp_path / "odd.onnx", 2.0)
