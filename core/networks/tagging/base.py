"""What networks that tag tokens have in common: a chain over the tags, which grows with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.networks.encoders.base import TextNetwork
from core.networks.tagging.chain import together

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph


class TokenNetwork(TextNetwork):
    """A mixture for networks that override `states` and `write_states`; their head reads each token.

    `forward` returns scores of the chain, (batch, 1 + tags + steps, tags), see `chain.together`.
    """

    answer_shape = ("steps",)
    start: nn.Parameter
    follow: nn.Parameter

    def add_chain(self, outputs: int, *, learns: bool = True) -> None:
        """Begin with tags that follow each other as they like."""
        self.start = nn.Parameter(torch.zeros(outputs), requires_grad=learns)
        self.follow = nn.Parameter(torch.zeros(outputs, outputs), requires_grad=learns)

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """What the network says of each step, (batch, steps, features)."""
        raise NotImplementedError

    def write_states(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Write what `states` computes as ONNX operations; None where that is left to PyTorch's exporter."""
        raise NotImplementedError

    def counted(self, mask: Tensor) -> Tensor:
        """Which steps are of tokens, bool (batch, steps)."""
        return mask

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The mean of the states over a text, (batch, features)."""
        counted = self.counted(mask).unsqueeze(2)
        states = self.states(tokens, mask)
        mean: Tensor = (states * counted).sum(dim=1) / counted.sum(dim=1)
        return mean

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        return together(self.start, self.follow, self.head(self.states(tokens, mask)))

    def write_logits(self, graph: Graph, tokens: str, mask: str) -> str | None:
        states = self.write_states(graph, tokens, mask)
        if states is None:
            return None
        emitted = graph.linear(states, self.head)
        chain = graph.constant(torch.cat([self.start.unsqueeze(0), self.follow]).unsqueeze(0))
        rows = graph.add("Concat", graph.add("Shape", emitted, start=0, end=1), [1, 1], axis=0)
        return graph.add("Concat", graph.add("Expand", chain, rows), emitted, axis=1)

    @torch.no_grad()
    def grow_outputs(self, outputs: int, parents: Mapping[int, int] | None = None) -> None:
        known = len(self.start)
        super().grow_outputs(outputs, parents)
        start, follow = self.start, self.follow
        self.add_chain(outputs, learns=start.requires_grad)
        self.start[:known], self.follow[:known, :known] = start, follow
        self.to(start.device)
