"""A conditional random field: each feature of a token has a weight for each tag, and so has each pair of tags.

References
----------
J. Lafferty, A. McCallum, F. Pereira (2001), "Conditional Random Fields".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from core.networks.architectures.crf import CRF, CrfConfig
from core.networks.encoders.graph import END
from core.networks.sources import Sources
from core.networks.standalone.marking import WIDE, NeighbourPipeline
from core.networks.standalone.pipeline import TextPipeline
from core.networks.tagging.base import TokenNetwork
from core.networks.text import TextConfig
from core.networks.text.tokenizing import fit_features

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph


class ConditionalField(TokenNetwork):
    """Rows of weights, one for each feature, added up for each token; the head passes them on as they are until an update."""

    declared = CRF
    config: CrfConfig

    def __init__(self, config: CrfConfig, vocabulary_size: int, outputs: int) -> None:
        super().__init__(config, vocabulary_size, outputs, outputs)
        self.embedding = nn.Embedding(vocabulary_size, outputs, padding_idx=0)
        self.add_chain(outputs)
        self.begin_at_nothing()

    @torch.no_grad()
    def begin_at_nothing(self) -> None:
        """No feature says anything."""
        for weights in (self.embedding.weight, self.head.bias, self.start, self.follow):
            weights.zero_()
        nn.init.eye_(self.head.weight)

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        pipeline = fit_features(texts, text, NeighbourPipeline)
        return cls.rebuild(config, pipeline.tokenizer.get_vocab_size(), outputs, {}), pipeline

    def counted(self, mask: Tensor) -> Tensor:
        return mask[:, ::WIDE]

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        steps = self.counted(mask).shape[1]
        added: Tensor = self.embedding(tokens).reshape(tokens.shape[0], steps, WIDE, -1).sum(dim=2)
        return added

    def write_states(self, graph: Graph, tokens: str, mask: str) -> str:
        first = graph.add("Slice", mask, [0], [END], [1], [WIDE])
        shape = graph.add("Concat", graph.add("Shape", first), [WIDE, self.feature_size], axis=0)
        rows = graph.add("Reshape", graph.add("Gather", self.embedding.weight, tokens), shape)
        return graph.add("ReduceSum", rows, [2], keepdims=0)

    @torch.no_grad()
    def grow_outputs(self, outputs: int, parents: Mapping[int, int] | None = None) -> None:
        """Each feature gets a weight for each new tag, which begins at nothing."""
        known, device = len(self.start), self.start.device
        head, bias = self.head.weight.clone(), self.head.bias.clone()
        super().grow_outputs(outputs, parents)
        fresh = torch.zeros(self.vocabulary_size, outputs - known, device=device)
        self.embedding.weight = nn.Parameter(torch.cat([self.embedding.weight, fresh], dim=1))
        self.embedding.embedding_dim = self.feature_size = outputs
        self.head = nn.Linear(outputs, outputs).to(device)
        nn.init.eye_(self.head.weight)
        self.head.bias.zero_()
        self.head.weight[:known, :known], self.head.bias[:known] = head, bias

    @torch.no_grad()
    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """New features begin at nothing."""
        added = vocabulary_size - self.vocabulary_size
        if added > 0:
            fresh = torch.zeros(added, self.feature_size, device=self.embedding.weight.device)
            self.embedding.weight = nn.Parameter(torch.cat([self.embedding.weight, fresh]))
            self.embedding.num_embeddings = self.vocabulary_size = vocabulary_size
