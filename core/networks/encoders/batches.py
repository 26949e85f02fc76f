"""Rows as tensors, and what a model answers for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from core.networks.encoders.base import TextNetwork
from core.networks.standalone.pipeline import UNKNOWN, batches_by_length, pad
from core.networks.text.examples import Examples


@dataclass(frozen=True)
class Batch:
    """One step's rows: tokens int64 and mask bool (batch, length), encoded targets (batch, …), and groups int64 (batch) where
    the loss depends on them.
    """

    tokens: Tensor
    mask: Tensor
    targets: Tensor
    groups: Tensor | None = None

    @property
    def truth(self) -> tuple[Tensor, ...]:
        """What a loss is given of the rows beside the outputs: their targets, and their groups where they have some."""
        return (self.targets,) if self.groups is None else (self.targets, self.groups)


def make_batch(examples: Examples, rows: np.ndarray, device: torch.device) -> Batch:
    """Pad these rows and move them to the device."""
    arrays = [*pad([examples.ids[row] for row in rows]), examples.targets[rows]]
    if examples.groups is not None:
        arrays.append(examples.groups[rows])
    tensors = [torch.from_numpy(array) for array in arrays]
    if device.type == "cuda":  # copied while the card is still at work on the batch before
        tensors = [tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors]
    return Batch(*tensors)


def drop_tokens(batch: Batch, share: float, by: int = UNKNOWN) -> Batch:
    """Replace a random share of tokens by the unknown token, or another one."""
    if share <= 0:
        return batch
    hidden = (torch.rand(batch.tokens.shape, device=batch.tokens.device) < share) & batch.mask
    return replace(batch, tokens=batch.tokens.masked_fill(hidden, by))


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
