"""A model small enough to compute by hand: each token stands for one number, and the head is linear in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.base.config import Config
from core.continual.strategies import Experience
from core.networks.architectures import Architecture
from core.networks.encoders import TextNetwork
from core.networks.text import Examples
from tests.core.experiences import classified

VALUES = (0.0, 0.0, 1.0, -1.0, 2.0)  # of tokens 0 to 4
ZERO, ONE, MINUS, TWO = 1, 2, 3, 4


class Line(TextNetwork):
    """Logits W x + b, x the number of the first token; only the head can learn."""

    declared = Architecture("line", Config, f"{__name__}:Line")

    def __init__(self, weight: Sequence[float], bias: Sequence[float] | None = None) -> None:
        super().__init__(Config(), len(VALUES), len(weight), 1)
        self.embedding = nn.Embedding.from_pretrained(torch.tensor(VALUES).unsqueeze(1))
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(weight).unsqueeze(1))
            self.head.bias.copy_(torch.tensor(bias if bias is not None else [0.0] * len(weight)))
        self.embedding.weight.requires_grad_(True)

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        return self.embedding(tokens[:, 0])


def rows(*tokens: int, labels: Sequence[int] | None = None) -> Examples:
    numbers = np.array(labels if labels is not None else [0] * len(tokens), dtype=np.int64)
    return Examples(tuple(str(token) for token in tokens), numbers, tuple([token] for token in tokens))


def step(
    number: int, train: Examples, *, classes: Sequence[str] = ("a", "b"), known: int = 0, past: Examples | None = None
) -> Experience:
    def encode(texts: Sequence[str], labels: Sequence[str]) -> Examples:
        return rows(*(int(text) for text in texts), labels=[classes.index(label) for label in labels])

    nothing = rows()
    return classified(number, train, nothing, past or nothing, nothing, tuple(classes), encode, known)
