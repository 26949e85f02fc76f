"""A pretrained encoder that tags the tokens of a text: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import setting
from core.networks.architectures.base import Architecture
from core.networks.architectures.encoder import ENCODER, EncoderConfig


class TokenEncoderConfig(EncoderConfig):
    """Which encoder, and how much of it learns."""

    chain: bool = setting(
        False,
        label="Learn which labels follow",
        help="A chain over the labels of neighbouring tokens is learned, too (CRF). Without, only what cannot be is ruled out, "
        "such as a name of a place that goes on as one of a person.",
        advanced=True,
    )


TOKEN_ENCODER = Architecture(
    name=ENCODER.name,
    config_class=TokenEncoderConfig,
    network_class="core.networks.tagging.encoder:TokenEncoder",
    defaults={"learning_rate": 1e-3, "batch_size": 16, "epochs": 3, "max_length": 128, "word_dropout": 0.0},
    presets={
        "quick": {"frozen_encoder_layers": 8, "epochs": 1},
        "thorough": {"epochs": 5, "chain": True},
    },
    shaped_by_texts=True,
    general_features=True,
    without_effect=ENCODER.without_effect | {"use_inputs", "pair_readings"},
)
