"""Two-layer bidirectional LSTM with max-pooling over time (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.networks.architectures.bilstm import BILSTM, BiLSTMConfig
from core.networks.encoders.windows import WindowedNetwork

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph


class BiLSTM(WindowedNetwork):
    """Embedding, stacked (bidirectional) LSTM, max over time, linear head.

    The backward direction is an ordinary LSTM over each text reversed within its own length, so that padding
    never changes an answer and the graph exports with a dynamic length (packed sequences do not export).
    """

    declared = BILSTM

    def __init__(self, config: BiLSTMConfig, vocabulary_size: int, outputs: int) -> None:
        directions = 2 if config.bidirectional else 1
        super().__init__(config, vocabulary_size, outputs, config.hidden_size * directions)
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size, padding_idx=0)
        # A tenth of PyTorch's own scale: rare words start as faint noise, and what is learned soon outweighs it.
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.embedding.requires_grad_(config.learns_embedding)
        self.dropout = nn.Dropout(config.dropout)
        widths = [config.embedding_size] + [config.hidden_size * directions] * (config.layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(width, config.hidden_size, batch_first=True) for width in widths)
        self.back = nn.ModuleList(
            nn.LSTM(width, config.hidden_size, batch_first=True) for width in (widths if config.bidirectional else [])
        )

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        layers = [list(self.embedding.parameters())]
        for number, ahead in enumerate(self.ahead):
            back = list(self.back[number].parameters()) if len(self.back) else []
            layers.append([*ahead.parameters(), *back])
        return layers

    def window_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        hidden = self.dropout(self.embedding(tokens))  # (batch, length, embedding)
        order = reversal(mask)
        for number, ahead in enumerate(self.ahead):
            if number:
                hidden = self.dropout(hidden)
            outputs = [ahead(hidden)[0]]
            if len(self.back):
                outputs.append(reordered(self.back[number](reordered(hidden, order))[0], order))
            hidden = torch.cat(outputs, dim=2)  # (batch, length, directions × hidden)
        hidden = hidden.masked_fill(~mask.unsqueeze(2), float("-inf"))
        pooled: Tensor = self.dropout(hidden.amax(dim=1))  # (batch, directions × hidden)
        return pooled

    def write_window_features(self, graph: Graph, tokens: str, mask: str) -> str:
        lengths = graph.add("ReduceSum", graph.as_integer(mask), [1], keepdims=0)
        # Time comes first here, as ONNX's LSTM wants it: (length, batch, width).
        hidden = graph.add("Gather", self.embedding.weight, graph.add("Transpose", tokens, perm=[1, 0]))
        for number, ahead in enumerate(self.ahead):
            outputs = [write_lstm(graph, ahead, hidden)]
            if len(self.back):
                behind = write_lstm(graph, self.back[number], write_reversed(graph, hidden, lengths))
                outputs.append(write_reversed(graph, behind, lengths))
            hidden = graph.add("Concat", *outputs, axis=2)
        present = graph.add("Unsqueeze", graph.add("Transpose", mask, perm=[1, 0]), [2])
        return graph.add("ReduceMax", graph.add("Where", present, hidden, float("-inf")), [0], keepdims=0)


def reversal(mask: Tensor) -> Tensor:
    """Positions (batch, length) that reverse each row within its own length and leave padding in place."""
    lengths = mask.sum(dim=1, keepdim=True)
    positions = torch.arange(mask.shape[1], device=mask.device).unsqueeze(0)
    return torch.where(positions < lengths, lengths - 1 - positions, positions)


def reordered(hidden: Tensor, positions: Tensor) -> Tensor:
    """Vectors (batch, length, width) in the order of these positions (batch, length)."""
    return hidden.gather(1, positions.unsqueeze(2).expand(-1, -1, hidden.shape[2]))


def write_lstm(graph: Graph, lstm: nn.Module, hidden: str) -> str:
    """One layer in one direction, over (length, batch, width); ONNX wants PyTorch's second and third gate after the fourth."""

    def gates(name: str) -> Tensor:
        entry, forget, cell, output = getattr(lstm, f"{name}_l0").detach().chunk(4)
        return torch.cat([entry, output, forget, cell]).unsqueeze(0)

    bias = torch.cat([gates("bias_ih"), gates("bias_hh")], dim=1)
    answer = graph.add("LSTM", hidden, gates("weight_ih"), gates("weight_hh"), bias, hidden_size=lstm.hidden_size)
    return graph.add("Squeeze", answer, [1])  # of directions


def write_reversed(graph: Graph, hidden: str, lengths: str) -> str:
    """Each text backwards within its own length, and padding in its place."""
    return graph.add("ReverseSequence", hidden, lengths, time_axis=0, batch_axis=1)
