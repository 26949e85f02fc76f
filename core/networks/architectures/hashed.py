"""Hashed n-grams under a head: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import Config, setting
from core.networks.architectures.base import Architecture


class HashedConfig(Config):
    """How n-grams are counted."""

    hashed_features: int = setting(
        2048,
        label="Hashed features",
        help="Counters that all n-grams share. More keep them better apart; time and size of an exact update grow with "
        "the square of it.",
        bounds=(256, 8192),
        step=256,
        scale="log",
    )
    hashed_length: int = setting(
        5,
        label="Longest n-gram",
        help="Up to so many neighbouring tokens are counted as one. Short ones weigh more, so a larger number rarely harms.",
        bounds=(1, 8),
        step=1,
    )


HASHED = Architecture(
    name="hashed",
    config_class=HashedConfig,
    network_class="core.networks.encoders.hashed:HashedNgrams",
    defaults={
        "segmentation": "characters",
        "max_length": 1024,
        "windows": 20,
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 20,
        "word_dropout": 0.0,
    },
    private_defaults={"hashed_features": 1024, "batch_size": 512, "learning_rate": 1e-2},
    presets={"quick": {"epochs": 8, "hashed_features": 1024}, "thorough": {"epochs": 40, "hashed_features": 4096}},
    fixed_features=True,
    general_features=True,
)
