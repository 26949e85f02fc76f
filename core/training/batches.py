"""Batches of similar length in random order, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.standalone.predict import UNKNOWN, batches_by_length, pad
from core.strategies.base import Batch
from core.text.examples import Examples

POOL = 50  # batches sorted together: enough to save most padding, few enough to keep the order random


def shuffled_batches(examples: Examples, size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of each batch of one epoch; every row occurs once."""
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(examples))
    lengths = np.fromiter((len(ids) for ids in examples.ids), dtype=np.int64, count=len(examples))
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def make_batch(examples: Examples, rows: np.ndarray, device: torch.device) -> Batch:
    """Pad these rows and move them to the device."""
    tokens, mask = pad([examples.ids[row] for row in rows])
    labels = torch.from_numpy(examples.labels[rows])
    return Batch(torch.from_numpy(tokens).to(device), torch.from_numpy(mask).to(device), labels.to(device))


def hide_tokens(batch: Batch, share: float) -> Batch:
    """Replace a random share of tokens by the unknown token."""
    if share <= 0:
        return batch
    hidden = (torch.rand(batch.tokens.shape, device=batch.tokens.device) < share) & batch.mask
    return Batch(batch.tokens.masked_fill(hidden, UNKNOWN), batch.mask, batch.labels)


@torch.no_grad()
def predict_logits(model: torch.nn.Module, examples: Examples, device: torch.device, size: int = 128) -> Tensor:
    """Logits (rows, classes) of all examples, in their order, with dropout off; on the CPU."""
    was_training = model.training
    model.eval()
    parts: list[tuple[np.ndarray, Tensor]] = []
    for rows in batches_by_length(examples.ids, size):
        batch = make_batch(examples, rows, device)
        parts.append((rows, model(batch.tokens, batch.mask).float().cpu()))
    model.train(was_training)
    order = np.concatenate([rows for rows, _ in parts])
    logits = torch.cat([part for _, part in parts])
    return logits[torch.from_numpy(np.argsort(order))]
