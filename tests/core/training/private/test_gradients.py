"""Gradients of single rows: for every model that can be private, against those of one row at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.base.errors import ModelError
from core.networks.encoders import TextNetwork
from core.networks.encoders.windows import owners_of_windows
from core.training.private.gradients import Gradients, Recorder
from tests.encoders import make_model

VOCABULARY = 30
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "ngrams": ("ngrams", {"embedding_size": 8, "buckets": 1024}),
    "hashed": ("hashed", {}),
    "transformer": ("transformer", {"embedding_size": 16, "hidden_size": 32}),
    "bilstm": ("bilstm", {"embedding_size": 16, "hidden_size": 16}),
    "lora": ("encoder", {"tuning": "lora", "lora_rank": 2}),
    "frozen": ("encoder", {"tuning": "frozen"}),
}
TOKENS = torch.tensor([[4, 4, 4, 9, 2, 4], [5, 6, 5, 0, 0, 0], [11, 12, 13, 14, 0, 0], [7, 0, 0, 0, 0, 0]])
MASK = TOKENS != 0
TARGETS = torch.tensor([0, 1, 1, 0])

every_model = pytest.mark.parametrize("name", list(MODELS))


def make(name: str) -> TextNetwork:
    torch.manual_seed(0)
    kind, settings = MODELS[name]
    model = make_model(kind, VOCABULARY, 2, **settings)
    for parameter in model.parameters():
        if parameter.requires_grad:  # adapters begin at nothing, and then half of them have no gradient
            nn.init.normal_(parameter, std=0.3)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model.train()
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    return model


def alone(model: TextNetwork, row: int) -> list[Tensor]:
    """The gradient of a single row as PyTorch computes it."""
    length = int(MASK[row].sum())
    logits = model(TOKENS[row : row + 1, :length], MASK[row : row + 1, :length])
    model.zero_grad()
    nn.functional.cross_entropy(logits, TARGETS[row : row + 1]).backward()
    own = [value for value in model.parameters() if value.requires_grad]
    return [torch.zeros_like(value) if value.grad is None else value.grad.to_dense().clone() for value in own]


def sums(model: TextNetwork, units: list[int], longest: float) -> tuple[list[Tensor], Tensor]:
    """The sum of clipped gradients, and the length of each unit's."""
    recorder = Recorder(model)
    total: dict[Tensor, Tensor] = {value: torch.zeros_like(value) for value in recorder.learned}
    gradients = Gradients(max(units) + 1)

    def loss() -> Tensor:
        return nn.functional.cross_entropy(model(TOKENS, MASK), TARGETS, reduction="sum")

    with recorder.watching():
        recorder.of(loss, torch.tensor(units), gradients, owners_of_windows(model, MASK), model.head)
    lengths = gradients.clipped(longest, total)
    return [total[value] for value in recorder.learned], lengths


def length(gradient: list[Tensor]) -> float:
    return float(sum(part.square().sum() for part in gradient).sqrt())  # type: ignore[union-attr]


@every_model
def test_each_row_has_the_gradient_that_it_has_alone_repeated_tokens_included(name: str) -> None:
    model = make(name)
    each = [alone(model, row) for row in range(4)]

    total, lengths = sums(model, [0, 1, 2, 3], 1e9)

    assert lengths.tolist() == pytest.approx([length(gradient) for gradient in each], rel=1e-4)
    for position, found in enumerate(total):
        torch.testing.assert_close(found, sum(gradient[position] for gradient in each), rtol=1e-4, atol=1e-5)


@every_model
def test_a_row_moves_the_sum_by_the_clipping_norm_at_most(name: str) -> None:
    model = make(name)
    each = [alone(model, row) for row in range(4)]
    longest = sorted(length(gradient) for gradient in each)[1]  # two are cut, one is on the edge

    total, _ = sums(model, [0, 1, 2, 3], longest)

    factors = [min(1.0, longest / length(gradient)) for gradient in each]
    expected = [sum(f * gradient[at] for f, gradient in zip(factors, each, strict=True)) for at in range(len(total))]
    for found, wanted in zip(total, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@every_model
def test_rows_of_a_group_are_added_up_before_they_are_clipped(name: str) -> None:
    model = make(name)
    each = [alone(model, row) for row in range(4)]
    groups = [[0, 3], [1, 2]]
    together = [[sum(each[row][at] for row in group) for at in range(len(each[0]))] for group in groups]

    total, lengths = sums(model, [0, 1, 1, 0], 0.05)

    assert lengths.tolist() == pytest.approx([length(gradient) for gradient in together], rel=1e-4)
    assert length(total) <= 2 * 0.05 + 1e-6


@pytest.mark.parametrize("name", ["transformer", "bilstm", "lora"])
def test_windows_of_a_text_belong_to_it(name: str) -> None:
    model = make(name)
    model.window = 3
    each = [alone(model, row) for row in range(4)]

    _, lengths = sums(model, [0, 1, 2, 3], 1e9)

    assert lengths.tolist() == pytest.approx([length(gradient) for gradient in each], rel=1e-4)


@pytest.mark.parametrize("name", ["transformer", "bilstm"])
def test_layers_taken_apart_compute_what_they_did_and_are_put_together_again(name: str) -> None:
    model = make(name)
    before, names = model(TOKENS, MASK), list(model.state_dict())

    with Recorder(model).watching():
        torch.testing.assert_close(model(TOKENS, MASK), before)

    assert not any("forward" in vars(module) for module in model.modules())
    assert list(model.state_dict()) == names


def test_a_gradient_that_is_no_number_counts_as_nothing() -> None:
    model = make("ngrams")
    recorder = Recorder(model)
    total: dict[Tensor, Tensor] = {value: torch.zeros_like(value) for value in recorder.learned}
    gradients = Gradients(4)
    weights = torch.tensor([float("inf"), 1.0, 1.0, 1.0])

    with recorder.watching():
        recorder.of(
            lambda: (model(TOKENS, MASK).sum(dim=1) * weights).sum(), torch.arange(4), gradients, None, model.head
        )
    gradients.clipped(1.0, total)

    assert all(bool(value.isfinite().all()) for value in total.values())
    assert length(list(total.values())) <= 3 + 1e-6


def test_a_layer_whose_rows_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ModelError, match="gradient of a single row"):
        Recorder(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))


def test_tokens_that_stand_twice_in_a_bag_count_twice() -> None:
    """Opacus 1.6 counts them once, so that a row can move its sum by more than it says."""
    model = make("ngrams")
    repeated = max(alone(model, 0), key=len)  # the table: 1,024 buckets, then the tokens

    assert np.isclose(float(repeated[1024 + 4].norm() / repeated[1024 + 9].norm()), 4.0, rtol=1e-3)
