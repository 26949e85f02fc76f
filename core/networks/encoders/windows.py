"""Texts longer than a model reads at once: cut into windows of equal length, whose features are averaged inside the network.

Each window counts by its tokens, so a text of one window is what it was without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from core.networks.encoders.base import TextNetwork
from core.networks.sources import Sources
from core.networks.standalone.pipeline import TextPipeline
from core.networks.text import TextConfig

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

AT_ONCE = 128  # windows that are encoded together: many long texts in a batch must not take many times its memory


class WindowedNetwork(TextNetwork):
    """Base of networks that know positions, or whose cost grows faster than the text; they override `window_features`.

    Attributes
    ----------
    window
        Tokens of a window; None where a text is never longer than one.
    """

    window: int | None = None

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        model, pipeline = super().begin(config, text, texts, outputs, sources)
        model.window = window_of(pipeline)
        return model, pipeline

    @classmethod
    def rebuild(cls, config: Any, vocabulary_size: int, outputs: int, architecture: dict[str, Any]) -> Self:
        model = super().rebuild(config, vocabulary_size, outputs, architecture)
        model.window = architecture.get("window")
        return model

    def architecture(self) -> dict[str, Any]:
        return {} if self.window is None else {"window": self.window}

    def window_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Encode windows, tokens int64 (windows, length) with mask bool (windows, length), to (windows, features)."""
        raise NotImplementedError

    def write_window_features(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Write what `window_features` computes as ONNX operations, as `write_features`."""
        return None

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        if self.window is None:
            return self.window_features(tokens, mask)
        if torch.compiler.is_exporting():
            return self._exported(tokens, mask, self.window)
        if tokens.shape[1] <= self.window:
            return self.window_features(tokens, mask)
        parts, seen = into_windows(tokens, self.window), into_windows(mask, self.window)
        counts = seen.sum(dim=1)
        held = counts.nonzero().squeeze(1)  # a short text beside a long one has windows of nothing but padding
        texts = held // (len(parts) // len(tokens))
        encoded = self._of_all(parts[held], seen[held])
        shares = counts[held] / mask.sum(dim=1)[texts]
        nothing = encoded.new_zeros(len(tokens), encoded.shape[1])
        return nothing.index_add(0, texts, encoded * shares.to(encoded.dtype).unsqueeze(1))

    def _of_all(self, parts: Tensor, seen: Tensor) -> Tensor:
        """`window_features` of any number of windows; of many, what gradients need is computed again rather than kept."""
        if len(parts) <= AT_ONCE:
            return self.window_features(parts, seen)
        pieces = [(parts[at : at + AT_ONCE], seen[at : at + AT_ONCE]) for at in range(0, len(parts), AT_ONCE)]
        if not torch.is_grad_enabled():
            return torch.cat([self.window_features(*piece) for piece in pieces])
        return torch.cat([checkpoint(self.window_features, *piece, use_reentrant=False) for piece in pieces])

    def _exported(self, tokens: Tensor, mask: Tensor, window: int) -> Tensor:
        """The same with every window, for PyTorch's exporter, which follows one way for all lengths."""
        parts, seen, count = exported_windows(tokens, mask, window)
        counts = seen.sum(dim=1, keepdim=True)
        encoded = self.window_features(parts, seen | (counts == 0))
        weights = counts.reshape(tokens.shape[0], count, 1).to(encoded.dtype)
        return (encoded.reshape(tokens.shape[0], count, -1) * (weights / weights.sum(dim=1, keepdim=True))).sum(dim=1)

    def write_features(self, graph: Graph, tokens: str, mask: str) -> str | None:
        if self.window is None:
            return self.write_window_features(graph, tokens, mask)
        parts, visible, counts, count = write_windows(graph, tokens, mask, self.window)
        encoded = self.write_window_features(graph, parts, visible)
        if encoded is None:
            return None
        together = [graph.add("Concat", [-1], count, [size], axis=0) for size in (1, self.feature_size)]
        own = graph.add("Reshape", counts, together[0])
        shares = graph.add("Div", *map(graph.as_float, (own, graph.add("ReduceSum", own, [1], keepdims=1))))
        weighed = graph.add("Mul", graph.add("Reshape", encoded, together[1]), shares)
        return graph.add("ReduceSum", weighed, [1], keepdims=0)


def owners_of_windows(model: TextNetwork, mask: Tensor) -> Tensor | None:
    """The text of each window that a network makes of texts with this mask; None where it reads texts as they are."""
    window = getattr(model, "window", None)
    if window is None or mask.shape[1] <= window:
        return None
    seen = into_windows(mask, window)
    held = seen.any(dim=1).nonzero().squeeze(1)
    return held // (len(seen) // len(mask))


def exported_windows(tokens: Tensor, mask: Tensor, window: int) -> tuple[Tensor, Tensor, Any]:
    """Texts as windows, tokens and mask (texts · windows, width) each, and how many windows a text has; for PyTorch's exporter,
    which follows one way for all lengths.
    """
    batch, length = tokens.shape
    width = torch.sym_min(length, window)  # type: ignore[no-untyped-call]
    count = (length + width - 1) // width
    padded = [functional.pad(values, (0, count * width - length)) for values in (tokens, mask)]
    parts, seen = (values.reshape(batch * count, width) for values in padded)
    return parts, seen, count


def write_windows(graph: Graph, tokens: str, mask: str, window: int) -> tuple[str, str, str, str]:
    """The same as ONNX operations: tokens of windows, what of them is looked at, how many tokens each has, and how many windows a
    text has. A window of nothing but padding is looked at as if it were a text, so that no figure is infinite.
    """
    length = graph.add("Shape", tokens, start=1, end=2)
    width = graph.add("Min", length, [window])
    count = graph.add("Div", graph.add("Add", length, graph.add("Sub", width, [1])), width)
    padding = graph.add("Concat", [0, 0, 0], graph.add("Sub", graph.add("Mul", count, width), length), axis=0)
    shape = graph.add("Concat", [-1], width, axis=0)
    parts, seen = (graph.add("Reshape", graph.add("Pad", name, padding), shape) for name in (tokens, mask))
    counts = graph.add("ReduceSum", graph.as_integer(seen), [1], keepdims=1)
    return parts, graph.add("Or", seen, graph.add("Equal", counts, 0)), counts, count


def window_of(pipeline: TextPipeline) -> int | None:
    """Tokens of a window of texts that this pipeline reads; None where each text is one window at most."""
    return int(pipeline.options["max_length"]) if pipeline.options.get("windows", 1) > 1 else None


def into_windows(values: Tensor, window: int) -> Tensor:
    """Cut along the second dimension, filled up with zeros: (batch, length, …) becomes (batch · windows, window, …)."""
    missing = -values.shape[1] % window
    padded = functional.pad(values, (0, 0) * (values.dim() - 2) + (0, missing))
    return padded.reshape(-1, window, *values.shape[2:])
