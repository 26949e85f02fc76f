"""Bag of n-grams (Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification"): the fast one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.networks.architectures.ngrams import NGRAMS, NgramsConfig
from core.networks.encoders.base import TextNetwork

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

# Large odd numbers of the usual kind for multiplicative hashing; any would do, but they may never change again.
MULTIPLIERS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)


class NgramBag(TextNetwork):
    """Mean of the embeddings of all n-grams, then a linear head.

    Rows of the embedding: first the hash buckets, then one row a token, so that the vocabulary can grow at the end.
    Gradients are sparse: a step touches only the rows of its batch.
    """

    declared = NGRAMS

    embedding: nn.EmbeddingBag

    def __init__(self, config: NgramsConfig, vocabulary_size: int, outputs: int) -> None:
        super().__init__(config, vocabulary_size, outputs, config.embedding_size)
        self.longest_ngram = config.longest_ngram
        self.buckets = config.buckets if config.longest_ngram > 1 else 0
        self.embedding = nn.EmbeddingBag(
            self.buckets + vocabulary_size, config.embedding_size, mode="mean", sparse=True, padding_idx=self.buckets
        )
        # Nearly zero, so that an n-gram seen once or never says next to nothing.
        nn.init.uniform_(self.embedding.weight, -0.01, 0.01)
        with torch.no_grad():
            self.embedding.weight[self.buckets].zero_()
        self.embedding.requires_grad_(config.learns_embedding)
        self.dropout = nn.Dropout(config.dropout)

    def sparse_parameters(self) -> list[nn.Parameter]:
        return list(self.embedding.parameters())

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        pooled: Tensor = self.dropout(self.embedding(self._rows(tokens, mask)))  # (batch, embedding)
        return pooled

    def write_features(self, graph: Graph, tokens: str, mask: str) -> str:
        return self._write_mean(graph, self.embedding.weight, tokens, mask)

    def write_logits(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Put the head's scores into the table: the mean of scores is the score of the mean.

        Only where that makes no row longer, and where nothing stands between the mean and the head.
        """
        if self.lift is not None or self.head.out_features > self.feature_size:
            return super().write_logits(graph, tokens, mask)
        scores = nn.functional.linear(self.embedding.weight, self.head.weight)
        return graph.add("Add", self._write_mean(graph, scores, tokens, mask), self.head.bias)

    @property
    def additive(self) -> bool:
        return self.lift is None

    @torch.no_grad()
    def parts(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, list[list[int]]]:
        rows = self._rows(tokens, mask)[0]
        length = tokens.shape[1]
        members = [
            list(range(first, first + size)) for size in range(1, self.longest_ngram + 1) for first in range(length)
        ]
        present = (rows != self.buckets).nonzero().flatten().tolist()
        scores = nn.functional.linear(self.embedding.weight[rows[present]], self.head.weight)
        return scores / max(1, len(present)), [members[index] for index in present]

    def _write_mean(self, graph: Graph, table: Tensor, tokens: str, mask: str) -> str:
        """Mean of the table's rows over all n-grams of a text: (batch, width)."""
        rows = self._write_rows(graph, tokens, mask)
        table = table.detach().clone()
        table[self.buckets] = 0  # so that padding can be added
        present = graph.as_float(graph.add("Not", graph.add("Equal", rows, self.buckets)))
        total = graph.add("ReduceSum", graph.add("Gather", table, rows), [1], keepdims=0)
        # A text of nothing but padding marks has no n-gram, and the mean of none is 0 to PyTorch.
        count = graph.add("Max", graph.add("ReduceSum", present, [1], keepdims=1), 1.0)
        return graph.add("Div", total, count)

    def _write_rows(self, graph: Graph, tokens: str, mask: str) -> str:
        """What `_rows` computes."""
        grams = [graph.add("Add", graph.add("Where", mask, tokens, 0), self.buckets)]
        further = self.longest_ngram - 1
        if further:
            padded = graph.add("Pad", tokens, [0, 0, 0, further]), graph.add("Pad", mask, [0, 0, 0, further])
            hashed = graph.add("Mul", tokens, MULTIPLIERS[0])
        for size in range(2, self.longest_ngram + 1):
            following, inside = (graph.slice(values, size - 1, size - 1 - further or None, 1) for values in padded)
            mixed = graph.add("BitwiseXor", hashed, graph.add("Mul", following, MULTIPLIERS[size - 1]))
            mixed = graph.add("BitwiseAnd", mixed, 0x7FFFFFFF)
            hashed = graph.add("Add", graph.add("Mul", mixed, 31), size)
            grams.append(graph.add("Where", inside, graph.add("Mod", hashed, self.buckets), self.buckets))
        return graph.add("Concat", *grams, axis=1) if further else grams[0]

    def _rows(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Embedding row of every n-gram; those that reach into padding point at the padding row, which counts nothing."""
        grams = [torch.where(mask, tokens, 0) + self.buckets]
        hashed = tokens * MULTIPLIERS[0]
        for size in range(2, self.longest_ngram + 1):
            # Pad on the right instead of cutting: a text shorter than the n-gram then needs no special case.
            following = nn.functional.pad(tokens, (0, size - 1))[:, size - 1 :]
            inside = nn.functional.pad(mask, (0, size - 1))[:, size - 1 :]
            hashed = (hashed ^ (following * MULTIPLIERS[size - 1])) & 0x7FFFFFFF
            hashed = hashed * 31 + size
            grams.append(torch.where(inside, hashed % self.buckets, self.buckets))
        return torch.cat(grams, dim=1)
