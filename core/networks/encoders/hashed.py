"""Hashed n-grams (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"): only the head learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.networks.architectures.hashed import HASHED, HashedConfig
from core.networks.encoders.base import TextNetwork

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

# Of the rolling hash: a prime, so that every token of an n-gram counts, and two odd numbers below it. Any would do, but
# they may never change again.
PRIME = 2**31 - 1
BASE = 0x2F0B4C47
TOKEN = 0x5851F42D


class HashedNgrams(TextNetwork):
    """Signed counts of all n-grams in a fixed number of buckets, each n-gram of n tokens worth 1/n, then a linear head.

    The features never change: what a text looks like was not learned from any other text, apart from which tokens
    are known. They have length √D in D buckets, so that a value is about 1 whatever the length of the text.
    """

    declared = HASHED

    def __init__(self, config: HashedConfig, vocabulary_size: int, outputs: int) -> None:
        super().__init__(config, vocabulary_size, outputs, config.hashed_features)
        self.longest = config.hashed_length

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        slots, worth = self._count(tokens, mask)
        buckets = self.feature_size
        signs = torch.where(slots < buckets, worth, -worth)
        empty = torch.zeros((tokens.shape[0], buckets), dtype=worth.dtype, device=tokens.device)
        counts = empty.scatter_add(1, slots % buckets, signs)  # (batch, buckets)
        # Opposite signs can cancel a very short text to nothing; it then stays all zeros.
        length = counts.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
        scaled: Tensor = counts * (buckets**0.5 / length)
        return scaled

    def write_features(self, graph: Graph, tokens: str, mask: str) -> str:
        slots, worth = self._write_count(graph, tokens, mask)
        buckets = self.feature_size
        signs = graph.add("Where", graph.add("Less", slots, buckets), worth, graph.add("Neg", worth))
        shape = graph.add("Concat", graph.add("Shape", tokens, start=0, end=1), [buckets], axis=0)
        empty = graph.add("Expand", 0.0, shape)
        bucket = graph.add("Mod", slots, buckets)
        counts = graph.add("ScatterElements", empty, bucket, signs, axis=1, reduction="add")
        squares = graph.add("ReduceSum", graph.add("Mul", counts, counts), [1], keepdims=1)
        length = graph.add("Max", graph.add("Sqrt", squares), 1e-6)
        return graph.add("Mul", counts, graph.add("Div", buckets**0.5, length))

    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Nothing has to grow: a token is only ever hashed."""
        self.vocabulary_size = max(self.vocabulary_size, vocabulary_size)

    def _count(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Slot of every n-gram, in 0 to 2 · buckets (the upper half counts down), and its worth: (batch, n-grams)."""
        dtype = self.head.weight.dtype
        hashed = torch.zeros_like(tokens)
        slots, worth = [], []
        for size in range(1, self.longest + 1):
            # Pad on the right instead of cutting: a text shorter than the n-gram then needs no special case.
            last = nn.functional.pad(tokens, (0, size - 1))[:, size - 1 :]
            inside = nn.functional.pad(mask, (0, size - 1))[:, size - 1 :]
            hashed = (hashed * BASE + last * TOKEN + size) % PRIME
            slots.append((hashed * hashed) % PRIME % (2 * self.feature_size))  # squared: sums of tokens must not show
            worth.append(inside.to(dtype) / size)
        return torch.cat(slots, dim=1), torch.cat(worth, dim=1)

    def _write_count(self, graph: Graph, tokens: str, mask: str) -> tuple[str, str]:
        """What `_count` computes."""
        further = self.longest - 1
        known = graph.add("Mul", graph.add("Pad", tokens, [0, 0, 0, further]), TOKEN)
        inside = graph.as_float(graph.add("Pad", mask, [0, 0, 0, further]))
        hashed, slots, worth = "", [], []
        for size in range(1, self.longest + 1):
            first, last = size - 1, size - self.longest or None
            mixed = graph.add("Add", graph.slice(known, first, last, 1), size)
            if hashed:  # the first one begins with zero
                mixed = graph.add("Add", graph.add("Mul", hashed, BASE), mixed)
            hashed = graph.add("Mod", mixed, PRIME)
            square = graph.add("Mod", graph.add("Mul", hashed, hashed), PRIME)
            slots.append(graph.add("Mod", square, 2 * self.feature_size))
            worth.append(graph.add("Div", graph.slice(inside, first, last, 1), float(size)))
        return graph.add("Concat", *slots, axis=1), graph.add("Concat", *worth, axis=1)
