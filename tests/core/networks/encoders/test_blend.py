"""Two networks under one answer: their tokens are told apart, and the file says what PyTorch says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from core.base.errors import ModelError
from core.networks.architectures.blend import BlendConfig
from core.networks.encoders.blend import Blend
from core.networks.standalone.pipeline import FURTHER, pad
from core.networks.standalone.predict import open_session
from core.serving.onnx.export import export_onnx, traced
from tests.encoders import make_model

ROWS = ([3, 4, 9, 2], [5], [1, 1, 30, 7, 8, 2, 2])
FURTHER_ROWS = ([2, 11, 3], [2, 8, 9, 10, 12, 14, 3], [1])
KINDS = (("linear", "ngrams"), ("linear", "encoder"), ("encoder", "bilstm"))


def make(*names: str, seed: int = 0, outputs: int = 3) -> Blend:
    torch.manual_seed(seed)
    members = [make_model(name, 60, outputs) for name in names]
    facts: list[dict[str, Any]] = [
        {"model": name, "settings": member.config.model_dump()} for name, member in zip(names, members, strict=True)
    ]
    model = Blend(BlendConfig(), members, facts, outputs)
    model.weights.copy_(torch.tensor([0.3, 1.4]))
    return model.eval()


def tokens_of(rows: Any) -> tuple[torch.Tensor, torch.Tensor]:
    tokens, mask = pad(rows)
    return torch.from_numpy(tokens), torch.from_numpy(mask)


def together() -> list[list[int]]:
    return [[*own, *(FURTHER + token for token in other)] for own, other in zip(ROWS, FURTHER_ROWS, strict=True)]


@pytest.mark.parametrize("names", KINDS)
@torch.no_grad()
def test_logits_are_the_weighted_sum_of_what_members_say_of_their_own_tokens(names: tuple[str, str]) -> None:
    model = make(*names)
    first, second = (own(*tokens_of(rows)) for own, rows in zip(model.networks(), (ROWS, FURTHER_ROWS), strict=True))
    expected = 0.3 * first + 1.4 * second
    assert model(*tokens_of(together())).numpy() == pytest.approx(expected.numpy(), abs=1e-5)


@pytest.mark.parametrize("names", KINDS[:2])
@torch.no_grad()
def test_the_file_says_the_same(names: tuple[str, str], tmp_path: Path) -> None:
    model = make(*names)
    export_onnx(model, tmp_path / "model.onnx")
    session = open_session(tmp_path / "model.onnx", ["CPUExecutionProvider"], 1)
    for rows in (together(), together()[:1], together()[1:2]):
        tokens, mask = pad(rows)
        (answer,) = session.run(None, {"tokens": tokens, "mask": mask})
        assert answer == pytest.approx(torch.softmax(model(*tokens_of(rows)), dim=1).numpy(), abs=1e-5)


@torch.no_grad()
def test_stored_weights_bring_everything_back() -> None:
    model = make("linear", "encoder")
    again = Blend.rebuild(BlendConfig(), 0, 3, {**model.architecture()})
    again.load_state_dict(model.state_dict())
    again.eval()
    assert torch.equal(again(*tokens_of(together())), model(*tokens_of(together())))
    assert again.weights.tolist() == model.weights.tolist()


@torch.no_grad()
def test_a_new_output_leaves_the_old_ones_of_each_member() -> None:
    model = make("linear", "encoder")
    before = [own(*tokens_of(rows)) for own, rows in zip(model.networks(), (ROWS, FURTHER_ROWS), strict=True)]
    model.grow_outputs(4)
    after = [own(*tokens_of(rows)) for own, rows in zip(model.networks(), (ROWS, FURTHER_ROWS), strict=True)]
    for old, new in zip(before, after, strict=True):
        assert torch.allclose(old, new[:, :3], atol=1e-6)
    assert model(*tokens_of(together())).shape == (3, 4)


def test_nobody_trains_one_from_texts() -> None:
    for attempt in (
        lambda: Blend.check(BlendConfig(), None),  # type: ignore[arg-type]
        lambda: Blend.begin(BlendConfig(), None, [], 2, None),  # type: ignore[arg-type]
        lambda: Blend.rebuild(BlendConfig(), 2, 2, {}),
    ):
        with pytest.raises(ModelError, match="Choose auto"):
            attempt()


@pytest.mark.parametrize("names", [("encoder", "bilstm"), ("linear", "encoder")])
@torch.no_grad()
def test_members_that_do_not_write_themselves_are_traced(names: tuple[str, str], tmp_path: Path) -> None:
    model = make(*names)
    onnx.save(traced(model), tmp_path / "model.onnx")
    session = open_session(tmp_path / "model.onnx", ["CPUExecutionProvider"], 1)
    tokens, mask = pad(together()[:2])
    (answer,) = session.run(None, {"tokens": tokens, "mask": mask})
    assert np.abs(answer - torch.softmax(model(*tokens_of(together()[:2])), dim=1).numpy()).max() < 1e-5
