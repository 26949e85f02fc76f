"""RowAdam: the same weights as PyTorch's own sparse Adam, and rows without a gradient stay as they are."""

from __future__ import annotations

import torch
from torch import nn

from core.training.row_adam import RowAdam


def table() -> nn.EmbeddingBag:
    torch.manual_seed(0)
    return nn.EmbeddingBag(9, 3, mode="sum", sparse=True)


def learn(bag: nn.EmbeddingBag, optimizer: torch.optim.Optimizer, steps: list[list[int]]) -> None:
    for rows in steps:
        optimizer.zero_grad()
        bag(torch.tensor([rows])).square().sum().backward()
        optimizer.step()


def test_it_comes_to_the_weights_of_pytorchs_sparse_adam() -> None:
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


def test_it_goes_on_from_a_stored_state() -> None:
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
