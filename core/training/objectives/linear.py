"""A linear model of sparse features, solved to convergence.

Knows nothing of files or versions; a generator of events, as the training loop is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse
import torch
from scipy.optimize import minimize
from torch import Tensor

from core.base.events import EpochDone, Event, Finished, StepDone
from core.base.messages import message
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.linear import LinearNgrams
from core.networks.text.examples import Examples
from core.training.loop import stopped_by_hand

# What a weight of 1 costs is half of one over this, in rows whose loss is 1; from the strongest to the weakest.
FREEDOM = {"strong": 1.0, "medium": 4.0, "weak": 16.0, "very_weak": 64.0}
SOLVED = {
    "strong": message("training.solved_strong", "Solved to convergence; regularisation: strong."),
    "medium": message("training.solved_medium", "Solved to convergence; regularisation: medium."),
    "weak": message("training.solved_weak", "Solved to convergence; regularisation: weak."),
    "very_weak": message("training.solved_very_weak", "Solved to convergence; regularisation: very weak."),
}
SOLVER = {"maxiter": 1000, "maxcor": 5, "ftol": 1e-5, "gtol": 1e-6}


def solve(
    model: LinearNgrams,
    strategy: Strategy,
    experience: Experience,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Find the weights at which the loss of the strategy's rows and the cost of moving weights are smallest together.

    Weights start, and are held, where the version before has left them; at a first training that is 0. How firmly is a
    setting, or is found out: regularisation is loosened step by step, each time from the weights found before, as long as
    the loss of the validation rows gets smaller. The loss says more than a score: with few or uneven rows, a model that only
    ever answers the most frequent target may score best by chance. Each step is told as an epoch.

    Parameters
    ----------
    model
        The model, changed in place.
    should_stop
        A function asked between steps; then the best weights so far are kept.

    Yields
    ------
    Event
        `StepDone`, an `EpochDone` for each regularisation, and `Finished`.

    References
    ----------
    Fan et al. 2008, "LIBLINEAR" (the loss and its path); Liu & Nocedal 1989 (L-BFGS).
    """
    rows, validation = strategy.training_set(experience, 1), strategy.validation_set(experience)
    problem = _Problem(model, rows, experience)
    unseen = model.held(validation.ids) if len(validation) else None
    asked = model.config.regularisation
    if asked == "auto":
        path = list(FREEDOM) if unseen is not None else ["medium"]
    else:
        path = [asked]
    least = math.inf
    kept, epoch, name = problem.values(), 0, path[0]
    for number, strength in enumerate(path, start=1):
        started = time.monotonic()
        problem.descend(FREEDOM[strength], should_stop)
        yield StepDone(number, len(path), 1, 1, problem.loss, len(rows) / max(time.monotonic() - started, 1e-9))
        if unseen is None:
            kept, epoch = problem.values(), number
            break
        logits = problem.logits(unseen)
        lost = float(problem.criterion(torch.from_numpy(logits), torch.from_numpy(validation.targets)))
        better = lost < least
        if better:
            least, kept, epoch, name = lost, problem.values(), number, strength
        measured = experience.task.measure(logits, validation.targets)
        yield EpochDone(number, problem.loss, lost, measured, better, time.monotonic() - started)
        if should_stop() or not better:
            break
    model.set_effective(*kept)
    model.eval()
    yield Finished(epoch, number, stopped_by_hand() if should_stop() else SOLVED[name])


class _Problem:
    """Loss of all rows and its slope, and the weights as they are."""

    def __init__(self, model: LinearNgrams, rows: Examples, experience: Experience) -> None:
        weights, bias = (value.numpy() for value in model.effective())
        begun = [*range(experience.known_outputs), *experience.parents]  # the others begin at nothing
        fresh = np.setdiff1d(np.arange(len(bias)), begun)
        weights[:, fresh], bias[fresh] = 0, 0
        self.criterion, self.loss = experience.criterion(rows.targets), math.nan
        self._held, self._composed = model.held(rows.ids), model.composition()
        self._across = [scipy.sparse.csr_array(matrix.T) for matrix in (self._held, self._composed)]
        self._targets = torch.from_numpy(rows.targets)
        self._weights, self._bias, self._start = weights, bias, weights

    def values(self) -> tuple[Tensor, Tensor]:
        """Weights (features, outputs) and bias."""
        return torch.from_numpy(self._weights), torch.from_numpy(self._bias)

    def logits(self, held: scipy.sparse.csr_array) -> np.ndarray:
        """Logits, float32 (rows, outputs), of texts that hold these units."""
        return np.asarray(held @ (self._composed @ self._weights) + self._bias)

    def descend(self, freedom: float, should_stop: Callable[[], bool]) -> None:
        """Walk to where the loss and the cost of what has moved are smallest together, or until it shall stop."""
        cost = 1 / (freedom * len(self._targets))
        of_units, of_features = self._across

        def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
            self._take(flat)
            logits = torch.from_numpy(self.logits(self._held)).requires_grad_()
            loss = self.criterion(logits, self._targets)
            (slope,) = torch.autograd.grad(loss, logits)
            moved = self._weights - self._start
            below = of_features @ (of_units @ slope.numpy()) + cost * moved
            self.loss = float(loss.detach())
            return self.loss + cost / 2 * float(np.vdot(moved, moved)), np.concatenate(
                [below.ravel(), slope.sum(dim=0).numpy()]
            )

        def after_step(intermediate_result: Any) -> None:
            if should_stop():
                raise StopIteration

        flat = np.concatenate([self._weights.ravel(), self._bias])
        self._take(minimize(value, flat, jac=True, method="L-BFGS-B", callback=after_step, options=SOLVER).x)

    def _take(self, flat: np.ndarray) -> None:
        outputs = len(self._bias)
        self._weights = flat[:-outputs].reshape(-1, outputs).astype(np.float32)
        self._bias = flat[-outputs:].astype(np.float32)
