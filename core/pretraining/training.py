"""The loop of masked-language-model training, as a generator of events; knows nothing of files, stores or the screen."""

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
from core.messages import Message, message
from core.models.networks import arithmetic
from core.pretraining.config import PretrainConfig
from core.pretraining.masking import Masks, hide
from core.pretraining.model import MaskedLanguageModel
from core.standalone.predict import batches_by_length, pad
from core.text import Examples
from core.training.batches import shuffled_batches

CHECKPOINT_SECONDS = 20.0
_CHECKPOINT_SHARE = 0.1  # of the time that checkpoints may take: those of a large encoder are slow to write
_MEASURED_SEED = 20_190_624  # hides the same held-out tokens after every epoch of every run
_MEASURED_AT_ONCE = 64

Pieces = Sequence[list[int]]


@dataclass(frozen=True)
class PretrainingEpoch:
    """One pass over the texts; losses in nats per hidden token, perplexity is e to the validation loss (lower is better).

    Figures named ``validation_`` are of held-out texts: accuracy is the share of hidden tokens guessed exactly, 0 to 1.
    """

    epoch: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float
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

    def __init__(self, model: nn.Module, config: PretrainConfig, steps: int) -> None:
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.gradient_clip = config.gradient_clip
        warmup = max(1, round(steps * config.warmup))

        def factor(step: int) -> float:
            return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

        self.adam = torch.optim.AdamW(
            self.parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self.schedule = LambdaLR(self.adam, factor)

    def step(self, loss: Tensor) -> None:
        self.adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, self.gradient_clip)
        self.adam.step()
        self.schedule.step()


def pretrain(
    model: MaskedLanguageModel,
    pieces: Pieces,
    held_out: Pieces,
    masks: Masks,
    config: PretrainConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn to guess hidden tokens; the model ends with the weights of the epoch that guessed held-out texts best.

    Parameters
    ----------
    model
        Changed in place.
    pieces, held_out
        Token ids of the texts (see `core.pretraining.tokens.Reader`), and of those that are never learned from.
    should_stop
        Asked after every step; when true, the run ends and keeps the best epoch so far.
    resume
        The state of an earlier `CheckpointDue` of the same run: continues bit for bit.

    Yields
    ------
    Event
        `StepDone`, `PretrainingEpoch` and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    device = device or torch.device("cpu")
    model.to(device).train()
    examples = Examples(("",) * len(pieces), np.zeros(len(pieces), dtype=np.int64), tuple(pieces))
    optimizer = _Optimizer(model, config, math.ceil(len(pieces) / config.batch_size) * config.epochs)
    progress = _Progress()
    reason = message("training.epochs_used_up", "All {epochs} epochs were run.", epochs=config.epochs)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        if resume is not None:
            _restore(resume, model, optimizer, progress)
        save_at = time.monotonic() + CHECKPOINT_SECONDS
        while progress.epoch <= config.epochs:
            started = time.monotonic()
            batches = shuffled_batches(examples, config.batch_size, seed=config.seed, epoch=progress.epoch)
            done = 0
            for rows in batches[progress.step :]:
                loss, _ = _guess(model, [pieces[row] for row in rows], masks, config, device)
                optimizer.step(loss)
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
                    save_at = ended + max(CHECKPOINT_SECONDS, (ended - began) / _CHECKPOINT_SHARE)
            if progress.step < len(batches):
                reason = _stopped_by_hand()
                break
            yield _end_epoch(model, held_out, masks, config, progress, time.monotonic() - started)
            progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
            if progress.epoch <= config.epochs and should_stop():
                reason = _stopped_by_hand()
                break
    if progress.best_weights:
        model.load_state_dict(progress.best_weights)
    model.eval()
    yield Finished(progress.best_epoch, progress.epoch - 1, reason)


@torch.no_grad()
def measure(model: MaskedLanguageModel, held_out: Pieces, masks: Masks, config: PretrainConfig) -> tuple[float, float]:
    """Mean loss in nats and share of right guesses over hidden tokens of these texts, the same ones at each call."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(_MEASURED_SEED)
    losses, right, count = 0.0, 0, 0
    for rows in batches_by_length(held_out, _MEASURED_AT_ONCE):
        loss, hits = _guess(model, [held_out[row] for row in rows], masks, config, device, generator)
        losses += loss.item() * len(hits)
        right += int(hits.sum())
        count += len(hits)
    model.train(was_training)
    return losses / count, right / count


def commonest_accuracy(pieces: Pieces, held_out: Pieces, masks: Masks) -> float:
    """Share of tokens of the held-out texts that are the most common token of the others: guessing without reading."""
    counts = _counts(pieces, masks)
    found = _counts(held_out, masks)
    return float(found[int(counts.argmax())] / max(1.0, float(found.sum())))


def _counts(pieces: Pieces, masks: Masks) -> Tensor:
    ids = torch.tensor([number for piece in pieces for number in piece[masks.lead :]])
    return torch.bincount(ids, minlength=len(masks.special)).float().masked_fill(masks.special, 0.0)


def _guess(
    model: MaskedLanguageModel,
    pieces: Pieces,
    masks: Masks,
    config: PretrainConfig,
    device: torch.device,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Loss over hidden tokens, and which of them were guessed; only these count."""
    tokens, mask = (torch.from_numpy(array) for array in pad(pieces))
    read, chosen = hide(tokens, mask, masks, config.masked_share, generator)
    read, mask, chosen, truth = (_moved(tensor, device) for tensor in (read, mask, chosen, tokens[chosen]))
    with arithmetic(config.precision if model.training else "float32", device):
        logits = model(read, mask, chosen)
    logits = logits.float()
    return functional.cross_entropy(logits, truth), logits.argmax(dim=1) == truth


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    # Copied while the card is still at work on the batch before.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def _end_epoch(
    model: MaskedLanguageModel,
    held_out: Pieces,
    masks: Masks,
    config: PretrainConfig,
    progress: _Progress,
    seconds: float,
) -> PretrainingEpoch:
    """Measure on held-out texts, and keep the weights when they are the best so far."""
    loss, accuracy = measure(model, held_out, masks, config)
    best = loss < progress.best_loss
    if best:
        progress.best_epoch, progress.best_loss = progress.epoch, loss
        progress.best_weights = _weights(model)
    perplexity = math.exp(min(loss, 700.0))  # beyond that there is no such number
    training_loss = progress.loss_sum / progress.step
    return PretrainingEpoch(progress.epoch, training_loss, loss, accuracy, perplexity, best, seconds)


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _state(model: MaskedLanguageModel, optimizer: _Optimizer, progress: _Progress) -> dict[str, Any]:
    return {
        "model": _weights(model),
        "adam": copy.deepcopy(optimizer.adam.state_dict()),
        "schedule": optimizer.schedule.state_dict(),
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }


def _restore(state: dict[str, Any], model: MaskedLanguageModel, optimizer: _Optimizer, progress: _Progress) -> None:
    model.load_state_dict(state["model"])
    optimizer.adam.load_state_dict(state["adam"])
    optimizer.schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"])
    for name, value in state["progress"].items():
        setattr(progress, name, value)


def _stopped_by_hand() -> Message:
    return message("training.stopped_by_hand", "Stopped by hand; the best epoch so far was kept.")
