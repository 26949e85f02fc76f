"""A linear model of sparse features, solved to convergence.

Knows nothing of files or versions; a generator of events, as the training loop is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol, runtime_checkable

import torch

from core.base.events import EpochDone, Event, Finished, StepDone
from core.base.messages import message
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.linear import LinearNgrams
from core.networks.text.examples import Examples
from core.training.loop import stopped_by_hand
from core.training.objectives.descent import Descent

# What a weight of 1 costs is half of one over this, in rows whose loss is 1; from the strongest to the weakest.
FREEDOM = {"strong": 1.0, "medium": 4.0, "weak": 16.0, "very_weak": 64.0}
ROUNDS = 9  # of a loss that balances: its weights settle after some six
SOLVED = {
    "strong": message("training.solved_strong", "Solved to convergence; regularisation: strong."),
    "medium": message("training.solved_medium", "Solved to convergence; regularisation: medium."),
    "weak": message("training.solved_weak", "Solved to convergence; regularisation: weak."),
    "very_weak": message("training.solved_very_weak", "Solved to convergence; regularisation: very weak."),
}


@runtime_checkable
class Balancing(Protocol):
    """A loss that weighs rows by how other rows are answered, and is solved for again with each adjustment."""

    def __call__(self, outputs: torch.Tensor, *truth: torch.Tensor) -> torch.Tensor:
        """The mean loss of rows, as they are weighted now."""

    def cost(self, outputs: torch.Tensor, *truth: torch.Tensor) -> float:
        """What is to be small in the end, of rows that were not learned; weighs nothing."""

    def adjust(self, outputs: torch.Tensor, *truth: torch.Tensor) -> None:
        """Take in how rows that were not learned are answered now."""


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
    Fan et al. 2008, "LIBLINEAR" (the loss and its path).
    """
    rows, validation = experience.treated(strategy.training_set(experience, 1)), strategy.validation_set(experience)
    criterion, truth, unseen_truth = experience.criterion(rows), _truth(rows), _truth(validation)
    weights, bias = model.effective()
    begun = {*range(experience.known_outputs), *experience.parents}
    fresh = [output for output in range(len(bias)) if output not in begun]  # they begin at nothing
    weights[:, fresh], bias[fresh] = 0, 0
    held = model.held(rows.ids)
    descent = Descent(held, model.composition(), lambda logits: criterion(logits, *truth), weights, bias)
    unseen = model.held(validation.ids) if len(validation) else None
    asked = model.config.regularisation
    if asked == "auto":
        path = list(FREEDOM) if unseen is not None else ["medium"]
    else:
        path = [asked]
    least = math.inf
    kept, epoch, name = (weights, bias), 0, path[0]
    for number, strength in enumerate(path, start=1):
        started = time.monotonic()
        descent.descend(1 / (FREEDOM[strength] * max(1, len(rows))), should_stop)
        yield StepDone(number, len(path), 1, 1, descent.loss, len(rows) / max(time.monotonic() - started, 1e-9))
        if unseen is None:
            kept, epoch = (descent.weights, descent.bias), number
            break
        logits = descent.logits(unseen)
        lost = float(criterion(logits, *unseen_truth))
        better = lost < least
        if better:
            least, kept, epoch, name = lost, (descent.weights, descent.bias), number, strength
        measured = experience.task.measure(logits.numpy(), validation.targets, experience.outputs)
        yield EpochDone(number, descent.loss, lost, measured, better, time.monotonic() - started)
        if should_stop() or not better:
            break
    if unseen is not None and isinstance(criterion, Balancing) and not should_stop():
        kept = yield from _balanced(descent, criterion, unseen, unseen_truth, FREEDOM[name] * max(1, len(rows)), kept)
    model.set_effective(*kept)
    model.eval()
    yield Finished(epoch, number, stopped_by_hand() if should_stop() else SOLVED[name])


def _balanced(
    descent: Descent,
    criterion: Balancing,
    unseen: Any,
    truth: list[torch.Tensor],
    freedom: float,
    kept: tuple[torch.Tensor, torch.Tensor],
) -> Generator[Event, None, tuple[torch.Tensor, torch.Tensor]]:
    """Solve again and again, each time with rows weighted by how the validation rows are answered; the best weights by these."""
    descent.descend(1 / freedom)
    least = math.inf
    for number in range(1, ROUNDS + 1):
        logits, started = descent.logits(unseen), time.monotonic()
        if (cost := criterion.cost(logits, *truth)) < least:
            least, kept = cost, (descent.weights, descent.bias)
        if number == ROUNDS:
            break
        criterion.adjust(logits, *truth)
        descent.descend(1 / freedom)
        yield StepDone(number, ROUNDS, 1, 1, descent.loss, len(logits) / max(time.monotonic() - started, 1e-9))
    return kept


def _truth(examples: Examples) -> list[torch.Tensor]:
    """What the loss is given of rows beside their logits."""
    known = [examples.targets] if examples.groups is None else [examples.targets, examples.groups]
    return [torch.from_numpy(values) for values in known]
