"""The training loop, as a generator of events; it knows nothing of progress bars, files or registries."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn

from core.events import CheckpointDue, EpochDone, Event, Finished, StepDone
from core.messages import Message, message
from core.models.base import TextClassifier
from core.models.batches import hide_tokens, make_batch, predict_features, predict_logits
from core.models.lift import fit_lift
from core.strategies.base import Experience, Strategy
from core.text.examples import Examples
from core.threads import learning_threads
from core.training.batches import shuffled_batches
from core.training.config import TrainingConfig
from core.training.optimizer import Optimizer

CHECKPOINT_SECONDS = 20.0
SCALED_BY = 2000  # rows that the scale of features is taken from at most


@dataclass
class _Progress:
    """Where the run stands; all of it goes into a checkpoint."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_score: tuple[float, float] = (-1.0, -math.inf)
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def train(
    model: TextClassifier,
    strategy: Strategy,
    experience: Experience,
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Learn one experience with early stopping on validation macro-F1; the model ends with the best epoch's weights.

    With a patience of 0 all epochs are run, and the last one's weights are kept.

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
        `StepDone`, `EpochDone` and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    device = device or torch.device("cpu")
    model.to(device)
    if model.encodes_once and model.lift is None and resume is None:
        _scale_features(model, strategy.training_set(experience, 1), device)
    model.train()
    validation = strategy.validation_set(experience)
    # Both weights of labels and the schedule depend only on the first epoch's size, so that a resumed run agrees.
    first = strategy.training_set(experience, 1)
    criterion = _criterion(first.labels, len(experience.classes), config).to(device)
    together = config.gradient_accumulation
    steps = math.ceil(math.ceil(len(first) / config.batch_size) / together)
    optimizer = Optimizer(model.rates(), config, steps * config.epochs, model.sparse_parameters())
    progress = _Progress()
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with learning_threads(_multiplied(model)), forked:
        torch.manual_seed(config.seed)
        if resume is not None:
            _restore(resume, model, optimizer, strategy, progress)
        saved_at = time.monotonic()
        reason = epochs_used_up(config.epochs)
        while progress.epoch <= config.epochs:
            started = time.monotonic()
            examples = strategy.training_set(experience, progress.epoch)
            batches = shuffled_batches(
                examples, config.batch_size, seed=config.seed, epoch=progress.epoch, by_length=config.group_by_length
            )
            done = 0
            for rows in batches[progress.step :]:
                batch = make_batch(examples, rows, device)
                loss = strategy.loss(model, hide_tokens(batch, config.word_dropout, model.hiding_token), criterion)
                if progress.step % together == 0:
                    optimizer.zero_grad()
                (loss / together).backward()  # type: ignore[no-untyped-call]
                progress.step += 1
                complete = progress.step % together == 0 or progress.step == len(batches)
                if complete:
                    strategy.adjust_gradients(model, batch)
                    optimizer.step()
                    strategy.after_step(model)
                progress.loss_sum += loss.item()
                done += len(rows)
                speed = done / max(time.monotonic() - started, 1e-9)
                mean = progress.loss_sum / progress.step
                yield StepDone(progress.epoch, config.epochs, progress.step, len(batches), mean, speed)
                if should_stop():
                    break
                if complete and time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                    saved_at = time.monotonic()
                    yield CheckpointDue(_state(model, optimizer, strategy, progress))
            if progress.step < len(batches):
                reason = stopped_by_hand()
                break
            seconds = time.monotonic() - started
            yield _end_epoch(
                model, validation, criterion, progress, len(batches), seconds, device, config.patience == 0
            )
            progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
            if config.patience and progress.epoch - 1 - progress.best_epoch >= config.patience:
                reason = _no_longer_better(config)
                break
            if should_stop():
                reason = stopped_by_hand()
                break
    if progress.best_weights:
        model.load_state_dict(model.state_dict() | progress.best_weights)
    model.eval()
    yield Finished(progress.best_epoch, progress.epoch - 1, reason)


def _scale_features(model: TextClassifier, examples: Examples, device: torch.device) -> None:
    """Let the head read features that all move by about 1; an encoder that does not learn cannot see to that itself."""
    some = np.linspace(0, len(examples) - 1, min(SCALED_BY, len(examples))).round().astype(np.int64)
    model.set_lift(fit_lift(predict_features(model, examples.take(some), device), "none", 0, scale=True))


def _multiplied(model: nn.Module) -> int:
    """How many numbers a step multiplies with: rows of embeddings are only looked up."""
    looked_up = (module.weight for module in model.modules() if isinstance(module, nn.Embedding | nn.EmbeddingBag))
    return sum(value.numel() for value in model.parameters()) - sum(weight.numel() for weight in looked_up)


def learned_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy, on the CPU, of all that learning may change; what is frozen can be had again from where it came."""
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items() if name not in frozen}


def _criterion(labels: np.ndarray, classes: int, config: TrainingConfig) -> nn.CrossEntropyLoss:
    weight = None
    if config.class_weights == "balanced":
        counts = np.bincount(labels, minlength=classes)
        present = counts > 0
        weight = torch.ones(classes)
        weight[torch.from_numpy(present)] = torch.from_numpy(
            (len(labels) / (present.sum() * counts[present])).astype(np.float32)
        )
    return nn.CrossEntropyLoss(weight=weight, label_smoothing=config.label_smoothing)


def _end_epoch(
    model: TextClassifier,
    validation: Examples,
    criterion: nn.Module,
    progress: _Progress,
    steps: int,
    seconds: float,
    device: torch.device,
    keep_last: bool,
) -> EpochDone:
    """Score the validation rows and keep the weights when they are the best so far, or always with ``keep_last``."""
    logits = predict_logits(model, validation, device)
    truth = validation.labels
    predicted = logits.argmax(dim=1).numpy()
    loss = float(criterion(logits.to(device), torch.from_numpy(truth).to(device)))
    macro_f1 = float(f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0))
    score = (macro_f1, -loss)
    best = keep_last or score > progress.best_score
    if best:
        progress.best_epoch, progress.best_score = progress.epoch, score
        progress.best_weights = learned_weights(model)
    accuracy = float((predicted == truth).mean())
    return EpochDone(progress.epoch, progress.loss_sum / steps, loss, accuracy, macro_f1, best, seconds)


def _state(model: TextClassifier, optimizer: Optimizer, strategy: Strategy, progress: _Progress) -> dict[str, Any]:
    return {
        "model": learned_weights(model),
        "optimizer": optimizer.state(),
        "strategy": {name: value.cpu().clone() for name, value in strategy.running_state().items()},
        "random": torch.get_rng_state(),
        "progress": dict(vars(progress)),
    }


def _restore(
    state: dict[str, Any], model: TextClassifier, optimizer: Optimizer, strategy: Strategy, progress: _Progress
) -> None:
    model.load_state_dict(model.state_dict() | state["model"])
    optimizer.restore(state["optimizer"])
    strategy.resume(state["strategy"])
    torch.set_rng_state(state["random"])
    for name, value in state["progress"].items():
        setattr(progress, name, value)
    macro_f1, negative_loss = progress.best_score  # storage may have turned the pair into a list
    progress.best_score = (macro_f1, negative_loss)


def epochs_used_up(epochs: int) -> Message:
    return message("training.epochs_used_up", "All {epochs} epochs were run.", epochs=epochs)


def _no_longer_better(config: TrainingConfig) -> Message:
    return message(
        "training.stopped_early",
        "Stopped early: validation macro-F1 had not improved for {patience} epochs.",
        patience=config.patience,
    )


def stopped_by_hand() -> Message:
    """Why a run ended that somebody stopped."""
    return message("training.stopped_by_hand", "Stopped by hand; the best epoch so far was kept.")
