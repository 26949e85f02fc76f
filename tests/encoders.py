"""Models small enough for tests: a text encoder in the folder format of the real ones, and any architecture by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel, WordPiece

from core.networks.architectures import MODELS
from core.networks.architectures.linear import LinearConfig
from core.networks.encoders import TextNetwork
from core.networks.encoders.linear import LinearNgrams
from core.networks.standalone.pipeline import TextPipeline

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    *"abcdefghijklmnopqrstuvwxyz",
    *"好坏很快慢吃不的质量电池",
    *".,!'",
    "good",
    "bad",
    "fast",
    "slow",
    "the",
    "was",
    "it",
]


SHAPE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,  # the usual 0.02 makes all texts look alike at this size
}


def make_model(name: str, vocabulary: int, classes: int, **settings: Any) -> TextNetwork:
    """An architecture with random weights; an encoder is the tiny one."""
    model_class = MODELS[name]
    if name == "linear":
        return linear(model_class.config_class(**settings), vocabulary, classes)
    architecture = {
        "network": {"model_type": "bert", **SHAPE, "vocab_size": vocabulary},
        "info": {"reference": "folder:tiny", "name": "tiny", "kind": "folder", "languages": []},
        "padding": 0,
        "hiding_token": 1,
    }
    return model_class.network().rebuild(model_class.config_class(**settings), vocabulary, classes, architecture)


def linear(config: LinearConfig, vocabulary: int, classes: int) -> LinearNgrams:
    """Linear n-grams with random weights that know each token, and some n-grams of them."""
    model = LinearNgrams(config, vocabulary, classes)
    rows = [[4, 9, 2], [5, 5, 30, 49, 8, 1, 3, 12, 22], [11, 2], [5, 6, 5, 7, 5], list(range(2, vocabulary))]
    words = {"[PAD]": 0, "[UNK]": 1, **{f"w{number}": number for number in range(2, vocabulary)}}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    pipeline = TextPipeline(tokenizer, {"segmentation": "words", "max_length": 100})
    model.meet(pipeline, [" ".join(f"w{number}" for number in row) for row in rows])
    torch.nn.init.normal_(model.embedding.weight, std=0.3)
    return model


def tiny_encoder(folder: Path, *, seed: int = 0, words: list[str] | None = None) -> Path:
    """Write a BERT of two layers, 32 values wide, with random weights; returns the folder."""
    from transformers import BertConfig, BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    pieces = [
        *MARKS,
        *dict.fromkeys([*WORDS, *(words or [])]),
        *(f"##{letter}" for letter in WORDS if len(letter) == 1),
    ]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(MARKS)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    shape = BertConfig(vocab_size=len(vocabulary), **SHAPE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(shape, add_pooling_layer=False).save_pretrained(folder, safe_serialization=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
