"""A pretrained text encoder under a linear head (Devlin et al. 2019, "BERT"): transfer learning."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self
from weakref import WeakKeyDictionary

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from core.base.errors import ModelError
from core.base.files import read_json
from core.data.dataset.inputs import as_text, learned_inputs
from core.networks.architectures.encoder import ENCODER, EncoderConfig
from core.networks.encoders.attention import fuse_attention
from core.networks.encoders.bert_graph import is_plain_bert, write_bert
from core.networks.encoders.feature_cache import FeatureCache, FeatureMemory, key_of
from core.networks.encoders.frozen import features_of, frozen_session
from core.networks.encoders.pretrained import (
    add_adapters,
    arithmetic,
    keep_pieces,
    layers_of,
    marks_of,
    merge_adapters,
    read_network,
)
from core.networks.encoders.windows import WindowedNetwork, window_of
from core.networks.pretrained import EncoderInfo
from core.networks.pretrained.trimming import trim_vocabulary
from core.networks.sources import Sources
from core.networks.standalone.pipeline import TextPipeline
from core.networks.text import TextConfig

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

Tuning = Literal["full", "lora", "frozen", "contrastive"]


FEW_TEXTS = 512  # that PyTorch encodes in the time that a session takes to open
_SESSIONS: WeakKeyDictionary[Encoder, Any] = WeakKeyDictionary()  # apart from the networks, which are copied


class Encoder(WindowedNetwork):
    """Tokens to vectors by a pretrained network, pooled to one vector a text, then a linear head.

    Pooling (mean or first token) and the prefix of every text are the encoder's own; see `networks.pretrained`. The vectors of
    several layers stand side by side, the last one's first: what a text is about and how it says so are seen at different
    heights. With only the head learning, features can be kept on disk (`cache`).
    """

    declared = ENCODER
    reading: ClassVar[str] = "pretrained"  # as the options of its pipeline name it
    pipeline_class: ClassVar[type[TextPipeline]] = TextPipeline
    config: EncoderConfig
    pieces: Tensor

    def __init__(self, config: EncoderConfig, network: Any, info: EncoderInfo, outputs: int) -> None:
        layers = layers_of(network)
        if config.encoder_layers:
            del layers[config.encoder_layers :]
        read = min(config.feature_layers, len(layers))
        super().__init__(config, network.config.vocab_size, outputs, read * network.config.hidden_size)
        self.layers_read = read
        self.info = info
        self.encoder = network
        self.shape = network.config
        self.cache: FeatureCache | FeatureMemory | None = None
        self._encoded = 0  # texts since the encoder was frozen
        self.padding = int(getattr(network.config, "pad_token_id", 0) or 0)
        # Which piece of the untrimmed vocabulary each token is: the same text then has the same name everywhere.
        self.register_buffer("pieces", torch.arange(network.config.vocab_size))
        if hasattr(network, "pooler"):
            network.pooler = None  # a layer for another task, which only some of them have
        if config.tuning == "lora":
            add_adapters(network, config.lora_rank, config.encoder_dropout)
        self._choose_what_learns()

    @classmethod
    def check(cls, config: EncoderConfig, sources: Sources) -> None:
        sources.encoders.check(config.encoder)

    @classmethod
    def begin(
        cls, config: EncoderConfig, text: TextConfig, texts: Sequence[str], outputs: int, sources: Sources | None
    ) -> tuple[Self, TextPipeline]:
        """Load the pretrained encoder, and leave out the word pieces that are not needed."""
        if sources is None:
            raise ModelError(
                "model.no_sources", "An encoder lies in a workspace, and none was opened. Open one and try again."
            )
        folder = sources.encoders.folder(config.encoder)
        info = sources.encoders.describe(config.encoder)
        network = read_network(folder, config.encoder_dropout)
        tokenizer = read_json(folder / "tokenizer.json")
        kept = np.arange(int(network.config.vocab_size))
        all_pieces = len(kept)
        inputs = learned_inputs(texts) if text.use_inputs and cls.reading == "pretrained" else []
        if config.trim_pieces:
            tokenizer, kept = trim_vocabulary(
                tokenizer, cls.as_read(texts, info, inputs, text.max_length), config.kept_pieces
            )
            keep_pieces(network, kept)
        longest = int(getattr(network.config, "max_position_embeddings", 512)) - 2  # RoBERTa begins to count at 2
        options = {
            "segmentation": cls.reading,
            "max_length": min(text.max_length, longest),
            "windows": text.windows,
            "stop_words": [],
            "prefix": info.prefix,
            **({"inputs": inputs} if inputs else {}),
        }
        pipeline = cls.pipeline_class(Tokenizer.from_str(json.dumps(tokenizer, ensure_ascii=False)), options)
        model = cls(config, network, info, outputs)
        model.window = window_of(pipeline)
        padding, hiding = (pipeline.tokenizer.token_to_id(name) for name in marks_of(tokenizer))
        model.padding, model.hiding_token = padding or 0, hiding if hiding is not None else model.hiding_token
        model.pieces = torch.from_numpy(kept)
        model.origin = {"encoder": {**info.to_dict(), "pieces": all_pieces, "kept": model.vocabulary_size}}
        model.keep_features(sources.features)
        return model, pipeline

    @classmethod
    def as_read(
        cls, texts: Sequence[str], info: EncoderInfo, inputs: Sequence[dict[str, Any]], max_length: int
    ) -> list[str]:
        """Texts as the tokenizer gets them."""
        return [info.prefix + as_text(row, inputs, 2 * max_length)[0] for row in texts]

    @classmethod
    def rebuild(cls, config: EncoderConfig, vocabulary_size: int, outputs: int, architecture: dict[str, Any]) -> Self:
        from transformers import AutoConfig, AutoModel

        stored = dict(architecture["network"])
        shape = AutoConfig.for_model(stored.pop("model_type"), **stored)
        network = AutoModel.from_config(shape, dtype=torch.float32)  # type: ignore[no-untyped-call]
        model = cls(config, network, EncoderInfo.from_dict(architecture["info"]), outputs)
        model.padding, model.hiding_token = architecture["padding"], architecture["hiding_token"]
        model.window = architecture.get("window")
        return model

    def architecture(self) -> dict[str, Any]:
        shape = self.shape.to_diff_dict()
        return {
            "network": {**shape, "model_type": self.shape.model_type, "vocab_size": self.vocabulary_size},
            "info": self.info.to_dict(),
            "padding": self.padding,
            "hiding_token": self.hiding_token,
            **super().architecture(),
        }

    def window_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        if self.cache is not None and not torch.compiler.is_exporting():
            return self._remembered(self.cache, tokens, mask)
        return self._encode(tokens, mask)

    def train(self, mode: bool = True) -> Self:
        """Switch dropout on or off; an encoder that does not learn never has any."""
        super().train(mode)
        if not self.encoder_learns:
            self.encoder.eval()
        return self

    @property
    def encoder_learns(self) -> bool:
        """Whether anything below the head may change."""
        return any(parameter.requires_grad for parameter in self.encoder.parameters())

    @property
    def encodes_once(self) -> bool:
        return self.config.tuning == "frozen" or (self.config.tuning == "contrastive" and not self.encoder_learns)

    @property
    def pair_readings(self) -> int:
        return self.config.pair_readings if self.config.tuning == "contrastive" and self.encoder_learns else 0

    @contextlib.contextmanager
    def head_alone(self) -> Iterator[None]:
        learned = [parameter for parameter in self.encoder.parameters() if parameter.requires_grad]
        self.freeze_encoder()
        self.cache = FeatureMemory(self.feature_size)
        try:
            yield
        finally:
            self.cache = None
            _SESSIONS.pop(self, None)
            self._encoded = 0
            for parameter in learned:
                parameter.requires_grad_(True)

    def keep_features(self, folder: Path) -> None:
        """Look features up in, and add them to, a file in this folder; only where the encoder never learns."""
        if self.config.tuning == "frozen":
            layers = f"-{self.layers_read}" if self.layers_read > 1 else ""
            upmost = f"-of-{self.config.encoder_layers}" if self.config.encoder_layers else ""
            name = f"{self.info.fingerprint}-{self.info.pooling}{layers}{upmost}"
            self.cache = FeatureCache(folder / f"{name}.features", self.feature_size)

    @property
    def features_kept(self) -> bool:
        return isinstance(self.cache, FeatureCache)

    def freeze_encoder(self) -> None:
        """From now on only the head learns."""
        self.encoder.requires_grad_(False)
        self.encoder.eval()

    def parameter_groups(self) -> list[tuple[float | None, list[nn.Parameter]]]:
        below = [parameter for parameter in self.encoder.parameters() if parameter.requires_grad]
        # Adapters start from nothing, so they may move as fast as the head.
        rate = None if self.config.tuning == "lora" else self.config.encoder_learning_rate
        return [(None, list(self.head.parameters())), (rate, below)]

    def layers_from_bottom(self) -> list[list[nn.Parameter]]:
        layers = layers_of(self.encoder)
        above = {id(parameter) for layer in layers for parameter in layer.parameters()}
        bottom = [parameter for parameter in self.encoder.parameters() if id(parameter) not in above]
        return [bottom, *(list(layer.parameters()) for layer in layers)]

    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Nothing grows: a pretrained tokenizer can read every text."""

    def write_window_features(self, graph: Graph, tokens: str, mask: str) -> str | None:
        hidden = self.write_hidden(graph, tokens, mask)
        if hidden is None:
            return None
        if self.info.pooling == "cls":
            return graph.add("Squeeze", graph.slice(hidden, 0, 1, 1), [1])
        present = graph.as_float(graph.add("Unsqueeze", mask, [2]))
        total = graph.add("ReduceSum", graph.add("Mul", hidden, present), [1], keepdims=0)
        return graph.add("Div", total, graph.add("ReduceSum", present, [1], keepdims=0))

    def write_hidden(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Write what `hidden` computes; None where the network is not of the kind that can be written."""
        if self.config.tuning == "lora" or not is_plain_bert(self.encoder):
            return None
        states = write_bert(graph, self.encoder, tokens, mask, self.padding)[: -self.layers_read - 1 : -1]
        return states[0] if len(states) == 1 else graph.add("Concat", *states, axis=2)

    def for_export(self) -> None:
        self.cache = None
        if self.config.tuning == "lora":
            merge_adapters(self.encoder)
        fuse_attention(self.encoder)

    def _choose_what_learns(self) -> None:
        """Only where the encoder learns at all: its layers from a chosen one upwards, or the adapters."""
        if self.config.tuning == "lora":
            return
        self.encoder.requires_grad_(self.config.tuning != "frozen")
        if self.config.tuning == "frozen":
            return
        for number, layer in enumerate(self.layers_from_bottom()):
            if number == 0:
                learns = self.config.tune_word_embeddings and self.config.frozen_encoder_layers == 0
            else:
                learns = number > self.config.frozen_encoder_layers
            for parameter in layer:
                parameter.requires_grad_(learns)

    def hidden(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The layers that are read, side by side, of each piece of windows: (windows, length, features)."""
        precision = self.config.precision if self.training else "float32"
        with arithmetic(precision, tokens.device) if self.encoder_learns else torch.no_grad():
            output = self.encoder(
                input_ids=tokens.masked_fill(~mask, self.padding),
                attention_mask=mask.to(torch.int64),
                output_hidden_states=self.layers_read > 1,
            )
        if self.layers_read > 1:
            return torch.cat(output.hidden_states[: -self.layers_read - 1 : -1], dim=2).float()
        last: Tensor = output.last_hidden_state.float()
        return last

    def _encode(self, tokens: Tensor, mask: Tensor) -> Tensor:
        hidden = self.hidden(tokens, mask)
        if self.info.pooling == "cls":
            first: Tensor = hidden[:, 0]
            return first
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        mean: Tensor = (hidden * weight).sum(dim=1) / weight.sum(dim=1)
        return mean

    def _encode_once(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The same of texts that are never encoded again; by ONNX Runtime once they are many."""
        if tokens.device.type != "cpu" or self.encoder_learns:
            return self._encode(tokens, mask)
        self._encoded += len(tokens)
        if self._encoded <= FEW_TEXTS:
            return self._encode(tokens, mask)
        if self not in _SESSIONS:
            _SESSIONS[self] = frozen_session(self.write_window_features, self.feature_size)
        session = _SESSIONS[self]
        return self._encode(tokens, mask) if session is None else features_of(session, tokens, mask)

    def _remembered(self, cache: FeatureCache | FeatureMemory, tokens: Tensor, mask: Tensor) -> Tensor:
        lengths = mask.sum(dim=1).tolist()
        named = self.pieces[tokens].tolist()
        keys = [key_of(row[:length]) for row, length in zip(named, lengths, strict=True)]
        features, cached = cache.find(keys)
        missing = np.flatnonzero(~cached)
        if len(missing):
            rows = torch.from_numpy(missing).to(tokens.device)
            longest = int(mask[rows].sum(dim=1).max())
            fresh = self._encode_once(tokens[rows, :longest], mask[rows, :longest]).cpu()
            cache.add([keys[row] for row in missing], fresh)
            features[torch.from_numpy(missing)] = fresh
        return features.to(tokens.device)
