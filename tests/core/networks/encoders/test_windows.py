"""Texts that are longer than a window: read whole, inside the network and inside its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from core.networks.encoders import windows
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.windows import WindowedNetwork, into_windows
from core.networks.standalone.pipeline import pad
from core.serving.onnx import export_onnx
from core.serving.onnx.half import halve
from core.serving.onnx.quantise import learn_ranges, quantise
from tests.encoders import make_model

WINDOW = 8
VOCABULARY, CLASSES = 50, 3
SMALL: dict[str, dict[str, Any]] = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16},
    "transformer": {"embedding_size": 16, "hidden_size": 32},
    "encoder": {},
}
every_windowed = pytest.mark.parametrize("name", list(SMALL))
GENERATOR = np.random.default_rng(0)
# One token, just under a window, exactly one, one more, exactly two, and several with a short last one.
LENGTHS = (1, 7, 8, 9, 16, 35)
ROWS = [GENERATOR.integers(2, VOCABULARY, length).tolist() for length in LENGTHS]


def make(name: str, window: int | None = WINDOW, **settings: Any) -> WindowedNetwork:
    torch.manual_seed(0)
    model = make_model(name, VOCABULARY, CLASSES, **SMALL[name], **settings).eval()
    assert isinstance(model, WindowedNetwork)
    model.window = window
    return model


def batch(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    tokens, mask = pad(rows)
    return torch.from_numpy(tokens), torch.from_numpy(mask)


@torch.no_grad()
def features(model: TextNetwork, rows: list[list[int]]) -> Tensor:
    return model.features(*batch(rows))


def test_values_are_cut_along_their_second_dimension_and_filled_up() -> None:
    assert into_windows(torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]), 3).tolist() == [
        [1, 2, 3], [4, 5, 0], [6, 7, 8], [9, 10, 0]
    ]  # fmt: skip
    assert into_windows(torch.ones(2, 4, 7), 3).shape == (4, 3, 7)
    assert into_windows(torch.ones(1, 3, dtype=torch.bool), 3).tolist() == [[True, True, True]]


@every_windowed
def test_a_text_of_one_window_is_read_as_without_windows(name: str) -> None:
    short = [row for row in ROWS if len(row) <= WINDOW]
    assert torch.equal(features(make(name), short), features(make(name, None), short))


@every_windowed
def test_features_are_the_mean_of_the_windows_weighted_by_their_tokens(name: str) -> None:
    row = ROWS[-1]  # 35 tokens: windows of 8, 8, 8, 8 and 3
    parts = [features(make(name, None), [row[start : start + WINDOW]])[0] for start in range(0, 35, WINDOW)]
    weights = torch.tensor([8, 8, 8, 8, 3]) / 35
    expected = (torch.stack(parts) * weights[:, None]).sum(dim=0)
    torch.testing.assert_close(features(make(name), [row])[0], expected, rtol=0, atol=1e-6)


@every_windowed
def test_what_stands_beside_a_text_changes_nothing(name: str) -> None:
    model = make(name)
    together = features(model, ROWS)
    for number, row in enumerate(ROWS):
        torch.testing.assert_close(features(model, [row])[0], together[number], rtol=1e-5, atol=3e-6)


@every_windowed
def test_many_windows_are_encoded_in_parts_with_the_same_values_and_gradients(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def computed() -> tuple[Tensor, Tensor]:
        model = make(name)
        answer = model(*batch(ROWS))
        answer.square().sum().backward()
        gradients = [value.grad.flatten() for value in model.parameters() if value.grad is not None]
        return answer.detach(), torch.cat(gradients)

    whole = computed()
    monkeypatch.setattr(windows, "AT_ONCE", 3)
    for alone, together in zip(computed(), whole, strict=True):
        torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(make(name)(*batch(ROWS)), whole[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "settings"), [("bilstm", {}), ("transformer", {}), ("encoder", {}), ("encoder", {"tuning": "lora"})]
)
def test_the_file_says_the_same_of_texts_of_any_length(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    model = make(name, **settings)
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for rows in (ROWS, [ROWS[0]], [ROWS[2]], [ROWS[-1]], ROWS[:2], [ROWS[0], ROWS[3]], [[5] * 130, [7]]):
        tokens, mask = pad(rows)
        with torch.no_grad():
            expected = torch.softmax(model(torch.from_numpy(tokens), torch.from_numpy(mask)), dim=1).numpy()
        (answer,) = session.run(None, {"tokens": tokens, "mask": mask})
        assert np.abs(answer - expected).max() < 1e-5


@every_windowed
def test_a_file_without_windows_holds_no_further_operation(name: str, tmp_path: Path) -> None:
    counts = []
    for window in (None, WINDOW):
        export_onnx(make(name, window), tmp_path / "model.onnx")
        counts.append([node.op_type for node in onnx.load(str(tmp_path / "model.onnx")).graph.node].count("Pad"))
    assert counts == [0, 2]


@pytest.mark.parametrize(
    "name", ["transformer", "encoder"]
)  # whose products are large enough to be brought to eight bits
def test_faster_arithmetic_reads_windows_too(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    model = make(name)
    export_onnx(model, tmp_path / "model.onnx")
    exact = onnx.load(str(tmp_path / "model.onnx"))
    tokens, mask = pad(ROWS)
    ranges = learn_ranges(exact, [(tokens, mask), pad(ROWS[:2])])
    assert len(ranges) >= 4
    sessions = [
        onnxruntime.InferenceSession(each.SerializeToString(), providers=["CPUExecutionProvider"])
        for each in (exact, quantise(exact, ranges), halve(exact))
    ]
    answers = [session.run(None, {"tokens": tokens, "mask": mask})[0] for session in sessions]
    assert np.abs(answers[1] - answers[0]).max() < 0.05
    assert np.abs(answers[2] - answers[0]).max() < 0.005


@every_windowed
def test_a_stored_shape_knows_its_window(name: str) -> None:
    model = make(name)
    again = type(model).rebuild(model.config, VOCABULARY, CLASSES, model.architecture())
    assert again.window == WINDOW
    assert "window" not in make(name, None).architecture()
