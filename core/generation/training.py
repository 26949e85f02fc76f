"""The loop of a language model: next-token cross-entropy, early stopping on the validation loss.

Knows nothing of files, versions or the screen.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from core.events import CheckpointDue, Finished, StepDone
from core.generation.config import LearningConfig
from core.generation.model import CausalTransformer
from core.messages import Message, message
from core.standalone.predict import batches_by_length, pad
from core.text import Examples
from core.training.batches import shuffled_batches

CHECKPOINT_SECONDS = 20.0
IGNORED = -100  # a target that is padding
Windows = Sequence[list[int]]


@dataclass(frozen=True)
class GenerationEpoch:
    """One pass over the training texts; losses in nats per token, perplexity is e to the validation loss (lower is better)."""

    epoch: int
    training_loss: float
    validation_loss: float
    validation_perplexity: float
    best: bool
    seconds: float


@dataclass
class _Progress:
    """Where the run stands; all of it goes into a checkpoint."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)


class _Optimizer:
    """AdamW with warm-up and linear decay."""

    def __init__(self, model: nn.Module, config: LearningConfig, steps: int) -> None:
        self.parameters = list(model.parameters())
        self.gradient_clip = config.gradient_clip
        warmup = max(1, round(steps * config.warmup))

        def factor(step: int) -> float:
            return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

        self.adam = torch.optim.AdamW(
            self.parameters,
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True if self.parameters[0].is_cuda else None,
        )
        self.schedule = LambdaLR(self.adam, factor)

    def step(self, loss: Tensor) -> None:
        self.adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, self.gradient_clip)
        self.adam.step()
        self.schedule.step()

    def state(self) -> dict[str, Any]:
        return copy.deepcopy({"adam": self.adam.state_dict(), "schedule": self.schedule.state_dict()})

    def restore(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state["adam"])
        self.schedule.load_state_dict(state["schedule"])


def train(
    model: CausalTransformer,
    training_set: Callable[[int], Windows],
    validation: Windows,
    config: LearningConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn to predict each token from those before it; the model ends with the best epoch's weights.

    Parameters
    ----------
    model
        Changed in place.
    training_set
        The windows (see `core.generation.tokens.windows`) of an epoch, counted from 1; of the same number each time.
    should_stop
        Asked after every step; when true, the run ends and keeps the best epoch so far.
    resume
        The state of an earlier `CheckpointDue` of the same run: continues bit for bit.

    Yields
    ------
    Event
        `StepDone`, `GenerationEpoch` and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    device = device or torch.device("cpu")
    model.to(device).train()
    steps = math.ceil(len(training_set(1)) / config.batch_size)
    optimizer = _Optimizer(model, config, steps * config.epochs)
    progress = _Progress()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        if resume is not None:
            _restore(resume, model, optimizer, progress)
        saved_at = time.monotonic()
        reason = message("training.epochs_used_up", "All {epochs} epochs were run.", epochs=config.epochs)
        while progress.epoch <= config.epochs:
            started = time.monotonic()
            examples = _as_examples(training_set(progress.epoch))
            batches = shuffled_batches(examples, config.batch_size, seed=config.seed, epoch=progress.epoch)
            done = 0
            for rows in batches[progress.step :]:
                loss = _loss(model, [examples.ids[row] for row in rows], device)
                optimizer.step(loss)
                progress.step += 1
                progress.loss_sum += loss.item()
                done += len(rows)
                speed = done / max(time.monotonic() - started, 1e-9)
                mean = progress.loss_sum / progress.step
                yield StepDone(progress.epoch, config.epochs, progress.step, len(batches), mean, speed)
                if should_stop():
                    break
                if time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
                    saved_at = time.monotonic()
                    yield CheckpointDue(_state(model, optimizer, progress))
            if progress.step < len(batches):
                reason = _stopped_by_hand()
                break
            yield _end_epoch(
                model, validation, progress, time.monotonic() - started, keep_last=not config.loss_patience
            )
            progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
            if config.loss_patience and progress.epoch - 1 - progress.best_epoch >= config.loss_patience:
                reason = _no_longer_better(config)
                break
            if should_stop():
                reason = _stopped_by_hand()
                break
    if progress.best_weights:
        model.load_state_dict(progress.best_weights)
    model.eval()
    yield Finished(progress.best_epoch, progress.epoch - 1, reason)


@torch.no_grad()
def mean_loss(model: CausalTransformer, windows: Windows, *, batch_size: int = 64) -> float:
    """Mean of −log p over all predicted tokens, in nats; the model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    device = model.embedding.weight.device
    total, tokens = 0.0, 0
    for rows in batches_by_length(windows, batch_size):
        chosen = [windows[row] for row in rows]
        count = sum(len(window) - 1 for window in chosen)
        total += float(_loss(model, chosen, device)) * count
        tokens += count
    model.train(was_training)
    return total / max(tokens, 1)


def _loss(model: CausalTransformer, windows: Windows, device: torch.device) -> Tensor:
    """Mean cross-entropy of all tokens that are predicted in these windows."""
    padded, mask = pad(windows)
    tokens = torch.from_numpy(padded).to(device)
    targets = torch.where(torch.from_numpy(mask).to(device), tokens, IGNORED)[:, 1:]
    logits = model(tokens[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def _as_examples(windows: Windows) -> Examples:
    return Examples(("",) * len(windows), np.zeros(len(windows), dtype=np.int64), tuple(windows))


def _end_epoch(
    model: CausalTransformer, validation: Windows, progress: _Progress, seconds: float, *, keep_last: bool
) -> GenerationEpoch:
    """Measure the validation texts, and keep the weights when they are the best so far, or always with ``keep_last``."""
    loss = mean_loss(model, validation)
    best = keep_last or loss < progress.best_loss
    if best:
        progress.best_epoch, progress.best_loss = progress.epoch, loss
        progress.best_weights = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    training = progress.loss_sum / max(progress.step, 1)
    return GenerationEpoch(progress.epoch, training, loss, perplexity(loss), best, seconds)


def perplexity(loss: float) -> float:
    """``e^loss``, or the largest that a float holds."""
    return math.exp(min(loss, 700.0))


def _state(model: CausalTransformer, optimizer: _Optimizer, progress: _Progress) -> dict[str, Any]:
    return {
        "model": {name: value.detach().cpu().clone() for name, value in model.state_dict().items()},
        "optimizer": optimizer.state(),
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }


def _restore(state: dict[str, Any], model: CausalTransformer, optimizer: _Optimizer, progress: _Progress) -> None:
    model.load_state_dict(state["model"])
    optimizer.restore(state["optimizer"])
    torch.set_rng_state(state["random"])
    for name, value in state["progress"].items():
        setattr(progress, name, value)


def _no_longer_better(config: LearningConfig) -> Message:
    return message(
        "generation.stopped_early",
        "Stopped early: the validation loss had not fallen for {patience} epochs.",
        patience=config.loss_patience,
    )


def _stopped_by_hand() -> Message:
    return message("training.stopped_by_hand", "Stopped by hand; the best epoch so far was kept.")
