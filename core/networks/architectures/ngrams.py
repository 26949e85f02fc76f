"""A bag of n-grams: its settings and how it is declared."""

from __future__ import annotations

from typing import ClassVar

from core.base.config import setting
from core.networks.architectures.base import Architecture, VectorsConfig


class NgramsConfig(VectorsConfig):
    """Size of the bag; n-grams longer than one token share a fixed number of hashed rows."""

    # Its own rows begin at almost nothing, in which vectors would be lost: 3 was the best of 0.03, 0.3, 1 and 3 on SST-2's
    # validation split.
    vector_length: ClassVar[float | None] = 3.0

    embedding_size: int = setting(
        32,
        label="Embedding size",
        help="Numbers that describe one n-gram. Few are enough for few labels.",
        bounds=(8, 256),
        step=8,
    )
    longest_ngram: int = setting(
        2,
        label="Longest n-gram",
        help="2 also looks at pairs of neighbours, such as 'not good'; 3 at triples too.",
        bounds=(1, 4),
        step=1,
    )
    buckets: int = setting(
        131_072,
        label="Hash buckets",
        help="Rows shared by all n-grams of two or more tokens. Fewer make a smaller file.",
        bounds=(1024, 1_048_576),
        step=1024,
        scale="log",
        advanced=True,
    )
    dropout: float = setting(
        0.3,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )


NGRAMS = Architecture(
    name="ngrams",
    config_class=NgramsConfig,
    network_class="core.networks.encoders.ngrams:NgramBag",
    defaults={"learning_rate": 5e-3, "batch_size": 32, "epochs": 20, "max_length": 1024, "windows": 20},
    # Single words and few numbers each: what a word says must stand out from the noise on each of its numbers.
    private_defaults={
        "longest_ngram": 1,
        "embedding_size": 16,
        "dropout": 0.0,
        "word_dropout": 0.0,
        "learning_rate": 0.1,
        "batch_size": 512,
        "gradient_accumulation": 2,
        "epochs": 40,
        "clip_norm": 0.3,
    },
    presets={
        "quick": {"epochs": 10, "embedding_size": 16},
        "thorough": {"epochs": 30, "patience": 5, "embedding_size": 64, "longest_ngram": 3},
    },
)
