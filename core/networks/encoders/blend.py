"""Two networks under one answer: the weighted sum of their logits, a logarithmic opinion pool.

Each network reads the tokens of a tokenizer of its own. A text's tokens follow each other, as `TextPipeline` of a blend encodes
them, so that whoever trains, pads, exports or serves networks handles a blend like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import torch
from torch import Tensor, nn

from core.base.config import build, settings_of
from core.base.errors import ModelError
from core.networks.architectures import MODELS
from core.networks.architectures.blend import BLEND, BlendConfig
from core.networks.encoders.base import TextNetwork
from core.networks.sources import Sources
from core.networks.standalone.pipeline import FURTHER, PADDING, TextPipeline
from core.networks.text import TextConfig

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

MEMBERS = "members."


class Blend(TextNetwork):
    """Networks whose logits are added up under weights that are the same for all texts.

    Parameters
    ----------
    members
        The networks, in the order of the tokenizers.
    facts
        What else is stored of each: ``model``, ``settings``, ``origin``, ``strategy`` and ``strategy_settings``, by which it
        goes on learning.
    outputs
        How many numbers each of them computes.

    Attributes
    ----------
    weights
        Weight of each member's logits, float32 (members).
    """

    declared = BLEND
    weights: Tensor

    def __init__(
        self, config: BlendConfig, members: Sequence[TextNetwork], facts: Sequence[Mapping[str, Any]], outputs: int
    ) -> None:
        super().__init__(config, sum(member.vocabulary_size for member in members), outputs, outputs)
        self.members = nn.ModuleList(members)
        self.facts = [dict(own) for own in facts]
        self.register_buffer("weights", torch.full((len(members),), 1 / len(members)))
        self._pass_on(outputs)

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        _refuse()

    @classmethod
    def check(cls, config: Any, sources: Sources) -> None:
        _refuse()

    @classmethod
    def rebuild(cls, config: Any, vocabulary_size: int, outputs: int, architecture: dict[str, Any]) -> Self:
        stored = architecture.get("members") or _refuse()
        members = []
        for own in stored:
            kind = MODELS[own["model"]]
            names = {declared.name for declared in settings_of(kind.config_class)}
            values = {name: value for name, value in own["settings"].items() if name in names}
            members.append(
                kind.network().rebuild(
                    build(kind.config_class, values), own["vocabulary"], outputs, own["architecture"]
                )
            )
        written = ("vocabulary", "architecture")
        facts = [{name: value for name, value in own.items() if name not in written} for own in stored]
        return cls(config, members, facts, outputs)

    def architecture(self) -> dict[str, Any]:
        return {
            "members": [
                {**facts, "vocabulary": member.vocabulary_size, "architecture": member.architecture()}
                for facts, member in zip(self.facts, self.networks(), strict=True)
            ]
        }

    def networks(self) -> list[TextNetwork]:
        """The members."""
        return list(self.members)  # type: ignore[arg-type]

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        logits = (member(*self.tokens_of(number, tokens, mask)) for number, member in enumerate(self.networks()))
        return torch.stack([weight * own for weight, own in zip(self.weights, logits, strict=True)]).sum(dim=0)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take over weights: each member its own, since some change their shape with them."""
        for number, member in enumerate(self.networks()):
            prefix = f"{MEMBERS}{number}."
            own = {name.removeprefix(prefix): value for name, value in state_dict.items() if name.startswith(prefix)}
            member.load_state_dict(own, strict, assign)
        theirs = {f"{MEMBERS}{name}": value for name, value in self.members.state_dict().items()}
        rest = {name: value for name, value in state_dict.items() if not name.startswith(MEMBERS)}
        return nn.Module.load_state_dict(self, {**theirs, **rest}, strict, assign)

    @property
    def encodes_once(self) -> bool:
        return any(member.encodes_once for member in self.networks())

    def keep_features(self, folder: Path) -> None:
        for member in self.networks():
            member.keep_features(folder)

    @property
    def features_kept(self) -> bool:
        first = self._first_that_encodes_once()
        return first is not None and self.networks()[first].features_kept

    def once_encoded(self, tokens: Tensor, mask: Tensor) -> Tensor:
        first = self._first_that_encodes_once()
        assert first is not None
        return self.networks()[first].once_encoded(*self.tokens_of(first, tokens, mask))

    def _first_that_encodes_once(self) -> int | None:
        return next((number for number, member in enumerate(self.networks()) if member.encodes_once), None)

    def write_logits(self, graph: Graph, tokens: str, mask: str) -> str | None:
        total = ""
        for number, member in enumerate(self.networks()):
            logits = member.write_logits(graph, *self._write_tokens_of(number, graph, tokens, mask))
            if logits is None:
                return None
            part = graph.add("Mul", logits, float(self.weights[number]))
            total = graph.add("Add", total, part) if total else part
        return total

    def for_export(self) -> None:
        for member in self.networks():
            member.for_export()

    @torch.no_grad()
    def grow_outputs(self, outputs: int, parents: Mapping[int, int] | None = None) -> None:
        for member in self.networks():
            member.grow_outputs(outputs, parents)
        self._pass_on(outputs)

    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Nothing grows here: the members grow, each with its own tokenizer."""

    @torch.no_grad()
    def _pass_on(self, outputs: int) -> None:
        """A head that leaves things as they are."""
        self.feature_size = outputs
        self.head = nn.Linear(outputs, outputs, device="meta").to_empty(device=self.weights.device)
        self.head.weight.copy_(torch.eye(outputs))
        self.head.bias.zero_()
        self.head.requires_grad_(False)

    @staticmethod
    def tokens_of(number: int, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (batch, own length) of a member with their mask, moved to the left."""
        first = number * FURTHER
        own = mask & (tokens >= first) & (tokens < first + FURTHER)
        count, before = own.sum(dim=1, keepdim=True), (mask & (tokens < first)).sum(dim=1, keepdim=True)
        length = tokens.shape[1] if torch.compiler.is_exporting() else int(count.max())
        places = torch.arange(length, device=tokens.device)
        inside = places < count
        moved = tokens.gather(1, (before + places).clamp_max(tokens.shape[1] - 1)) - first
        return moved.masked_fill(~inside, PADDING), inside

    @staticmethod
    def _write_tokens_of(number: int, graph: Graph, tokens: str, mask: str) -> tuple[str, str]:
        """The same in ONNX operations."""
        first = number * FURTHER
        inside = graph.add(
            "And", graph.add("GreaterOrEqual", tokens, first), graph.add("Less", tokens, first + FURTHER)
        )
        own = graph.add("And", mask, inside)
        earlier = graph.add("And", mask, graph.add("Less", tokens, first))
        count, before = (graph.add("ReduceSum", graph.as_integer(some), [1], keepdims=1) for some in (own, earlier))
        places = graph.add("Range", 0, graph.add("ReduceMax", count, keepdims=0), 1)
        present = graph.add("Less", places, count)
        last = graph.add("Sub", graph.add("Shape", tokens, start=1, end=2), [1])
        moved = graph.add("GatherElements", tokens, graph.add("Min", graph.add("Add", before, places), last), axis=1)
        return graph.add("Where", present, graph.add("Sub", moved, first), PADDING), present


def _refuse() -> NoReturn:
    raise ModelError(
        "blend.of_versions",
        "A blend is made of two versions, not trained from texts. Choose auto, which makes one where it is better.",
    )
