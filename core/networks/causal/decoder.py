"""Causal self-attention (Vaswani et al. 2017), pre-norm, with rotary positions and tied embeddings.

References
----------
Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding". Press & Wolf 2017, "Using the Output
Embedding to Improve Language Models".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.networks.architectures.causal import CausalConfig
from core.networks.standalone.pipeline import UNKNOWN

Cache = tuple[Tensor, Tensor]
"""Rotated keys, and values, of all tokens so far: each (layers, batch, heads, past, head size)."""

ROTATION_BASE = 10_000.0


class Block(nn.Module):
    """One layer: attention to what stands before, then a feed-forward step; both behind a norm, added to the input."""

    def __init__(self, config: CausalConfig) -> None:
        super().__init__()
        width = config.embedding_size
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.mix_heads = nn.Linear(width, width, bias=False)
        self.forward_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, config.hidden_size, bias=False)
        self.narrow = nn.Linear(config.hidden_size, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, hidden: Tensor, rotation: tuple[Tensor, Tensor], past: Cache | None, visible: Tensor | None
    ) -> tuple[Tensor, Cache]:
        """New hidden states (batch, new, width), and the keys and values of all tokens so far."""
        batch, new, width = hidden.shape
        parts = self.query_key_value(self.attention_norm(hidden)).view(batch, new, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (batch, heads, new, head size)
        query, key = _rotate(query, rotation), _rotate(key, rotation)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible, is_causal=visible is None)
        hidden = hidden + self.dropout(self.mix_heads(mixed.transpose(1, 2).reshape(batch, new, width)))
        wide = functional.gelu(self.widen(self.forward_norm(hidden)))
        return hidden + self.dropout(self.narrow(wide)), (key, value)


class CausalTransformer(nn.Module):
    """Token ids in, logits of the next token out.

    Texts are padded behind their end. Since no token looks ahead, padding changes nothing before it, and no mask is
    needed; what is predicted from padding is to be ignored.

    Parameters
    ----------
    vocabulary_size
        Number of token ids; id 0 ends a text, id 1 is the unknown token.
    """

    frequencies: Tensor

    def __init__(self, config: CausalConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.embedding_size)
        self.dropout = nn.Dropout(config.dropout)
        half = config.embedding_size // config.heads // 2
        frequencies = ROTATION_BASE ** (-torch.arange(half, dtype=torch.float32) / half)
        self.register_buffer("frequencies", frequencies, persistent=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    @property
    def vocabulary_size(self) -> int:
        return self.embedding.num_embeddings

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (batch, length, vocabulary) of the token after each of tokens int64 (batch, length)."""
        return self._run(tokens, None)[0]

    def hidden(self, tokens: Tensor) -> Tensor:
        """What the last layer says of each token, (batch, length, width)."""
        return self._run(tokens, None, logits=False)[0]

    def step(self, tokens: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """Go on from a cache: logits (batch, new, vocabulary) for tokens (batch, new), and the longer cache."""
        return self._run(tokens, cache)

    def empty_cache(self, batch: int) -> Cache:
        """The cache before the first token."""
        head_size = self.config.embedding_size // self.config.heads
        nothing = torch.zeros(
            self.config.layers, batch, self.config.heads, 0, head_size, device=self.embedding.weight.device
        )
        return nothing, nothing

    def _run(self, tokens: Tensor, cache: Cache | None, *, logits: bool = True) -> tuple[Tensor, Cache]:
        past = 0 if cache is None else cache[0].shape[3]
        length = past + tokens.shape[1]
        positions = torch.arange(past, length, device=tokens.device)
        angles = positions[:, None] * self.frequencies[None, :]  # (new, half of the head size)
        rotation = (angles.cos(), angles.sin())
        visible = None
        if cache is not None:  # a token sees itself and all before it
            visible = torch.arange(length, device=tokens.device)[None, :] <= positions[:, None]
        hidden = self.dropout(self.embedding(tokens))
        keys, values = [], []
        for number, block in enumerate(self.blocks):
            before = None if cache is None else (cache[0][number], cache[1][number])
            hidden, (key, value) = block(hidden, rotation, before, visible)
            keys.append(key)
            values.append(value)
        output = self.norm(hidden)
        if logits:
            output = functional.linear(output, self.embedding.weight)
        return output, (torch.stack(keys), torch.stack(values))

    @torch.no_grad()
    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Append embedding rows for new tokens; each starts as the unknown token's row, slightly moved."""
        weight = self.embedding.weight
        added = vocabulary_size - len(weight)
        if added <= 0:
            return
        fresh = weight[UNKNOWN] + 0.1 * weight.std() * torch.randn(added, weight.shape[1], device=weight.device)
        self.embedding.weight = nn.Parameter(torch.cat([weight, fresh]))
        self.embedding.num_embeddings = vocabulary_size


def _rotate(states: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair of numbers of (batch, heads, new, head size) by its place times its frequency."""
    cosine, sine = rotation
    first, second = states.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)
