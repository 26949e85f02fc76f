"""Rows as a frozen encoder says them, some at a time, for sums over them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import make_batch
from core.networks.standalone.pipeline import batches_by_length
from core.networks.text.examples import Examples

ENCODED_AT_ONCE = 64
ADDED_AT_ONCE = 1024  # rows of one matrix product
CPU = torch.device("cpu")


def encoded(model: TextNetwork, examples: Examples) -> Iterator[tuple[Tensor, Tensor]]:
    """What the encoder says of all rows, with their targets, some at a time and in no particular order; on the CPU."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    was_training = model.training
    model.to(device).eval()
    batches = list(batches_by_length(examples.ids, ENCODED_AT_ONCE))
    together = ADDED_AT_ONCE // ENCODED_AT_ONCE
    for first in range(0, len(batches), together):
        group = batches[first : first + together]
        features = torch.cat([_features(model, examples, rows, device) for rows in group])
        yield features, torch.from_numpy(examples.targets[np.concatenate(group)])
    model.to(CPU).train(was_training)


@torch.no_grad()
def _features(model: TextNetwork, examples: Examples, rows: np.ndarray, device: torch.device) -> Tensor:
    batch = make_batch(examples, rows, device)
    # Full precision on a graphics card too: what is subtracted one day must equal what was added.
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        return model.features(batch.tokens, batch.mask).float().cpu()
