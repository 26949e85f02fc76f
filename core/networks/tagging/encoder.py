"""A pretrained encoder with a head for each token (Devlin et al. 2019, "BERT"), with or without a chain over tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.data.spans.tokens import tokens_of
from core.networks.architectures.token_encoder import TOKEN_ENCODER, TokenEncoderConfig
from core.networks.encoders.encoder import Encoder
from core.networks.encoders.windows import exported_windows, into_windows, write_windows
from core.networks.pretrained import EncoderInfo
from core.networks.standalone.marking import PIECES, PiecePipeline
from core.networks.tagging.base import TokenNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from core.networks.encoders.graph import Graph


class TokenEncoder(TokenNetwork, Encoder):
    """Pieces to vectors by a pretrained network, and a head that reads each of them; that of a token's first piece counts.

    Without a chain, tags follow each other as they may: what is learned is then the cross-entropy of each token.
    """

    declared = TOKEN_ENCODER
    reading = PIECES
    pipeline_class = PiecePipeline
    config: TokenEncoderConfig

    def __init__(self, config: TokenEncoderConfig, network: Any, info: EncoderInfo, outputs: int) -> None:
        Encoder.__init__(self, config, network, info, outputs)
        self.dropout = nn.Dropout(config.encoder_dropout)
        self.add_chain(outputs, learns=config.chain)

    @classmethod
    def as_read(
        cls, texts: Sequence[str], info: EncoderInfo, inputs: Sequence[dict[str, Any]], max_length: int
    ) -> list[str]:
        """With a blank between two tokens: so each is cut into the same pieces as alone."""
        return [" ".join(text[start:end] for start, end in tokens_of(text)) for text in texts]

    def keep_features(self, folder: Path) -> None:
        """Of tokens nothing is kept: there are too many of them."""

    def parameter_groups(self) -> list[tuple[float | None, list[nn.Parameter]]]:
        (rate, head), below = super().parameter_groups()
        return [(rate, [*head, *(value for value in (self.start, self.follow) if value.requires_grad)]), below]

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        if self.window is not None and torch.compiler.is_exporting():
            return self._exported_states(tokens, mask, self.window)
        if self.window is None or tokens.shape[1] <= self.window:
            return self.dropout(self.hidden(tokens, mask))  # type: ignore[no-any-return]
        parts, seen = into_windows(tokens, self.window), into_windows(mask, self.window)
        held = seen.any(dim=1)  # a short text beside a long one has windows of nothing but padding
        encoded = self.hidden(parts[held], seen[held])
        whole = encoded.new_zeros(len(parts), *encoded.shape[1:])
        whole[held] = encoded
        states: Tensor = self.dropout(whole.reshape(len(tokens), -1, encoded.shape[2])[:, : tokens.shape[1]])
        return states

    def _exported_states(self, tokens: Tensor, mask: Tensor, window: int) -> Tensor:
        """The same with every window, for PyTorch's exporter, which follows one way for all lengths."""
        parts, seen, _ = exported_windows(tokens, mask, window)
        hidden = self.hidden(parts, seen | (seen.sum(dim=1, keepdim=True) == 0))
        return hidden.reshape(tokens.shape[0], -1, hidden.shape[2])[:, : tokens.shape[1]]

    def write_states(self, graph: Graph, tokens: str, mask: str) -> str | None:
        if self.window is None:
            return self.write_hidden(graph, tokens, mask)
        parts, visible, _, _ = write_windows(graph, tokens, mask, self.window)
        hidden = self.write_hidden(graph, parts, visible)
        if hidden is None:
            return None
        batch, length = (graph.add("Shape", tokens, start=axis, end=axis + 1) for axis in (0, 1))
        whole = graph.add("Reshape", hidden, graph.add("Concat", batch, [-1, self.feature_size], axis=0))
        return graph.add("Slice", whole, [0], length, [1])
