"""Settings of a pretraining: the shape of an encoder from scratch, and how it learns. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.config import Config, build, distribute, setting
from core.errors import ConfigError

SCRATCH = "scratch"  # in place of a reference: begin from random weights


class ShapeConfig(Config):
    """Shape and vocabulary of an encoder that begins from random weights; the defaults are small enough for a CPU."""

    embedding_size: int = setting(
        128,
        label="Embedding size",
        help="Numbers that describe one token; must be a multiple of the number of heads.",
        bounds=(16, 512),
        step=16,
    )
    hidden_size: int = setting(
        512, label="Hidden size", help="Width of the feed-forward step inside each layer.", bounds=(32, 2048), step=32
    )
    layers: int = setting(2, label="Layers", help="How many self-attention layers are stacked.", bounds=(1, 12), step=1)
    heads: int = setting(
        4,
        label="Heads",
        help="Independent attention patterns in each layer, such as one for negation and one for topic.",
        bounds=(1, 16),
        step=1,
    )
    vocabulary_size: int = setting(
        8_000,
        label="Vocabulary size",
        help="How many different pieces of words are learned from the texts; rarer words are spelled by smaller pieces.",
        bounds=(500, 100_000),
        step=500,
        scale="log",
        group="text",
        advanced=True,
    )
    lowercase: bool = setting(
        True, label="Lower-case", help="GREAT, Great and great become one token.", group="text", advanced=True
    )


class TrimConfig(Config):
    """Whether an encoder that goes on learning keeps all its word pieces."""

    trim_pieces: bool = setting(
        True,
        label="Trim the vocabulary",
        help="Leave out word pieces of other languages, which often are most of a multilingual encoder. "
        "Pieces of your texts and all single characters stay, so nothing becomes unreadable.",
        group="text",
        advanced=True,
    )
    kept_pieces: int = setting(
        30_000,
        label="Common pieces kept",
        help="When trimming: so many of the most common English and Chinese pieces stay besides those of your texts.",
        bounds=(1_000, 120_000),
        step=1_000,
        scale="log",
        group="text",
        advanced=True,
    )


class PretrainConfig(Config):
    """How an encoder learns from unlabelled texts."""

    epochs: int = setting(
        10,
        label="Epochs",
        help="How many times all texts are read; other words are hidden each time.",
        bounds=(1, 50),
        step=1,
        group="optimisation",
    )
    learning_rate: float = setting(
        1e-3,
        label="Learning rate",
        help="Size of each learning step. Too large and the loss jumps about, too small and nothing moves.",
        bounds=(1e-5, 1e-1),
        scale="log",
        group="optimisation",
    )
    max_length: int = setting(
        128,
        label="Longest text (tokens)",
        help="Longer texts are learned in pieces of this length.",
        bounds=(8, 512),
        step=8,
        group="text",
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
    batch_size: int = setting(
        32,
        label="Batch size",
        help="Texts per learning step.",
        bounds=(4, 512),
        step=4,
        scale="log",
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
    seed: int = setting(
        0,
        label="Seed",
        help="Same seed, same data, same settings: same result. Change it to see how much is chance.",
        bounds=(0, 1_000_000),
        step=1,
        group="optimisation",
        advanced=True,
    )
    encoder_dropout: float = setting(
        0.1,
        label="Dropout of the encoder",
        help="Share of values switched off at random while learning.",
        bounds=(0.0, 0.5),
        step=0.05,
        group="optimisation",
        advanced=True,
    )
    weight_decay: float = setting(
        0.01,
        label="Weight decay",
        help="Pulls weights towards zero, a mild guard against overfitting.",
        bounds=(0.0, 0.5),
        step=0.01,
        group="optimisation",
        advanced=True,
    )
    warmup: float = setting(
        0.06,
        label="Warm-up share",
        help="Share of all steps during which the learning rate rises from zero; afterwards it falls in a straight line.",
        bounds=(0.0, 0.5),
        step=0.02,
        group="optimisation",
        advanced=True,
    )
    gradient_clip: float = setting(
        1.0,
        label="Gradient clipping",
        help="Longest allowed gradient; keeps a single odd batch from throwing the model off.",
        bounds=(0.1, 10.0),
        step=0.1,
        group="optimisation",
        advanced=True,
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        label="Arithmetic while learning",
        help="bfloat16 is about half as exact and up to twice as fast where the processor has it; automatic uses it there. "
        "Answers are always computed in float32.",
        group="optimisation",
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
