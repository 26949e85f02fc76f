"""Self-attention encoder (Vaswani et al. 2017, "Attention Is All You Need"), pre-norm, mean-pooled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.base.errors import ConfigError
from core.networks.architectures.transformer import TRANSFORMER, TransformerConfig
from core.networks.encoders.windows import WindowedNetwork

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

LONGEST = 1024  # positions; the largest value of the setting "max_length"


class TransformerEncoder(WindowedNetwork):
    """Embedding with sinusoidal positions, stacked self-attention layers, mean over tokens, linear head."""

    declared = TRANSFORMER

    positions: Tensor

    def __init__(self, config: TransformerConfig, vocabulary_size: int, outputs: int) -> None:
        if config.embedding_size % config.heads:
            raise ConfigError(
                "model.heads",
                "The embedding size {embedding_size} cannot be shared by {heads} heads. "
                "Choose a multiple of the number of heads, such as {cure}.",
                embedding_size=config.embedding_size,
                heads=config.heads,
                cure=config.heads * max(1, round(config.embedding_size / config.heads)),
            )
        super().__init__(config, vocabulary_size, outputs, config.embedding_size)
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=config.embedding_size**-0.5)
        self.embedding.requires_grad_(config.learns_embedding)
        self.register_buffer("positions", _sinusoids(LONGEST, config.embedding_size), persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        layer = nn.TransformerEncoderLayer(
            config.embedding_size,
            config.heads,
            config.hidden_size,
            dropout=config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, config.layers, norm=nn.LayerNorm(config.embedding_size), enable_nested_tensor=False
        )

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        layers = [list(self.embedding.parameters()), *(list(layer.parameters()) for layer in self.encoder.layers)]
        assert self.encoder.norm is not None
        layers[-1] += self.encoder.norm.parameters()
        return layers

    def window_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        hidden = self.embedding(tokens) * math.sqrt(self.embedding.weight.shape[1])  # (batch, length, embedding)
        hidden = self.dropout(hidden + self.positions[: tokens.shape[1]])
        hidden = self.encoder(hidden, src_key_padding_mask=~mask)
        present = mask.unsqueeze(2).to(hidden.dtype)
        mean = (hidden * present).sum(dim=1) / present.sum(dim=1)
        pooled: Tensor = self.dropout(mean)  # (batch, embedding)
        return pooled

    def write_window_features(self, graph: Graph, tokens: str, mask: str) -> str:
        scaled = self.embedding.weight.detach() * math.sqrt(self.embedding.weight.shape[1])
        length = graph.add("Shape", tokens, start=1, end=2)
        places = graph.add("Slice", self.positions, [0], length, [0])
        hidden = graph.add("Add", graph.add("Gather", scaled, tokens), places)  # (batch, length, embedding)
        visible = graph.add("Unsqueeze", graph.add("Where", mask, 0.0, float("-inf")), [1, 2])
        for layer in self.encoder.layers:
            hidden = _write_layer(graph, layer, hidden, visible)
        assert isinstance(self.encoder.norm, nn.LayerNorm)
        hidden = graph.norm(hidden, self.encoder.norm)
        present = graph.as_float(graph.add("Unsqueeze", mask, [2]))
        total = graph.add("ReduceSum", graph.add("Mul", hidden, present), [1], keepdims=0)
        return graph.add("Div", total, graph.add("ReduceSum", present, [1], keepdims=0))


def _sinusoids(length: int, width: int) -> Tensor:
    """Fixed position vectors (length, width): sines in even columns, cosines in odd ones."""
    position = torch.arange(length).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)[:, : width // 2]
    return table


def _write_layer(graph: Graph, layer: nn.TransformerEncoderLayer, hidden: str, visible: str) -> str:
    """One layer of attention and of the network after it, each added to what it reads."""
    attended = _write_attention(graph, layer.self_attn, graph.norm(hidden, layer.norm1), visible)
    hidden = graph.add("Add", hidden, attended)
    inner = graph.add("Gelu", graph.linear(graph.norm(hidden, layer.norm2), layer.linear1))
    return graph.add("Add", hidden, graph.linear(inner, layer.linear2))


def _write_attention(graph: Graph, attention: nn.MultiheadAttention, hidden: str, visible: str) -> str:
    """Attention of (batch, length, embedding) to itself; ``visible`` is 0 for tokens and minus infinity for padding."""
    heads, width = attention.num_heads, attention.embed_dim
    assert attention.in_proj_weight is not None
    parts = []
    weights = attention.in_proj_weight.detach().chunk(3)
    for number, (weight, bias) in enumerate(zip(weights, attention.in_proj_bias.detach().chunk(3), strict=True)):
        scale = (width // heads) ** -0.5 if number == 0 else 1.0
        values = graph.add("Add", graph.add("MatMul", hidden, weight.T * scale), bias * scale)
        values = graph.add("Reshape", values, [0, 0, heads, width // heads])
        # Queries and values: (batch, heads, length, width); keys are turned for the product.
        parts.append(graph.add("Transpose", values, perm=[0, 2, 3, 1] if number == 1 else [0, 2, 1, 3]))
    query, key, value = parts
    shares = graph.add("Softmax", graph.add("Add", graph.add("MatMul", query, key), visible), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    return graph.linear(graph.add("Reshape", mixed, [0, 0, width]), attention.out_proj)
