"""A causal Transformer, which foresees the next token: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import like, setting
from core.base.settings import AttentionConfig
from core.networks.architectures.base import Architecture


class CausalConfig(AttentionConfig):
    """Shape of a causal Transformer; fixed for as long as the model lives."""

    embedding_size: int = like(
        AttentionConfig,
        "embedding_size",
        default=64,
        help="Numbers that describe one token; must be an even multiple of the number of heads.",
    )
    hidden_size: int = like(AttentionConfig, "hidden_size", default=256)
    dropout: float = setting(
        0.1,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )
    context: int = setting(
        128,
        label="Context (tokens)",
        help="How far the model looks back. Longer texts are learned in pieces of this length.",
        bounds=(8, 1024),
        step=8,
    )


CAUSAL = Architecture(
    name="causal",
    config_class=CausalConfig,
    network_class="core.networks.causal.network:CausalText",
    defaults={
        "vocabulary_size": 2_000,
        "lowercase": False,
        "learning_rate": 3e-3,
        "batch_size": 16,
        "epochs": 12,
        "patience": 2,
        "word_dropout": 0.0,
        "test_share": 0.1,
    },
    presets={
        "quick": {"embedding_size": 64, "hidden_size": 256, "layers": 2, "heads": 4, "dropout": 0.1, "epochs": 4},
        "thorough": {"embedding_size": 128, "hidden_size": 512, "layers": 4, "heads": 4, "dropout": 0.2, "epochs": 20},
    },
    without_effect=frozenset(
        {
            "segmentation",
            "use_inputs",
            "max_length",
            "windows",
            "minimum_frequency",
            "normalise",
            "remove_stop_words",
            "word_dropout",
            "frozen_layers",
        }
    ),
)
