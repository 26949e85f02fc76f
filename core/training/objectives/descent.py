"""Weights of sparse features at which a loss, and a cost for every weight that has moved, are smallest together.

Knows nothing of models, tasks or events.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

Loss = Callable[[Tensor], Tensor]  # logits of all rows, (rows, outputs) → their mean loss

PAIRS = 3  # steps that tell how the slope changes
FEWEST_STEPS = 8  # before which the weights say little, so that nobody wants them
MOST_STEPS = 1000
SOLVED = 3e-4  # a step that gains less than this share of what is left was the last
LEVEL = 0.1  # of the slope at a step's beginning: what may be left of it at its end
MOST_TRIES = 12  # lengths of one step


class Descent:
    """A loss of sparse rows, and the weights as they are.

    The logits of a row are the sum of its units, a unit being the sum of its features' weights; the two sparse matrices are
    never multiplied out. Each step needs one product with them forwards and one backwards: how far to go is found out on the
    logits alone. What moves a weight is divided by how strongly the loss bends along it: some features stand in most rows, most
    in few, and without that it would take many steps.

    Parameters
    ----------
    held
        What each row holds of each unit, float32 (rows, units).
    composed
        What each unit has of each feature, float32 (units, features).
    weights, bias
        Where to start, float32 (features, outputs) and (outputs). A cost is for what has moved from there; the bias is free.

    Attributes
    ----------
    loss
        Mean loss of the rows at the last step, without the cost; NaN before the first.

    References
    ----------
    Liu & Nocedal 1989, "On the limited memory BFGS method for large scale optimization".
    """

    def __init__(
        self,
        held: scipy.sparse.csr_array,
        composed: scipy.sparse.csr_array,
        loss: Loss,
        weights: Tensor,
        bias: Tensor,
    ) -> None:
        self.loss = math.nan
        self._measure, self._held, self._composed = loss, _narrow(held), _narrow(composed)
        self._across = [_narrow(scipy.sparse.csr_array(matrix.T)) for matrix in (self._held, self._composed)]
        self._start = torch.cat([weights, bias[None]])  # the bias stands in the last row
        self._now = self._start
        # How much each feature bends the loss of one output: its mean square, times what softmax has at a surer half.
        ones = np.ones((held.shape[0], 1), dtype=np.float32)
        squares = self._across[1].power(2) @ (self._across[0].power(2) @ ones) / max(1, held.shape[0])
        self._bend = torch.from_numpy(np.append(squares, [[1]], axis=0).astype(np.float32)) / (4 * max(2, len(bias)))

    @property
    def weights(self) -> Tensor:
        """Weights as they are, (features, outputs)."""
        return self._now[:-1]

    @property
    def bias(self) -> Tensor:
        return self._now[-1]

    def logits(self, held: scipy.sparse.csr_array) -> Tensor:
        """Logits, float32 (rows, outputs), of rows that hold these units."""
        return self._forward(held, self._now)

    def descend(self, cost: float, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Walk to where loss and cost are smallest together, or until it shall stop, some steps at least.

        Parameters
        ----------
        cost
            Twice what a weight costs that has moved by 1, above 0.
        """
        easy = 1 / (self._bend + cost)
        easy[-1] = 1 / self._bend[-1]
        pairs: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=PAIRS)
        logits = self._forward(self._held, self._now)
        self.loss, of_logits = self._slope(logits)
        moved = self._moved()
        least, slope = self.loss + cost / 2 * _dot(moved, moved), self._backward(of_logits, moved, cost)
        for number in range(1, MOST_STEPS + 1):
            step = _direction(slope, pairs, easy)
            downhill = -_dot(slope, step)
            if not downhill > 0:  # there is nothing left to gain, or the loss is no number
                return
            ahead = self._forward(self._held, step)
            weights = step[:-1]
            bent, along = cost * _dot(weights, weights), cost * _dot(moved, weights)
            length, loss, of_logits = self._length(logits, ahead, downhill, along, bent)
            logits += length * ahead
            self._now = self._now + length * step
            moved = self._moved()
            after = self._backward(of_logits, moved, cost)
            change = after - slope
            curvature = length * _dot(step, change)
            if curvature > 0:
                pairs.append((step.mul_(length), change, curvature))
            slope, before = after, least
            self.loss, least = loss, loss + cost / 2 * _dot(moved, moved)
            if not before - least > SOLVED * before or (number >= FEWEST_STEPS and should_stop()):
                return

    def _moved(self) -> Tensor:
        return self._now[:-1] - self._start[:-1]

    def _length(
        self, logits: Tensor, ahead: Tensor, downhill: float, along: float, bent: float
    ) -> tuple[float, float, Tensor]:
        """How many times the step to go until the ground is level; the loss there, and its slope over the logits."""
        length, low, high = 1.0, (0.0, -downhill), None
        for _ in range(MOST_TRIES):
            loss, of_logits = self._slope(logits + length * ahead)
            rise = _dot(of_logits, ahead) + along + length * bent
            if abs(rise) <= LEVEL * downhill or math.isnan(rise):
                break
            if rise > 0:
                high = length, rise
            else:
                low = length, rise
            if high is None:  # it goes down still: to where it would be level if it bent as much as so far
                eased = rise + downhill
                length *= min(10.0, downhill / eased) if eased > 0 else 10.0
            else:
                length = low[0] - low[1] * (high[0] - low[0]) / (high[1] - low[1])
        return length, loss, of_logits

    def _slope(self, logits: Tensor) -> tuple[float, Tensor]:
        """Mean loss, and its slope over the logits."""
        logits = logits.detach().requires_grad_()
        loss = self._measure(logits)
        (slope,) = torch.autograd.grad(loss, logits)
        return float(loss.detach()), slope

    def _forward(self, held: scipy.sparse.csr_array, values: Tensor) -> Tensor:
        return torch.from_numpy(held @ (self._composed @ values[:-1].numpy())) + values[-1]

    def _backward(self, of_logits: Tensor, moved: Tensor, cost: float) -> Tensor:
        """Slope over weights and bias, of the loss and the cost."""
        of_rows, of_units = self._across
        slope = torch.empty_like(self._now)
        torch.add(torch.from_numpy(of_units @ (of_rows @ of_logits.numpy())), moved, alpha=cost, out=slope[:-1])
        slope[-1] = of_logits.sum(dim=0)
        return slope


def _direction(slope: Tensor, pairs: deque[tuple[Tensor, Tensor, float]], easy: Tensor) -> Tensor:
    """Where the loss would be smallest if it bent as the pairs of steps and changes of slope tell."""
    step, shares = -slope, []
    for walked, change, curvature in reversed(pairs):
        shares.append(_dot(walked, step) / curvature)
        step.add_(change, alpha=-shares[-1])
    step.mul_(easy)
    if pairs:
        _, change, curvature = pairs[-1]
        step.mul_(curvature / _dot(change, easy * change))
    for walked, change, curvature in pairs:
        step.add_(walked, alpha=shares.pop() - _dot(change, step) / curvature)
    return step


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.reshape(-1), other.reshape(-1)))


def _narrow(matrix: Any) -> scipy.sparse.csr_array:
    """The same with indices of 32 bits where they do: half the memory to walk through."""
    largest = max(*matrix.shape, matrix.nnz)
    kind = np.int32 if largest < 2**31 else np.int64
    data = matrix.data, matrix.indices.astype(kind, copy=False), matrix.indptr.astype(kind, copy=False)
    return scipy.sparse.csr_array(data, shape=matrix.shape)
