"""An encoder with a head that guesses hidden tokens; its output matrix is the encoder's own word embeddings.

The head is BERT's: a dense layer, GELU, layer norm, then the tied embeddings and a bias. It reads hidden tokens only, which
saves most of the cost of a large vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from core.networks.pretrained import EncoderInfo
from core.networks.pretrained.weights import read_header
from core.networks.standalone.pipeline import TextPipeline, batches_by_length, pad
from core.training.pretraining.config import ShapeConfig

_AT_ONCE = 64
HEAD = "masked_head.safetensors"  # beside an own encoder, so that it can go on learning
# Where models of others keep such a head inside their weights: own name → theirs.
_STORED = (
    {
        "dense.weight": "cls.predictions.transform.dense.weight",
        "dense.bias": "cls.predictions.transform.dense.bias",
        "norm.weight": "cls.predictions.transform.LayerNorm.weight",
        "norm.bias": "cls.predictions.transform.LayerNorm.bias",
        "bias": "cls.predictions.bias",
    },
    {
        "dense.weight": "lm_head.dense.weight",
        "dense.bias": "lm_head.dense.bias",
        "norm.weight": "lm_head.layer_norm.weight",
        "norm.bias": "lm_head.layer_norm.bias",
        "bias": "lm_head.bias",
    },
)


class MaskedHead(nn.Module):
    """Hidden vectors to one score for each piece of the vocabulary."""

    def __init__(self, width: int, embedding_width: int, vocabulary_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, embedding_width)
        self.norm = nn.LayerNorm(embedding_width)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def forward(self, hidden: Tensor, embeddings: Tensor) -> Tensor:
        """Logits (tokens, vocabulary) of hidden vectors (tokens, width)."""
        return functional.linear(self.norm(functional.gelu(self.dense(hidden))), embeddings, self.bias)


class MaskedLanguageModel(nn.Module):
    """Any encoder of the transformers library, and the head."""

    def __init__(self, encoder: Any, padding: int) -> None:
        super().__init__()
        if hasattr(encoder, "pooler"):
            encoder.pooler = None  # a layer for another task, which only some of them have
        self.encoder = encoder
        self.padding = padding
        vocabulary, width = encoder.get_input_embeddings().weight.shape
        self.head = MaskedHead(encoder.config.hidden_size, width, vocabulary)

    def forward(self, tokens: Tensor, mask: Tensor, hidden: Tensor) -> Tensor:
        """Logits (hidden tokens, vocabulary) in row order; tokens int64, mask and hidden bool (batch, length)."""
        output = self.encoder(
            input_ids=tokens.masked_fill(~mask, self.padding), attention_mask=mask.to(torch.int64)
        ).last_hidden_state
        logits: Tensor = self.head(output[hidden], self.encoder.get_input_embeddings().weight)
        return logits

    def parameter_count(self) -> int:
        """Number of weights of the encoder; the head is not kept by a classifier."""
        return sum(parameter.numel() for parameter in self.encoder.parameters())


def make_encoder(shape: ShapeConfig, pieces: int, max_length: int, dropout: float) -> Any:
    """A BERT of random weights that can read ``max_length`` tokens."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=pieces,
        hidden_size=shape.embedding_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.hidden_size,
        max_position_embeddings=max_length + 2,  # a classifier leaves two free, for encoders that count from 2
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=0,
    )
    return BertModel(config, add_pooling_layer=False)


def save_model(model: MaskedLanguageModel, tokenizer_json: str, folder: Path) -> None:
    """Write the encoder in Hugging Face's layout, and the head in a file beside."""
    from safetensors.torch import save_file
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model.encoder.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    save_file({name: value.contiguous() for name, value in model.head.state_dict().items()}, folder / HEAD)


def load_head(model: MaskedLanguageModel, folder: Path, kept: Tensor | None = None) -> bool:
    """Take over a head that was learned with this encoder before, if there is one of the right size.

    Parameters
    ----------
    kept
        The old ids whose pieces stayed, when the vocabulary was trimmed.

    Returns
    -------
    bool
        Whether there was one; otherwise the head stays as it began.
    """
    stored = _stored_head(folder)
    if kept is not None and "bias" in stored:
        if len(stored["bias"]) <= int(kept.max()):
            return False
        stored["bias"] = stored["bias"][kept]
    own = model.head.state_dict()
    if {name: value.shape for name, value in stored.items()} != {name: value.shape for name, value in own.items()}:
        return False
    model.head.load_state_dict(stored)
    return True


def _stored_head(folder: Path) -> dict[str, Tensor]:
    from safetensors import safe_open
    from safetensors.torch import load_file

    if (folder / HEAD).is_file():
        return load_file(folder / HEAD)
    weights = folder / "model.safetensors"
    names = read_header(weights)
    for stored in _STORED:
        if set(stored.values()) <= set(names):
            with safe_open(weights, framework="pt") as file:
                return {own: file.get_tensor(name) for own, name in stored.items()}
    return {}


@torch.no_grad()
def encode_texts(
    encoder: Any, tokenizer_json: str, info: EncoderInfo, texts: Sequence[str], max_length: int, padding: int
) -> NDArray[np.float32]:
    """One vector for each text, (texts, width), pooled as the encoder's description says; dropout is off."""
    options = {"segmentation": "pretrained", "max_length": max_length, "prefix": info.prefix}
    ids = TextPipeline(Tokenizer.from_str(tokenizer_json), options).encode(texts)
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    vectors = np.zeros((len(ids), encoder.config.hidden_size), dtype=np.float32)
    for rows in batches_by_length(ids, _AT_ONCE):
        tokens, mask = (torch.from_numpy(array).to(device) for array in pad([ids[row] for row in rows]))
        hidden = encoder(
            input_ids=tokens.masked_fill(~mask, padding), attention_mask=mask.to(torch.int64)
        ).last_hidden_state.float()
        weight = mask.unsqueeze(-1).float()
        pooled = hidden[:, 0] if info.pooling == "cls" else (hidden * weight).sum(dim=1) / weight.sum(dim=1)
        vectors[rows] = pooled.cpu().numpy()
    encoder.train(was_training)
    return vectors
