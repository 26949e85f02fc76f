"""What an encoder that has just stopped learning said of texts; kept in memory for as long as its head learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class FeatureMemory:
    """Features by the tokens that they were made from, like `core.networks.encoders.feature_cache.FeatureCache` without its file.

    Parameters
    ----------
    width
        Features of one text.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: dict[bytes, Tensor] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, keys: Sequence[bytes]) -> tuple[Tensor, np.ndarray]:
        """Features (keys, width), zeros where there are none, and which were found (keys)."""
        nothing = torch.zeros(self.width)
        features = torch.stack([self._rows.get(key, nothing) for key in keys])
        return features, np.array([key in self._rows for key in keys], dtype=bool)

    def add(self, keys: Sequence[bytes], features: Tensor) -> None:
        """Keep features (keys, width) of texts that were not found."""
        self._rows.update(zip(keys, features.detach().clone(), strict=True))
