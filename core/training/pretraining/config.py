"""Settings of a pretraining: the shape of an encoder from scratch, and how it learns. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.config import build, distribute, like, setting
from core.base.errors import ConfigError
from core.base.settings import AttentionConfig, NetworkConfig, OptimiserConfig, TrimConfig
from core.networks.text.config import TextConfig

SCRATCH = "scratch"  # in place of a reference: begin from random weights


class ShapeConfig(AttentionConfig):
    """Shape and vocabulary of an encoder that begins from random weights; the defaults are small enough for a CPU."""

    hidden_size: int = like(AttentionConfig, "hidden_size", default=512)
    layers: int = like(AttentionConfig, "layers", bounds=(1, 12))

    vocabulary_size: int = like(
        TextConfig,
        "vocabulary_size",
        default=8_000,
        help="How many different pieces of words are learned from the texts; rarer words are spelled by smaller pieces.",
    )
    lowercase: bool = like(TextConfig, "lowercase")


class PretrainConfig(NetworkConfig, OptimiserConfig):
    """How an encoder learns from texts alone."""

    epochs: int = like(
        OptimiserConfig,
        "epochs",
        default=10,
        help="How many times all texts are read; other words are hidden each time.",
    )
    batch_size: int = like(OptimiserConfig, "batch_size", advanced=True)
    seed: int = like(OptimiserConfig, "seed", advanced=True)

    max_length: int = like(
        TextConfig,
        "max_length",
        default=128,
        bounds=(8, 512),
        help="Longer texts are learned in pieces of this length.",
    )
    masked_share: float = setting(
        0.15,
        label="Hidden share",
        help="Share of the tokens that have to be guessed. Of these, 8 in 10 are hidden, 1 is replaced by a random one and "
        "1 stays.",
        bounds=(0.05, 0.5),
        step=0.05,
        group="optimisation",
        advanced=True,
    )
    held_out_share: float = setting(
        0.05,
        label="Held-out share",
        help="Share of the texts that is never learned from: on these, guessing is measured. At most 1,000 texts.",
        bounds=(0.01, 0.3),
        step=0.01,
        group="data",
        advanced=True,
    )


# What was learned from very much text before needs few rounds and small steps.
CONTINUED: dict[str, Any] = {"epochs": 3, "learning_rate": 1e-4}


def defaults_for(start: str) -> dict[str, Any]:
    """Values that suit this start better than those of the config."""
    return {} if start == SCRATCH else dict(CONTINUED)


def shape_class(start: str) -> type[ShapeConfig] | type[TrimConfig]:
    """Which settings of the network there are: all of it from scratch, else only what is left out."""
    return ShapeConfig if start == SCRATCH else TrimConfig


def resolve(start: str, settings: Mapping[str, Any]) -> tuple[ShapeConfig | TrimConfig, PretrainConfig]:
    """All settings, checked.

    Raises
    ------
    ConfigError
        When there is no such setting, a value is out of range, or the heads do not fit.
    """
    shape_values, values = distribute({**defaults_for(start), **settings}, shape_class(start), PretrainConfig)
    shape = build(shape_class(start), shape_values)
    if isinstance(shape, ShapeConfig) and shape.embedding_size % shape.heads:
        raise ConfigError(
            "pretraining.heads",
            "The embedding size {embedding_size} cannot be shared evenly by {heads} heads. Choose a multiple of {heads}.",
            embedding_size=shape.embedding_size,
            heads=shape.heads,
        )
    return shape, build(PretrainConfig, values)


def parameter_count(shape: ShapeConfig, pieces: int, max_length: int) -> int:
    """Number of weights of an encoder from scratch with this many pieces in its vocabulary."""
    width, inner = shape.embedding_size, shape.hidden_size
    layer = 4 * (width * width + width) + 2 * width * inner + inner + width + 4 * width
    return (pieces + max_length + 2 + 2) * width + 2 * width + shape.layers * layer
