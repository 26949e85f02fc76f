"""The loop of everything that learns by guessing tokens: hidden ones or the next ones. A generator of events.

Knows nothing of files, versions or the screen, nor of what is guessed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.events import CheckpointDue, Finished, LanguageEpoch, StepDone
from core.messages import message
from core.settings import StepConfig
from core.text import Examples
from core.training.batches import shuffled_batches
from core.training.loop import CHECKPOINT_SECONDS, epochs_used_up, learned_weights, stopped_by_hand
from core.training.optimizer import Optimizer

CHECKPOINT_SHARE = 0.1  # of the time that checkpoints may take: those of a large encoder are slow to write

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
        Stop when the measured loss has not fallen for so many epochs. 0 runs all and keeps the last; None runs all
        and keeps the best.
    """

    training_set: Callable[[int], Pieces]
    loss: Callable[[Pieces], Tensor]
    measure: Callable[[], tuple[float, float | None]]
    patience: int | None = None


@dataclass
class _Progress:
    """Where the run stands; all of it goes into a checkpoint."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def learn_tokens(
    model: nn.Module,
    task: GuessingTask,
    config: StepConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn to guess tokens; the model ends with the best epoch's weights.

    Parameters
    ----------
    model
        Changed in place.
    should_stop
        Asked after every step; when true, the run ends and keeps the best epoch so far.
    resume
        The state of an earlier `CheckpointDue` of the same run: continues bit for bit.

    Yields
    ------
    Event
        `StepDone`, `LanguageEpoch` and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    device = device or torch.device("cpu")
    model.to(device).train()
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    steps = math.ceil(len(task.training_set(1)) / config.batch_size)
    optimizer = Optimizer([(None, learned)], config, steps * config.epochs)
    progress, reason = _Progress(), epochs_used_up(config.epochs)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        if resume is not None:
            _restore(resume, model, optimizer, progress)
        save_at = time.monotonic() + CHECKPOINT_SECONDS
        while progress.epoch <= config.epochs:
            started = time.monotonic()
            pieces = task.training_set(progress.epoch)
            batches = _batches(pieces, config, progress.epoch)
            done = 0
            for rows in batches[progress.step :]:
                loss = task.loss([pieces[row] for row in rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                progress.step += 1
                progress.loss_sum += loss.item()
                done += len(rows)
                speed = done / max(time.monotonic() - started, 1e-9)
                mean = progress.loss_sum / progress.step
                yield StepDone(progress.epoch, config.epochs, progress.step, len(batches), mean, speed)
                if should_stop():
                    break
                if time.monotonic() >= save_at:
                    began = time.monotonic()
                    yield CheckpointDue(_state(model, optimizer, progress))
                    ended = time.monotonic()
                    save_at = ended + max(CHECKPOINT_SECONDS, (ended - began) / CHECKPOINT_SHARE)
            if progress.step < len(batches):
                reason = stopped_by_hand()
                break
            yield _end_epoch(model, task, progress, time.monotonic() - started)
            progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
            if task.patience and progress.epoch - 1 - progress.best_epoch >= task.patience:
                reason = message(
                    "generation.stopped_early",
                    "Stopped early: the validation loss had not fallen for {patience} epochs.",
                    patience=task.patience,
                )
                break
            if progress.epoch <= config.epochs and should_stop():
                reason = stopped_by_hand()
                break
    if progress.best_weights:
        model.load_state_dict(model.state_dict() | progress.best_weights)
    model.eval()
    yield Finished(progress.best_epoch, progress.epoch - 1, reason)


def perplexity(loss: float) -> float:
    """``e^loss``, or the largest that a float holds."""
    return math.exp(min(loss, 700.0))


def _batches(pieces: Pieces, config: StepConfig, epoch: int) -> list[np.ndarray]:
    examples = Examples(("",) * len(pieces), np.zeros(len(pieces), dtype=np.int64), tuple(pieces))
    return shuffled_batches(examples, config.batch_size, seed=config.seed, epoch=epoch)


def _end_epoch(model: nn.Module, task: GuessingTask, progress: _Progress, seconds: float) -> LanguageEpoch:
    """Measure, and keep the weights when they are the best so far, or always with a patience of 0."""
    loss, accuracy = task.measure()
    best = task.patience == 0 or loss < progress.best_loss
    if best:
        progress.best_epoch, progress.best_loss = progress.epoch, loss
        progress.best_weights = learned_weights(model)
    training = progress.loss_sum / max(progress.step, 1)
    return LanguageEpoch(progress.epoch, training, loss, perplexity(loss), best, seconds, accuracy)


def _state(model: nn.Module, optimizer: Optimizer, progress: _Progress) -> dict[str, Any]:
    return {
        "model": learned_weights(model),
        "optimizer": optimizer.state(),
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }


def _restore(state: dict[str, Any], model: nn.Module, optimizer: Optimizer, progress: _Progress) -> None:
    model.load_state_dict(model.state_dict() | state["model"])
    optimizer.restore(state["optimizer"])
    torch.set_rng_state(state["random"])
    for name, value in state["progress"].items():
        setattr(progress, name, value)
