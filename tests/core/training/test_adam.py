"""The weights of PyTorch's own AdamW and sparse Adam, without its compiler; rows without a gradient stay as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from core.training.adam import AdamW, RowAdam

ROOT = Path(__file__).resolve().parents[3]


def moved(kind: type[torch.optim.Optimizer], *, stored: bool) -> tuple[torch.Tensor, list[str]]:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    optimizer = kind([{"params": list(layer.parameters()), "lr": 0.1}], weight_decay=0.01, fused=True)  # type: ignore[call-arg]
    for step in range(6):
        optimizer.zero_grad()
        layer(torch.full((1, 3), float(step))).square().sum().backward()
        optimizer.step()
        if stored and step == 3:
            optimizer.load_state_dict(optimizer.state_dict())
    return torch.cat([layer.weight.flatten(), layer.bias]), sorted(optimizer.state_dict()["param_groups"][0])


def test_weights_and_stored_state_are_those_of_pytorch_to_the_bit() -> None:
    (ours, kept), (theirs, known) = moved(AdamW, stored=True), moved(torch.optim.AdamW, stored=False)
    assert torch.equal(ours, theirs)
    assert kept == known


def test_learning_does_not_load_the_compiler_of_pytorch() -> None:
    code = """
import sys, torch
from torch import nn
from core.base.settings import OptimiserConfig
from core.training.optimiser import Optimizer
dense, rows = nn.Linear(2, 2), nn.Embedding(3, 2, sparse=True)
optimizer = Optimizer([(None, list(dense.parameters()))], OptimiserConfig(), 10, [rows.weight])
optimizer.zero_grad()
dense(rows(torch.tensor([1, 2]))).sum().backward()
optimizer.step()
optimizer.restore(optimizer.state())
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def table() -> nn.EmbeddingBag:
    torch.manual_seed(0)
    return nn.EmbeddingBag(9, 3, mode="sum", sparse=True)


def learn(bag: nn.EmbeddingBag, optimizer: torch.optim.Optimizer, steps: list[list[int]]) -> None:
    for rows in steps:
        optimizer.zero_grad()
        bag(torch.tensor([rows])).square().sum().backward()
        optimizer.step()


def test_row_adam_comes_to_the_weights_of_pytorchs_sparse_adam() -> None:
    steps = [[0, 1, 1], [1, 4], [0], [4, 4, 7], [1]]
    ours, theirs = table(), table()
    learn(ours, RowAdam(list(ours.parameters()), lr=0.1), steps)
    learn(theirs, torch.optim.SparseAdam(list(theirs.parameters()), lr=0.1), steps)
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_the_first_step_moves_each_value_by_the_rate_and_other_rows_not_at_all() -> None:
    bag = table()
    before = bag.weight.detach().clone()
    learn(bag, RowAdam(list(bag.parameters()), lr=0.1), [[2]])
    moved = (bag.weight - before).abs()
    torch.testing.assert_close(moved[2], torch.full((3,), 0.1))
    assert moved.sum() == moved[2].sum()


def test_row_adam_goes_on_from_a_stored_state() -> None:
    whole, stopped, resumed = table(), table(), table()
    steps = [[0, 1], [1, 2], [2, 0]]
    learn(whole, RowAdam(list(whole.parameters()), lr=0.1), steps)
    first = RowAdam(list(stopped.parameters()), lr=0.1)
    learn(stopped, first, steps[:2])
    resumed.load_state_dict(stopped.state_dict())
    second = RowAdam(list(resumed.parameters()), lr=0.1)
    second.load_state_dict(first.state_dict())
    learn(resumed, second, steps[2:])
    torch.testing.assert_close(resumed.weight, whole.weight)
