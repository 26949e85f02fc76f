"""What a language model learns: the next token of each text.

Knows nothing of files, versions or the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.generation.config import LearningConfig
from core.generation.model import CausalTransformer
from core.networks.standalone.predict import batches_by_length, pad
from core.training.objectives.tokens import GuessingTask, learn_tokens

IGNORED = -100  # a target that is padding
Windows = Sequence[list[int]]


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
        Function that is called after every step; when it is true, the run ends and keeps the best epoch so far.
    resume
        The state of an earlier `CheckpointDue` of the same run: continues bit for bit.

    Yields
    ------
    Event
        `StepDone`, `LanguageEpoch` and `CheckpointDue` as they happen, and `Finished` at the end.
    """
    device = device or torch.device("cpu")
    model.to(device)
    task = GuessingTask(
        training_set,
        lambda windows: _loss(model, windows, device),
        lambda: (mean_loss(model, validation), None),
        config.loss_patience,
    )
    return learn_tokens(model, task, config, device=device, should_stop=should_stop, resume=resume)


@torch.no_grad()
def mean_loss(model: CausalTransformer, windows: Windows, *, batch_size: int = 64) -> float:
    """Mean of −log p over all predicted tokens, in nats; the model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    device = model.embedding.weight.device
    total, tokens = 0.0, 0
    for rows in batches_by_length(windows, batch_size):
        sample = [windows[row] for row in rows]
        count = sum(len(window) - 1 for window in sample)
        total += float(_loss(model, sample, device)) * count
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
