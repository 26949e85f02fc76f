"""What masked-language-model training learns: hidden tokens; knows nothing of files, stores or the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.networks.encoders.pretrained import arithmetic
from core.networks.standalone.pipeline import batches_by_length, pad
from core.training.objectives.tokens import GuessingTask, Pieces, learn_tokens
from core.training.pretraining.config import PretrainConfig
from core.training.pretraining.masking import Masks, hide
from core.training.pretraining.model import MaskedLanguageModel

_MEASURED_SEED = 20_190_624  # hides the same held-out tokens after every epoch of every run
_MEASURED_AT_ONCE = 64


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
    """Learn to guess hidden tokens, in place; the model ends with the weights of the epoch that guessed held-out texts best.

    Parameters
    ----------
    pieces, held_out
        Token ids of the texts (see `core.training.pretraining.tokens.Reader`), and of those that are never learned from.
    should_stop, resume
        Those of `core.training.objectives.tokens.learn_tokens`, whose events are yielded.
    """
    device = device or torch.device("cpu")
    model.to(device)
    task = GuessingTask(
        lambda epoch: pieces,
        lambda some: _guess(model, some, masks, config, device)[0],
        lambda: measure(model, held_out, masks, config),
    )
    return learn_tokens(model, task, config, device=device, should_stop=should_stop, resume=resume)


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
    held_counts = _counts(held_out, masks)
    return float(held_counts[int(counts.argmax())] / max(1.0, float(held_counts.sum())))


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
    read, hidden = hide(tokens, mask, masks, config.masked_share, generator)
    read, mask, hidden, truth = (_moved(tensor, device) for tensor in (read, mask, hidden, tokens[hidden]))
    with arithmetic(config.precision if model.training else "float32", device):
        logits = model(read, mask, hidden)
    logits = logits.float()
    return functional.cross_entropy(logits, truth), logits.argmax(dim=1) == truth


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    # Copied while the card is still at work on the batch before.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
