"""A conditional random field over words and their neighbours: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import Config, setting
from core.networks.architectures.base import Architecture


class CrfConfig(Config):
    """How weights are held back while they are solved for."""

    crf_sparsity: float = setting(
        0.1,
        label="Sparsity",
        help="Draws weights of features that tell little to nothing (L1). More makes a smaller model.",
        bounds=(0.0, 2.0),
        step=0.05,
    )
    crf_smoothness: float = setting(
        0.01,
        label="Smoothness",
        help="Holds all weights back a little (L2), so that chance is not learned by heart.",
        bounds=(0.0, 2.0),
        step=0.01,
    )


CRF = Architecture(
    name="crf",
    config_class=CrfConfig,
    network_class="core.networks.tagging.field:ConditionalField",
    defaults={
        "learning_rate": 0.01,
        "batch_size": 16,
        "epochs": 8,
        "word_dropout": 0.0,
        "vocabulary_size": 100_000,
        "max_length": 256,
        "windows": 1,
    },
    solved=True,
    without_effect=frozenset(
        {"segmentation", "use_inputs", "windows", "normalise", "lowercase", "remove_stop_words", "frozen_layers"}
    ),
)
