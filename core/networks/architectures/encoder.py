"""A pretrained encoder under a head: its settings and how it is declared."""

from __future__ import annotations

from typing import Literal

from core.base.config import setting
from core.base.settings import NetworkConfig, TrimConfig
from core.networks.architectures.base import Architecture

Tuning = Literal["full", "lora", "frozen", "contrastive"]


class EncoderConfig(NetworkConfig, TrimConfig):
    """Which encoder, and how much of it learns."""

    encoder: str = setting(
        "packaged:multilingual-e5-small",
        label="Encoder",
        help="A network that has read very much text before. Also folder:/path of one on this machine, "
        "or hub:owner/name of one on the Hugging Face Hub.",
        source="encoders",
    )
    tuning: Tuning = setting(
        "full",
        label="What learns",
        help="Everything: best with thousands of rows. Adapters (LoRA): small matrices beside the frozen weights. Head only: "
        "the encoder stays as it is, and learning takes seconds. Pairs: for 8 to 64 rows per label, it learns "
        "which texts belong together, then the head.",
    )
    encoder_layers: int = setting(
        0,
        label="Layers of the encoder",
        help="So many of its lower layers are used and the upper ones left out, which saves their time and space; 0 uses all. "
        "The uppermost know most about what the encoder was made for, which is rarely what it is used for.",
        bounds=(0, 48),
        step=1,
        advanced=True,
    )
    feature_layers: int = setting(
        1,
        label="Layers the head reads",
        help="So many of the upper layers, side by side; all of them where the encoder has fewer. With head only, 4 or 5 tell "
        "labels apart better than the last alone, at the same price a text.",
        bounds=(1, 12),
        step=1,
        advanced=True,
    )
    encoder_learning_rate: float = setting(
        5e-5,
        label="Learning rate of the encoder",
        help="For weights that were learned before; the head has the learning rate of the optimisation.",
        bounds=(1e-6, 1e-3),
        scale="log",
    )
    frozen_encoder_layers: int = setting(
        0,
        label="Frozen layers",
        help="So many of the lowest layers stay as they are, which saves time and protects what they know.",
        bounds=(0, 24),
        step=1,
        advanced=True,
    )
    tune_word_embeddings: bool = setting(
        False,
        label="Learn word embeddings too",
        help="Also change what each word piece stands for. Rarely better, and slower.",
        advanced=True,
    )
    pair_readings: int = setting(
        10,
        label="Readings for pairs",
        help="Only with pairs: how often each text is read while the encoder learns which texts belong together.",
        bounds=(1, 200),
        step=1,
        scale="log",
        advanced=True,
    )
    lora_rank: int = setting(
        16,
        label="Adapter rank",
        help="Only with adapters: width of the small matrices.",
        bounds=(1, 128),
        step=1,
        scale="log",
        advanced=True,
    )


ENCODER = Architecture(
    name="encoder",
    config_class=EncoderConfig,
    network_class="core.networks.encoders.encoder:Encoder",
    defaults={"learning_rate": 1e-3, "batch_size": 32, "epochs": 3, "max_length": 128, "word_dropout": 0.0},
    presets={
        "quick": {"tuning": "frozen", "epochs": 20, "patience": 5},
        "thorough": {"tuning": "full", "epochs": 5, "max_length": 256, "tune_word_embeddings": True},
    },
    private_defaults={"tuning": "frozen", "learning_rate": 1e-2, "batch_size": 512, "epochs": 20},
    shaped_by_texts=True,
    general_features=True,
    without_effect=frozenset(
        {"segmentation", "vocabulary_size", "minimum_frequency", "normalise", "lowercase", "remove_stop_words"}
    ),
)
