"""What is learned from texts with targets: the loss that a strategy makes of a batch; validation rows are scored by the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.base.events import EpochDone, Event, PartDone
from core.base.messages import Message, message
from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, drop_tokens, make_batch, predict_features
from core.networks.encoders.feature_map import fit_feature_map
from core.networks.text.examples import Examples
from core.training.batches import shuffled_batches
from core.training.config import TrainingConfig
from core.training.loop import EpochScore, Objective, Rows, run
from core.training.optimiser import Optimizer

SCALED_BY = 2000  # rows that the scale of features is taken from at most


def train(
    model: TextNetwork,
    strategy: Strategy,
    experience: Experience,
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Learn one experience with early stopping on the validation rows; the model ends with the best epoch's weights.

    With a patience of 0 all epochs are run, and the last one's weights are kept.

    Parameters
    ----------
    model
        The model, changed in place.
    should_stop, resume
        Those of `core.training.loop.run`, whose events are yielded; an epoch's is `EpochDone`.
    """
    device = device or torch.device("cpu")
    model.to(device)
    if model.encodes_once and model.lift is None and resume is None:
        _scale_features(model, experience.treated(strategy.training_set(experience, 1)), device)
    model.train()
    objective = Targets(model, strategy, experience, config, device)
    optimizer = Optimizer(model.parameter_groups(), config, objective.steps * config.epochs, model.sparse_parameters())
    yield from run(model, objective, optimizer, config, device=device, should_stop=should_stop, resume=resume)


class Targets(Objective):
    """The target of each text; early stopping as the task compares epochs."""

    def __init__(
        self,
        model: TextNetwork,
        strategy: Strategy,
        experience: Experience,
        config: TrainingConfig,
        device: torch.device,
    ) -> None:
        self.patience = config.patience
        self.accumulated = config.gradient_accumulation
        self._model, self._strategy, self._experience = model, strategy, experience
        self._config, self._device = config, device
        self._validation = strategy.validation_set(experience)
        # Both the loss and the schedule depend only on the first epoch's size, so that a resumed run agrees.
        self._examples = experience.treated(strategy.training_set(experience, 1))
        self._criterion = experience.criterion(self._examples)
        self.steps = math.ceil(math.ceil(len(self._examples) / config.batch_size) / self.accumulated)
        self._batch: Batch | None = None

    def batches(self, epoch: int) -> Sequence[Rows]:
        config = self._config
        self._examples = self._experience.treated(self._strategy.training_set(self._experience, epoch))
        return shuffled_batches(
            self._examples, config.batch_size, seed=config.seed, epoch=epoch, by_length=config.group_by_length
        )

    def loss(self, rows: Rows) -> Tensor:
        self._batch = make_batch(self._examples, rows, self._device)
        seen = drop_tokens(self._batch, self._config.word_dropout, self._model.hiding_token)
        return self._strategy.loss(self._model, seen, self._criterion)

    def before_step(self) -> None:
        assert self._batch is not None
        self._strategy.adjust_gradients(self._model, self._batch)

    def after_step(self) -> None:
        self._strategy.after_step(self._model)

    def measure(self) -> tuple[EpochScore, Callable[[int, float, bool, float], PartDone]]:
        task, outputs = self._experience.task, self._experience.outputs
        measured, loss = task.validate(self._model, self._validation, self._criterion, self._device, outputs)

        def event(epoch: int, training_loss: float, best: bool, seconds: float) -> EpochDone:
            return EpochDone(epoch, training_loss, loss, measured, best, seconds)

        return task.better(measured, loss), event

    def stopped_early(self) -> Message:
        return message(
            "training.stopped_early",
            "Stopped early: the score on the validation rows had not improved for {patience} epochs.",
            patience=self.patience,
        )

    def state(self) -> dict[str, Tensor]:
        return {name: value.cpu().clone() for name, value in self._strategy.running_state().items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._strategy.resume(state)


def _scale_features(model: TextNetwork, examples: Examples, device: torch.device) -> None:
    """Let the head read features that all move by about 1; an encoder that does not learn cannot see to that itself."""
    some = np.linspace(0, len(examples) - 1, min(SCALED_BY, len(examples))).round().astype(np.int64)
    model.set_feature_map(fit_feature_map(predict_features(model, examples.take(some), device), "none", 0, scale=True))
