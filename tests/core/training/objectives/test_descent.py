"""A loss of sparse rows and a cost for what has moved: where the two are smallest together."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from core.training.objectives.descent import FEWEST_STEPS, Descent

ROWS, UNITS, FEATURES, OUTPUTS = 60, 12, 9, 3


def matrices(seed: int = 0) -> tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]:
    """Units of very different frequency, and what they are made of."""
    generator = np.random.default_rng(seed)
    held = (generator.random((ROWS, UNITS)) < 1 / np.arange(1, UNITS + 1)) * generator.random((ROWS, UNITS))
    composed = (generator.random((UNITS, FEATURES)) < 0.4) * generator.random((UNITS, FEATURES))
    return scipy.sparse.csr_array(held.astype(np.float32)), scipy.sparse.csr_array(composed.astype(np.float32))


def squares(wanted: Tensor) -> object:
    return lambda logits: 0.5 * (logits - wanted).square().sum(dim=1).mean()


@pytest.mark.parametrize("cost", [0.3, 0.003])
def test_squared_errors_end_at_ridge_regression_around_the_start(cost: float) -> None:
    held, composed = matrices()
    generator = torch.Generator().manual_seed(1)
    wanted = torch.randn(ROWS, OUTPUTS, generator=generator)
    start = torch.randn(FEATURES, OUTPUTS, generator=generator)
    descent = Descent(held, composed, squares(wanted), start, torch.zeros(OUTPUTS))  # type: ignore[arg-type]
    for _ in range(4):  # each time it begins to count gains anew
        descent.descend(cost)
    rows = np.c_[(held @ composed).toarray(), np.ones(ROWS)].astype(np.float64)
    held_back = np.diag([cost] * FEATURES + [0.0])
    left = wanted.numpy() - rows @ np.r_[start.numpy(), np.zeros((1, OUTPUTS))]
    moved = np.linalg.solve(rows.T @ rows / ROWS + held_back, rows.T @ left / ROWS)

    def whole(change: np.ndarray) -> float:
        return float(0.5 * np.square(rows @ change - left).sum(1).mean() + cost / 2 * np.square(change[:-1]).sum())

    found = np.r_[descent.weights.numpy() - start.numpy(), descent.bias.numpy()[None]]
    assert whole(moved) <= whole(found) <= 1.002 * whole(moved) < 0.8 * whole(0 * moved)
    if cost > 0.1:
        assert found == pytest.approx(moved, abs=0.02)
    assert descent.logits(held).numpy() == pytest.approx(
        rows @ np.r_[descent.weights.numpy(), descent.bias.numpy()[None]], abs=1e-4
    )


def test_where_to_start_is_left_as_it_was() -> None:
    held, composed = matrices()
    start, bias = torch.ones(FEATURES, OUTPUTS), torch.ones(OUTPUTS)
    descent = Descent(held, composed, squares(torch.zeros(ROWS, OUTPUTS)), start, bias)  # type: ignore[arg-type]
    descent.descend(0.1)
    assert start.eq(1).all()
    assert bias.eq(1).all()
    assert not descent.weights.eq(1).all()


def test_a_stop_comes_after_a_few_steps() -> None:
    held, composed = matrices()
    asked = []

    def stop() -> bool:
        asked.append(True)
        return True

    labels = torch.arange(ROWS) % OUTPUTS
    loss = torch.nn.functional.cross_entropy
    zero = torch.zeros(FEATURES, OUTPUTS), torch.zeros(OUTPUTS)
    stopped = Descent(held, composed, lambda logits: loss(logits, labels), *zero)
    stopped.descend(1e-5, stop)
    solved = Descent(held, composed, lambda logits: loss(logits, labels), *zero)
    solved.descend(1e-5)
    assert FEWEST_STEPS > 1
    assert len(asked) == 1
    assert solved.loss < stopped.loss < math.log(OUTPUTS)


def test_a_loss_that_is_no_number_ends() -> None:
    held, composed = matrices()
    zero = torch.zeros(FEATURES, OUTPUTS), torch.zeros(OUTPUTS)
    descent = Descent(held, composed, lambda logits: logits.sum() * math.nan, *zero)
    descent.descend(0.1)
    assert math.isnan(descent.loss)
    assert descent.weights.eq(0).all()
