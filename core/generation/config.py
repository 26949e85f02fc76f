"""Settings of a language model: its shape and tokens, how it learns, how it writes. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.config import Config, build, distribute, like, setting
from core.base.errors import ConfigError
from core.base.settings import AttentionConfig, OptimiserConfig, PartsConfig
from core.networks.text.config import TextConfig


class GeneratorConfig(AttentionConfig):
    """Shape of the model, and the tokens that it reads; fixed for as long as the generator lives."""

    embedding_size: int = like(
        AttentionConfig,
        "embedding_size",
        help="Numbers that describe one token; must be an even multiple of the number of heads.",
    )
    hidden_size: int = like(AttentionConfig, "hidden_size", default=512)
    layers: int = like(AttentionConfig, "layers", default=4)

    dropout: float = setting(
        0.2,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )
    max_length: int = like(
        TextConfig,
        "max_length",
        default=128,
        help="How far the model looks back. Longer texts are learned in pieces of this length.",
    )
    vocabulary_size: int = like(TextConfig, "vocabulary_size", default=2_000)
    lowercase: bool = like(TextConfig, "lowercase", default=False)


class LearningConfig(PartsConfig, OptimiserConfig):
    """How a version is learned, what is kept for the next one, and how the texts are divided."""

    learning_rate: float = like(OptimiserConfig, "learning_rate", default=3e-3)
    batch_size: int = like(OptimiserConfig, "batch_size", default=16)
    epochs: int = like(OptimiserConfig, "epochs", default=12)
    test_share: float = like(PartsConfig, "test_share", default=0.1)
    memory_size: int = like(PartsConfig, "memory_size", advanced=False)

    loss_patience: int = setting(
        2,
        label="Patience",
        help="Stop when the loss on validation texts has not fallen for this many epochs; the best epoch's weights are "
        "kept. 0 runs all epochs and keeps the last.",
        bounds=(0, 20),
        step=1,
        group="optimisation",
    )
    replay_ratio: float = setting(
        1.0,
        label="Remembered rows per new row",
        help="1 means that half of what the update reads is from the memory. 0 is plain fine-tuning: it learns the new "
        "faster and forgets more.",
        bounds=(0.0, 4.0),
        step=0.25,
        group="strategy",
    )


class SamplingConfig(Config):
    """How a text is drawn from the model."""

    temperature: float = setting(
        0.8,
        label="Temperature",
        help="Below 1 the model keeps to what it finds likely, such as 0.5 for safe sentences; above 1 it gambles.",
        bounds=(0.1, 2.0),
        step=0.1,
    )
    top_p: float = setting(
        0.9,
        label="Top-p",
        help="Each token is drawn from the most likely ones that together reach this probability; 1 takes all.",
        bounds=(0.05, 1.0),
        step=0.05,
    )
    written_tokens: int = setting(
        60, label="Longest continuation (tokens)", help="Writing ends here at the latest.", bounds=(5, 300), step=5
    )
    written_seed: int = setting(
        0,
        label="Seed of the text",
        help="Same seed, same beginning, same sliders: same text.",
        bounds=(0, 1_000_000),
        step=1,
        advanced=True,
    )


SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"embedding_size": 64, "hidden_size": 256, "layers": 2, "heads": 4, "dropout": 0.1},
    "small": {"embedding_size": 128, "hidden_size": 512, "layers": 4, "heads": 4, "dropout": 0.2},
    "medium": {"embedding_size": 256, "hidden_size": 1024, "layers": 6, "heads": 8, "dropout": 0.3},
}
DEFAULT_SIZE = "tiny"


def resolve(size: str, settings: Mapping[str, Any]) -> tuple[GeneratorConfig, LearningConfig]:
    """The settings of a size, overlaid with these, checked.

    Raises
    ------
    ConfigError
        When there is no such size or setting, a value is out of range, or the heads do not fit.
    """
    if size not in SIZES:
        raise ConfigError(
            "generation.size", "There is no size '{size}'. The sizes are: {known}.", size=size, known=list(SIZES)
        )
    shape, learning = distribute({**SIZES[size], **settings}, GeneratorConfig, LearningConfig)
    config = build(GeneratorConfig, shape)
    if config.embedding_size % (2 * config.heads):
        raise ConfigError(
            "generation.heads",
            "The embedding size {embedding_size} cannot be shared by {heads} heads in even parts. Choose a multiple of "
            "{multiple}.",
            embedding_size=config.embedding_size,
            heads=config.heads,
            multiple=2 * config.heads,
        )
    return config, build(LearningConfig, learning)


def parameter_count(config: GeneratorConfig, vocabulary_size: int) -> int:
    """Number of trainable values of a model of this shape."""
    width = config.embedding_size
    layer = 4 * width * width + 2 * width * config.hidden_size + 4 * width
    return vocabulary_size * width + config.layers * layer + 2 * width
