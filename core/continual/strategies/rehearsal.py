"""What DER and A-GEM share: a few remembered rows beside every batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.continual.strategies.base import Experience, Strategy
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import Batch, drop_tokens, make_batch
from core.networks.text.examples import Examples

HIDDEN = 0.1  # share of hidden tokens: the default of the training's own setting, which a strategy does not see


class Rehearsal(Strategy):
    """Draws remembered rows, uniformly and with repetition, with the random numbers of the training loop: a resumed run
    draws the same. As in new rows, one token in ten is hidden."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.remembered: Examples | None = None

    def begin_experience(self, model: TextNetwork, experience: Experience) -> None:
        self.remembered = experience.encode(*self.memory.examples()) if len(self.memory) else None

    def draw(self, count: int, device: torch.device) -> tuple[Tensor, Batch]:
        """Places in the memory, and the rows as a batch; the memory must not be empty."""
        assert self.remembered is not None
        places = torch.randint(len(self.remembered), (count,))
        return places, drop_tokens(make_batch(self.remembered, places.numpy(), device), HIDDEN)

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        self.remembered = None
        super().end_experience(model, experience)
