"""BiLSTM-CRF: a bidirectional LSTM over the features of each token, and a chain over the tags.

References
----------
Z. Huang, W. Xu, K. Yu (2015), "Bidirectional LSTM-CRF Models for Sequence Tagging". G. Lample et al. (2016), "Neural
Architectures for Named Entity Recognition".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from core.networks.architectures.bilstm_crf import BILSTM_CRF, BiLstmCrfConfig
from core.networks.encoders.bilstm import reordered, reversal, write_lstm, write_reversed
from core.networks.encoders.graph import END
from core.networks.sources import Sources
from core.networks.standalone.marking import NARROW
from core.networks.standalone.pipeline import TextPipeline
from core.networks.tagging.base import TokenNetwork
from core.networks.text import TextConfig
from core.networks.text.tokenizing import fit_features

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph


class BiLstmCrf(TokenNetwork):
    """Features of a token side by side, stacked LSTM in both directions, a head for each token, and a chain."""

    declared = BILSTM_CRF
    config: BiLstmCrfConfig

    def __init__(self, config: BiLstmCrfConfig, vocabulary_size: int, outputs: int) -> None:
        super().__init__(config, vocabulary_size, outputs, 2 * config.hidden_size)
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.embedding.requires_grad_(config.learns_embedding)
        self.dropout = nn.Dropout(config.dropout)
        widths = [NARROW * config.embedding_size] + [2 * config.hidden_size] * (config.layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(width, config.hidden_size, batch_first=True) for width in widths)
        self.back = nn.ModuleList(nn.LSTM(width, config.hidden_size, batch_first=True) for width in widths)
        self.add_chain(outputs)

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        pipeline = fit_features(texts, text)
        return cls.rebuild(config, pipeline.tokenizer.get_vocab_size(), outputs, {}), pipeline

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        layers = [list(self.embedding.parameters())]
        for ahead, back in zip(self.ahead, self.back, strict=True):
            layers.append([*ahead.parameters(), *back.parameters()])
        return layers

    def counted(self, mask: Tensor) -> Tensor:
        return mask[:, ::NARROW]

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        mask = self.counted(mask)
        hidden = self.embedding(tokens).reshape(*mask.shape, -1)
        order = reversal(mask)
        for ahead, back in zip(self.ahead, self.back, strict=True):
            hidden = self.dropout(hidden)
            behind = reordered(back(reordered(hidden, order))[0], order)
            hidden = torch.cat([ahead(hidden)[0], behind], dim=2)
        states: Tensor = self.dropout(hidden)
        return states

    def write_states(self, graph: Graph, tokens: str, mask: str) -> str:
        present = graph.add("Slice", mask, [0], [END], [1], [NARROW])
        lengths = graph.add("ReduceSum", graph.as_integer(present), [1], keepdims=0)
        batch = graph.add("Shape", tokens, start=0, end=1)
        shape = graph.add("Concat", batch, [-1, NARROW * self.config.embedding_size], axis=0)
        hidden = graph.add("Reshape", graph.add("Gather", self.embedding.weight, tokens), shape)
        hidden = graph.add("Transpose", hidden, perm=[1, 0, 2])  # time first, as ONNX's LSTM wants it
        for ahead, back in zip(self.ahead, self.back, strict=True):
            behind = write_reversed(graph, write_lstm(graph, back, write_reversed(graph, hidden, lengths)), lengths)
            hidden = graph.add("Concat", write_lstm(graph, ahead, hidden), behind, axis=2)
        return graph.add("Transpose", hidden, perm=[1, 0, 2])
