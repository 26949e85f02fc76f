"""A language model as a network of the registry: of each text it computes how surprised it is, and by how many tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.base.errors import ConfigError
from core.networks.architectures.causal import CAUSAL, CausalConfig
from core.networks.causal.decoder import CausalTransformer
from core.networks.causal.tokens import UNKNOWN_NATS, Vocabulary
from core.networks.encoders.base import TextNetwork
from core.networks.sources import Sources
from core.networks.standalone.pipeline import UNKNOWN, TextPipeline
from core.networks.standalone.write import END
from core.networks.text import TextConfig

OUTPUTS = ("nats", "tokens")


class CausalText(TextNetwork):
    """A causal Transformer. Its outputs are two of each text: Σ −ln p over its tokens and its end, and how many those are.

    Longer texts are read in windows: each token, and the end, is foreseen exactly once, from at most ``context`` before it.
    A window begins with the last token of the one before, the first one with the end of the text before.
    """

    declared = CAUSAL
    config: CausalConfig

    def __init__(self, config: CausalConfig, vocabulary_size: int, outputs: int = len(OUTPUTS)) -> None:
        nn.Module.__init__(self)
        if config.embedding_size % (2 * config.heads):
            raise ConfigError(
                "generation.heads",
                "The embedding size {embedding_size} cannot be shared by {heads} heads in even parts. Choose a multiple "
                "of {multiple}.",
                embedding_size=config.embedding_size,
                heads=config.heads,
                multiple=2 * config.heads,
            )
        self.config = config
        self.vocabulary_size = vocabulary_size
        self.feature_size = config.embedding_size
        self.origin: dict[str, Any] = {}
        self.register_module("lift", None)
        self.decoder = CausalTransformer(config, vocabulary_size)

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        vocabulary = Vocabulary.fit(texts, size=text.vocabulary_size, lowercase=text.lowercase)
        return cls(config, len(vocabulary)), vocabulary.pipeline

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Nats and tokens, (batch, 2), of tokens int64 (batch, length) with mask bool (batch, length)."""
        read, truth, counted = _shifted(tokens, mask)
        rows, read, truth, counted = _windows(read, truth, counted, self.config.context)
        nats = functional.cross_entropy(self.decoder(read).transpose(1, 2), truth, reduction="none")
        nats = nats + UNKNOWN_NATS * (truth == UNKNOWN)  # the character itself is still to be named
        nats = nats.masked_fill(~counted, 0.0).sum(dim=1)
        told = torch.stack([nats, counted.sum(dim=1).to(nats.dtype)], dim=1)
        return torch.zeros(len(tokens), 2, dtype=nats.dtype, device=nats.device).index_add(0, rows, told)

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The mean of the last layer over the tokens of a text, (batch, width)."""
        read, truth, counted = _shifted(tokens, mask)
        rows, read, _, counted = _windows(read, truth, counted, self.config.context)
        hidden = self.decoder.hidden(read).masked_fill(~counted[:, :, None], 0.0).sum(dim=1)
        total = torch.zeros(len(tokens), hidden.shape[1], device=hidden.device).index_add(0, rows, hidden)
        return total / (mask.sum(dim=1, keepdim=True) + 1)

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        return [list(self.decoder.embedding.parameters()), *(list(block.parameters()) for block in self.decoder.blocks)]

    def grow_outputs(self, outputs: int, parents: Mapping[int, int] | None = None) -> None:
        """There are always two."""

    def grow_vocabulary(self, vocabulary_size: int) -> None:
        self.decoder.grow_vocabulary(vocabulary_size)
        self.vocabulary_size = self.decoder.vocabulary_size


def _shifted(tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is read, what is to be foreseen after each of it, and what of that counts; each (batch, length + 1)."""
    inside = tokens.masked_fill(~mask, END)
    end = inside.new_full((len(tokens), 1), END)
    places = torch.arange(tokens.shape[1] + 1, device=tokens.device)
    return torch.cat([end, inside], dim=1), torch.cat([inside, end], dim=1), places <= mask.sum(dim=1, keepdim=True)


def _windows(read: Tensor, truth: Tensor, counted: Tensor, context: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same in windows, with the row that each is of; a window of which nothing counts is left out."""
    batch, length = read.shape
    width = min(context, length)
    count = -(-length // width)
    parts = [
        functional.pad(part, (0, count * width - length)).view(batch * count, width)
        for part in (read, truth, counted.to(read.dtype))
    ]
    kept = parts[2].any(dim=1)
    rows = torch.arange(batch, device=read.device).repeat_interleave(count)[kept]
    return rows, parts[0][kept], parts[1][kept], parts[2][kept].bool()
