"""Strategies that keep sums over frozen features and solve for the head: their settings and how they are declared."""

from __future__ import annotations

from typing import Literal

from core.base.config import setting
from core.continual.methods.base import Method, StrategyConfig


class ClosedFormConfig(StrategyConfig):
    """What the head reads."""

    random_features: Literal["auto", "none", "relu", "fourier"] = setting(
        "auto",
        label="Random features",
        help="Fixed random combinations of the encoder's features, which let a linear head draw curved borders. "
        "Automatic keeps what the version has, at first none. Any other change reads all earlier datasets once more.",
        group="strategy",
    )
    feature_count: int = setting(
        1024,
        label="Number of random features",
        help="Only with random features. More separate better; time and size of an update grow with the square of it.",
        bounds=(128, 8192),
        step=128,
        scale="log",
        group="strategy",
        advanced=True,
    )
    kernel_width: float = setting(
        1.0,
        label="Kernel width",
        help="Only with random Fourier features: how far apart two texts may lie and still count as alike. Wider is smoother, "
        "which suits pretrained encoders; try 2 to 4 with them.",
        bounds=(0.25, 8.0),
        step=0.25,
        group="strategy",
        advanced=True,
    )


NCM = Method(
    "ncm",
    "core.continual.strategies.ncm:NearestClassMean",
    ClosedFormConfig,
    freezes_encoder=True,
    needs_distribution=True,
)


class RidgeConfig(ClosedFormConfig):
    """How strongly coefficients are held back."""

    ridge_penalty: float = setting(
        100.0,
        label="Ridge penalty",
        help="Holds the coefficients back, as so many extra rows without any content would. More for few or noisy rows.",
        bounds=(0.1, 10_000.0),
        scale="log",
        group="strategy",
    )


RIDGE = Method(
    "ridge",
    "core.continual.strategies.ridge:Ridge",
    RidgeConfig,
    freezes_encoder=True,
    needs_probabilities=True,
)


class StreamingLDAConfig(ClosedFormConfig):
    """How far the covariance is trusted."""

    covariance_shrinkage: float = setting(
        0.1,
        label="Shrinkage",
        help="How far the measured scatter of the texts is drawn towards an even one. More is steadier with few rows.",
        bounds=(0.001, 1.0),
        scale="log",
        group="strategy",
    )


SLDA = Method(
    "slda",
    "core.continual.strategies.slda:StreamingLDA",
    StreamingLDAConfig,
    freezes_encoder=True,
    needs_distribution=True,
)
