"""The loop of everything that learns by guessing tokens: hidden ones or the next ones. A generator of events.

Knows nothing of files, versions or the screen, nor of what is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.base.events import LanguageEpoch, PartDone
from core.base.messages import Message, message
from core.base.settings import OptimiserConfig
from core.networks.text import Examples
from core.training.batches import shuffled_batches
from core.training.loop import EpochScore, Objective, Rows, run
from core.training.optimiser import Optimizer

Pieces = Sequence[list[int]]


@dataclass(frozen=True)
class GuessingTask:
    """What is learned.

    Parameters
    ----------
    training_set
        Token ids of an epoch's texts, counted from 1; of the same number each time.
    loss
        Mean loss in nats per guessed token of some of these texts, a scalar to be made smaller.
    measure
        The same for texts that are never learned from, and the share of right guesses, 0 to 1, where that is counted.
    patience
        The number of epochs without a fall of the measured loss that ends the run. 0 runs all and keeps the last; None
        runs all and keeps the best.
    """

    training_set: Callable[[int], Pieces]
    loss: Callable[[Pieces], Tensor]
    measure: Callable[[], tuple[float, float | None]]
    patience: int | None = None


def learn_tokens(
    model: nn.Module,
    task: GuessingTask,
    config: OptimiserConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn to guess tokens, in place; the model ends with the best epoch's weights.

    Parameters
    ----------
    should_stop, resume
        Those of `core.training.loop.run`, whose events are yielded; an epoch's is `LanguageEpoch`.
    """
    device = device or torch.device("cpu")
    model.to(device).train()
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    steps = math.ceil(len(task.training_set(1)) / config.batch_size)
    optimizer = Optimizer([(None, learned)], config, steps * config.epochs)
    objective = _Tokens(task, config)
    yield from run(model, objective, optimizer, config, device=device, should_stop=should_stop, resume=resume)


class _Tokens(Objective):
    """Tokens that are guessed; early stopping on their loss in texts that are never learned from."""

    def __init__(self, task: GuessingTask, config: OptimiserConfig) -> None:
        self.patience = task.patience
        self._task, self._config = task, config
        self._pieces: Pieces = ()

    def batches(self, epoch: int) -> Sequence[Rows]:
        self._pieces = pieces = self._task.training_set(epoch)
        examples = Examples(("",) * len(pieces), np.zeros(len(pieces), dtype=np.int64), tuple(pieces))
        return shuffled_batches(examples, self._config.batch_size, seed=self._config.seed, epoch=epoch)

    def loss(self, rows: Rows) -> Tensor:
        return self._task.loss([self._pieces[row] for row in rows])

    def measure(self) -> tuple[EpochScore, Callable[[int, float, bool, float], PartDone]]:
        loss, accuracy = self._task.measure()

        def event(epoch: int, training_loss: float, best: bool, seconds: float) -> LanguageEpoch:
            return LanguageEpoch(epoch, training_loss, loss, perplexity(loss), best, seconds, accuracy)

        return (-loss,), event

    def stopped_early(self) -> Message:
        return message(
            "generation.stopped_early",
            "Stopped early: the validation loss had not fallen for {patience} epochs.",
            patience=self.patience,
        )


def perplexity(loss: float) -> float:
    """``e^loss``, or the largest that a float holds."""
    return math.exp(min(loss, 700.0))
