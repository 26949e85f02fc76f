"""What every text classifier of the registry is: an encoder of tokens, and a linear head that can grow.

Knows nothing of training, files or text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.base.config import Config
from core.networks.architectures.base import FEATURES, Architecture
from core.networks.encoders.feature_map import MAP_PREFIX, FeatureMap
from core.networks.sources import Sources
from core.networks.standalone.pipeline import UNKNOWN, TextPipeline
from core.networks.text import TextConfig, fit_pipeline

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

TABLE, ENCODER_TABLE = "embedding.weight", "word_embeddings.weight"  # of own networks, and of pretrained ones


class TokenRows(NamedTuple):
    """Rows that stand for some tokens: of stored tensors by name, and of the tables of an ONNX file by their length.

    ``table`` is the tensor that a strategy keeps others beside.
    """

    table: str
    by_name: dict[str, NDArray[np.int64]]
    by_length: dict[int, NDArray[np.int64]]


class TextNetwork(nn.Module):
    """Base of all architectures; one file each overrides `features` and names its declaration.

    Parameters
    ----------
    config
        An instance of its declaration's ``config_class``.
    vocabulary_size
        Number of token ids; id 0 is padding, id 1 the unknown token.
    outputs
        How many numbers it computes of a text.
    feature_size
        Width of what `features` returns.
    """

    declared: ClassVar[Architecture]

    answer_shape: ClassVar[
        tuple[str, ...]
    ] = ()  # further dimensions of what `forward` returns, between texts and outputs
    hiding_token: int = UNKNOWN  # stands for a token that is hidden while learning

    embedding: nn.Embedding | nn.EmbeddingBag
    lift: FeatureMap | None

    def __init__(self, config: Config, vocabulary_size: int, outputs: int, feature_size: int) -> None:
        super().__init__()
        self.config = config
        self.vocabulary_size = vocabulary_size
        self.feature_size = feature_size
        self.origin: dict[str, Any] = {}  # facts about what it began from, where that is more than random numbers
        self.register_module("lift", None)
        self.head = nn.Linear(feature_size, outputs)

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        """A model that has learned nothing from these training texts but how to read them.

        Parameters
        ----------
        sources
            Where a model finds what was learned before it; one that starts from random weights needs none.
        """
        pipeline = fit_pipeline(texts, text)
        return cls.rebuild(config, pipeline.tokenizer.get_vocab_size(), outputs, {}), pipeline

    @classmethod
    def check(cls, config: Any, sources: Sources) -> None:
        """Raise the error that `begin` would end with at once, whatever the texts."""
        cls.rebuild(config, 2, 2, {})

    @classmethod
    def rebuild(cls, config: Any, vocabulary_size: int, outputs: int, architecture: dict[str, Any]) -> Self:
        """A model of the same shape as one whose `architecture` was stored; its weights are still to be loaded."""
        return cls(config, vocabulary_size, outputs)  # type: ignore[call-arg]  # every subclass gives the width itself

    def architecture(self) -> dict[str, Any]:
        """What else than its settings it takes to build the model again; plain values."""
        return {}

    def meet(self, pipeline: TextPipeline, texts: Sequence[str]) -> None:
        """Look at texts that will be learned next, before they are; answers stay as they were."""

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Encode tokens int64 (batch, length) with mask bool (batch, length) to (batch, features)."""
        raise NotImplementedError

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Logits (batch, outputs); every row of mask holds at least one true value."""
        return self.read_out(self.features(tokens, mask))

    def read_out(self, features: Tensor) -> Tensor:
        """Logits (batch, outputs) of what `features` returned."""
        logits: Tensor = self.head(features if self.lift is None else self.lift(features))
        return logits

    @torch.no_grad()
    def set_feature_map(self, feature_map: FeatureMap | None) -> None:
        """Put a fixed map in front of the head, or take it away; the head begins anew, all zeros."""
        old = self.head.weight
        width = self.feature_size if feature_map is None else feature_map.width
        self.lift = None if feature_map is None else feature_map.to(old.device)
        # By way of "meta", so that no random number is drawn.
        self.head = nn.Linear(width, len(old), device="meta").to_empty(device=old.device)
        self.head.weight.zero_()
        self.head.bias.zero_()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take over weights; those of a model with a feature map bring it along."""
        tensors = {
            key.removeprefix(MAP_PREFIX): value for key, value in state_dict.items() if key.startswith(MAP_PREFIX)
        }
        own = self.lift.state_dict() if self.lift is not None else {}
        if {key: value.shape for key, value in own.items()} != {key: value.shape for key, value in tensors.items()}:
            self.set_feature_map(FeatureMap.from_tensors(tensors) if tensors else None)
        return super().load_state_dict(state_dict, strict, assign)

    def sparse_parameters(self) -> list[nn.Parameter]:
        """Parameters whose gradients are sparse and need their own optimiser."""
        return []

    def learned_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name and values of everything that learning may change."""
        return ((name, value) for name, value in self.named_parameters() if value.requires_grad)

    def parameter_groups(self) -> list[tuple[float | None, list[nn.Parameter]]]:
        """Learned, dense parameters with the learning rate that they need; None stands for the training's own."""
        sparse = {id(parameter) for parameter in self.sparse_parameters()}
        return [(None, [parameter for _, parameter in self.learned_parameters() if id(parameter) not in sparse])]

    @property
    def encodes_once(self) -> bool:
        """Whether each text is encoded in the first epoch only."""
        return False

    @property
    def pair_readings(self) -> int:
        """How often each text is read to learn from pairs of texts, before the head learns; mostly 0."""
        return 0

    def head_alone(self) -> AbstractContextManager[None]:
        """Let only the head learn for a while, and encode each text once; for models with `pair_readings`."""
        return nullcontext()

    def keep_features(self, folder: Path) -> None:
        """Keep what is costly to compute of a text, and never changes, in files of this folder."""

    @property
    def features_kept(self) -> bool:
        """Whether what `features` computes of a text is looked up where it was computed before."""
        return False

    def once_encoded(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """What an exported file calls `FEATURES`."""
        return self.features(tokens, mask)

    def write_features(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Write what `features` computes as ONNX operations; returns the name of the result.

        None where an architecture does not say how: the file is then made by PyTorch's exporter, which follows `forward` and
        takes several seconds.
        """
        return None

    def write_logits(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """The same for `forward`."""
        features = self.write_features(graph, tokens, mask)
        if features is None:
            return None
        if self.encodes_once and not graph.holds(FEATURES):  # of a blend the first such member's
            features = graph.add("Identity", features, result=FEATURES)
        if self.lift is not None:
            features = self.lift.write(graph, features)
        return graph.add("Gemm", features, self.head.weight, self.head.bias, transB=1)

    @property
    def additive(self) -> bool:
        """Whether logits are a sum over parts of a text, which `parts` tells, and the head's bias."""
        return False

    def parts(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, list[list[int]]]:
        """What each part of a single text (1, length) adds to the logits, (parts, outputs), and the tokens it is made of."""
        raise NotImplementedError

    def for_export(self) -> None:
        """Fold together what is only apart for learning, before PyTorch's exporter; called on a copy."""

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        """What lies below the head, layer by layer from the words upwards; an architecture with several overrides this."""
        head = {id(parameter) for parameter in self.head.parameters()}
        below = [parameter for parameter in self.parameters() if id(parameter) not in head]
        return [below] if below else []

    @torch.no_grad()
    def grow_outputs(self, outputs: int, parents: Mapping[int, int] | None = None) -> None:
        """Widen the head to so many outputs; the weights of the old ones stay exactly as they were.

        Parameters
        ----------
        parents
            New outputs that begin with the weights of an old one, which they share, by their positions.
        """
        old = self.head
        self.head = nn.Linear(old.in_features, outputs).to(old.weight.device)
        self.head.weight[: old.out_features] = old.weight
        self.head.bias[: old.out_features] = old.bias
        shared = Counter((parents or {}).values())
        for output, parent in (parents or {}).items():
            self.head.weight[output] = old.weight[parent]
            self.head.bias[output] = old.bias[parent] - math.log(shared[parent])

    @torch.no_grad()
    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Append embedding rows for new tokens; each starts as the unknown token's row, slightly moved."""
        added = vocabulary_size - self.vocabulary_size
        if added <= 0:
            return
        weight = self.embedding.weight
        unknown = weight[-self.vocabulary_size + 1].clone()
        fresh = unknown + 0.1 * weight.std() * torch.randn(added, weight.shape[1], device=weight.device)
        self.embedding.weight = nn.Parameter(torch.cat([weight, fresh]))
        self.embedding.num_embeddings = weight.shape[0] + added
        self.vocabulary_size = vocabulary_size

    @classmethod
    def rows_of_tokens(cls, weights: Mapping[str, Tensor], ids: Sequence[int], size: int) -> TokenRows | None:
        """Where weights stand for these tokens alone, so that they can be taken out; None where no weight does.

        Parameters
        ----------
        weights
            A model's stored tensors.
        size
            The number of tokens; rows that stand for something else come before theirs.
        """
        table = next((name for name in weights if name == TABLE or name.endswith(ENCODER_TABLE)), None)
        if table is None or len(weights[table]) < size:
            return None
        length = len(weights[table])
        rows = (length - size if table == TABLE else 0) + np.asarray(ids, dtype=np.int64)
        return TokenRows(table, {table: rows}, {length: rows})

    def parameter_count(self) -> int:
        """Number of values, those that stay as they are included."""
        return sum(parameter.numel() for parameter in self.parameters())
