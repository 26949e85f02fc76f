"""A small self-attention encoder from random start: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import setting
from core.base.settings import AttentionConfig
from core.networks.architectures.base import Architecture, VectorsConfig


class TransformerConfig(VectorsConfig, AttentionConfig):
    """Shape of the encoder; small on purpose, since it learns from a few thousand texts and from random start."""

    dropout: float = setting(
        0.3,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )


TRANSFORMER = Architecture(
    name="transformer",
    config_class=TransformerConfig,
    network_class="core.networks.encoders.transformer:TransformerEncoder",
    defaults={"learning_rate": 1e-3, "batch_size": 32, "epochs": 8},
    private_defaults={"dropout": 0.0, "word_dropout": 0.0, "batch_size": 512, "epochs": 20},
    presets={
        "quick": {"embedding_size": 64, "hidden_size": 128, "epochs": 4, "max_length": 120},
        "thorough": {
            "embedding_size": 192,
            "hidden_size": 384,
            "layers": 3,
            "epochs": 12,
            "patience": 4,
            "max_length": 320,
        },
    },
)
