"""Rows as tensors, and what a model answers for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.networks.encoders.base import TextNetwork
from core.networks.standalone.pipeline import UNKNOWN, batches_by_length, pad
from core.networks.text.examples import Examples


@dataclass(frozen=True)
class Batch:
    """One step's rows: tokens int64 and mask bool (batch, length), encoded targets (batch, …)."""

    tokens: Tensor
    mask: Tensor
    targets: Tensor


def make_batch(examples: Examples, rows: np.ndarray, device: torch.device) -> Batch:
    """Pad these rows and move them to the device."""
    tensors = [torch.from_numpy(array) for array in (*pad([examples.ids[row] for row in rows]), examples.targets[rows])]
    if device.type == "cuda":  # copied while the card is still at work on the batch before
        tensors = [tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors]
    return Batch(*tensors)


def drop_tokens(batch: Batch, share: float, by: int = UNKNOWN) -> Batch:
    """Replace a random share of tokens by the unknown token, or another one."""
    if share <= 0:
        return batch
    hidden = (torch.rand(batch.tokens.shape, device=batch.tokens.device) < share) & batch.mask
    return Batch(batch.tokens.masked_fill(hidden, by), batch.mask, batch.targets)


def predict_logits(model: TextNetwork, examples: Examples, device: torch.device, size: int = 128) -> Tensor:
    """Logits (rows, outputs) of all examples, in their order, with dropout off; on the CPU."""
    return _answers(model, model, examples, device, size)


def predict_features(model: TextNetwork, examples: Examples, device: torch.device, size: int = 128) -> Tensor:
    """What the encoder says, (rows, features), likewise."""
    return _answers(model, model.features, examples, device, size)


@torch.no_grad()
def _answers(
    model: nn.Module,
    answer: Callable[[Tensor, Tensor], Tensor],
    examples: Examples,
    device: torch.device,
    size: int,
) -> Tensor:
    was_training = model.training
    model.eval()
    parts: list[tuple[np.ndarray, Tensor]] = []
    for rows in batches_by_length(examples.ids, size):
        batch = make_batch(examples, rows, device)
        parts.append((rows, answer(batch.tokens, batch.mask).float().cpu()))
    model.train(was_training)
    order = np.concatenate([rows for rows, _ in parts])
    return torch.cat([part for _, part in parts])[torch.from_numpy(np.argsort(order))]
