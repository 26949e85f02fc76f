"""The training loop: epochs of steps, early stopping, checkpoints; a generator of events.

What is learned is an `Objective`. The loop knows nothing of texts and targets, nor of progress bars, files or registries.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.base.events import CheckpointDue, Event, Finished, PartDone, StepDone
from core.base.messages import Message, message
from core.base.settings import OptimiserConfig
from core.base.threads import learning_threads
from core.training.optimiser import Optimizer

CHECKPOINT_SECONDS = 20.0
CHECKPOINT_SHARE = 0.1  # of the time that checkpoints may take: those of a large encoder are slow to write

Rows = NDArray[Any]
EpochScore = tuple[float, ...]  # compared from left to right, higher is better


class Objective:
    """What is learned: the batches of an epoch, the loss of a batch, and how good the model is after an epoch.

    ``patience`` is the number of epochs without a better score after which the loop stops. With 0 all epochs are run and the
    last one's weights are kept; with None all are run and the best one's are kept.
    """

    patience: int | None = None
    accumulated: int = 1  # batches whose gradients make one step

    def batches(self, epoch: int) -> Sequence[Rows]:
        """Row numbers of each batch of an epoch, which counts from 1; of the same number in each."""
        raise NotImplementedError

    def loss(self, rows: Rows) -> Tensor:
        """Mean loss of a batch of the epoch that was asked for last, a scalar to be made smaller."""
        raise NotImplementedError

    def before_step(self) -> None:
        """Look at the gradients, and change them; called when those of a whole step are there."""

    def after_step(self) -> None:
        """Look at the weights that a step has changed."""

    def measure(self) -> tuple[EpochScore, Callable[[int, float, bool, float], PartDone]] | None:
        """Score the model on rows that it never learns from; None where nothing is measured, and no weights are put by.

        The second value makes the event of the epoch from its number, its mean training loss, whether it is the best so
        far, and its seconds.
        """
        return None

    def stopped_early(self) -> Message:
        """Why it ended when patience ran out."""
        raise NotImplementedError

    def state(self) -> dict[str, Tensor]:
        """What the objective itself must remember of the steps so far."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from what `state` gave."""


@dataclass
class _Progress:
    """Where the run stands; all of it goes into a checkpoint."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_score: EpochScore = (-math.inf,)
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def run(
    model: nn.Module,
    objective: Objective,
    optimizer: Optimizer,
    config: OptimiserConfig,
    *,
    device: torch.device,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Learn; the model, which lies on the device, ends with the best epoch's weights.

    Parameters
    ----------
    model
        The model, changed in place.
    should_stop
        A function asked after every step; when true, the run ends and keeps the best epoch so far.
    resume
        The state of an earlier `CheckpointDue` of the same run: continues bit for bit.

    Yields
    ------
    Event
        `StepDone`, a `PartDone` of each epoch, and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    progress = _Progress()
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with learning_threads(_multiplied(model)), forked:
        torch.manual_seed(config.seed)
        if resume is not None:
            _restore(resume, model, optimizer, objective, progress)
        save_at = time.monotonic() + CHECKPOINT_SECONDS
        reason = epochs_used_up(config.epochs)
        while progress.epoch <= config.epochs:
            started = time.monotonic()
            batches = objective.batches(progress.epoch)
            done = 0
            for rows in batches[progress.step :]:
                loss = objective.loss(rows)
                if progress.step % objective.accumulated == 0:
                    optimizer.zero_grad()
                (loss / objective.accumulated).backward()  # type: ignore[no-untyped-call]
                progress.step += 1
                complete = progress.step % objective.accumulated == 0 or progress.step == len(batches)
                if complete:
                    objective.before_step()
                    optimizer.step()
                    objective.after_step()
                progress.loss_sum += loss.item()
                done += len(rows)
                speed = done / max(time.monotonic() - started, 1e-9)
                mean = progress.loss_sum / progress.step
                yield StepDone(progress.epoch, config.epochs, progress.step, len(batches), mean, speed)
                if should_stop():
                    break
                if complete and time.monotonic() >= save_at:
                    began = time.monotonic()
                    yield CheckpointDue(_state(model, optimizer, objective, progress))
                    ended = time.monotonic()
                    save_at = ended + max(CHECKPOINT_SECONDS, (ended - began) / CHECKPOINT_SHARE)
            if progress.step < len(batches):
                reason = stopped_by_hand()
                break
            yield from _end_epoch(model, objective, progress, time.monotonic() - started)
            progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
            if objective.patience and progress.epoch - 1 - progress.best_epoch >= objective.patience:
                reason = objective.stopped_early()
                break
            if progress.epoch <= config.epochs and should_stop():
                reason = stopped_by_hand()
                break
    if progress.best_weights:
        model.load_state_dict(model.state_dict() | progress.best_weights)
    model.eval()
    if objective.patience and reason == epochs_used_up(config.epochs) and 1 < progress.best_epoch == config.epochs:
        reason = best_at_the_end(config.epochs)
    yield Finished(progress.best_epoch, progress.epoch - 1, reason)


def learned_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy, on the CPU, of all that learning may change; what is frozen can be had again from where it came."""
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items() if name not in frozen}


def epochs_used_up(epochs: int) -> Message:
    return message("training.epochs_used_up", "All {epochs} epochs were run.", epochs=epochs)


def best_at_the_end(epochs: int) -> Message:
    """Why a run ended whose last epoch was better than all before it."""
    return message(
        "training.best_at_the_end",
        "All {epochs} epochs were run, and the last of them was the best: more epochs may help.",
        epochs=epochs,
    )


def stopped_by_hand() -> Message:
    """Why a run ended that was stopped, by somebody or because time was up."""
    return message("training.stopped_by_hand", "Stopped before the end; the best epoch so far was kept.")


def _end_epoch(model: nn.Module, objective: Objective, progress: _Progress, seconds: float) -> Iterator[PartDone]:
    """Measure, and keep the weights when they are the best so far, or always with a patience of 0."""
    measured = objective.measure()
    if measured is None:
        return
    score, event = measured
    best = objective.patience == 0 or score > progress.best_score
    if best:
        progress.best_epoch, progress.best_score = progress.epoch, score
        progress.best_weights = learned_weights(model)
    yield event(progress.epoch, progress.loss_sum / max(progress.step, 1), best, seconds)


def _multiplied(model: nn.Module) -> int:
    """How many numbers a step multiplies with: rows of embeddings are only looked up."""
    looked_up = (module.weight for module in model.modules() if isinstance(module, nn.Embedding | nn.EmbeddingBag))
    return sum(value.numel() for value in model.parameters()) - sum(weight.numel() for weight in looked_up)


def _state(model: nn.Module, optimizer: Optimizer, objective: Objective, progress: _Progress) -> dict[str, Any]:
    return {
        "model": learned_weights(model),
        "optimizer": optimizer.state(),
        "strategy": objective.state(),
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }


def _restore(
    state: dict[str, Any], model: nn.Module, optimizer: Optimizer, objective: Objective, progress: _Progress
) -> None:
    model.load_state_dict(model.state_dict() | state["model"])
    optimizer.restore(state["optimizer"])
    objective.restore(state.get("strategy", {}))
    torch.set_rng_state(state["random"])
    stored = dict(state["progress"])
    if "best_loss" in stored:  # of a language model's run in an earlier edition
        stored["best_score"] = (-stored.pop("best_loss"),)
    for name, value in stored.items():
        setattr(progress, name, value)
    progress.best_score = tuple(progress.best_score)  # storage may have turned it into a list
