"""Settings of a language model: its shape and tokens, how it learns, how it writes. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config import Config, build, distribute, setting
from core.errors import ConfigError


class GeneratorConfig(Config):
    """Shape of the model, and the tokens that it reads; fixed for as long as the generator lives."""

    embedding_size: int = setting(
        128,
        label="Embedding size",
        help="Numbers that describe one token; must be an even multiple of the number of heads.",
        bounds=(16, 512),
        step=16,
    )
    hidden_size: int = setting(
        512, label="Hidden size", help="Width of the feed-forward step inside each layer.", bounds=(32, 2048), step=32
    )
    layers: int = setting(4, label="Layers", help="How many self-attention layers are stacked.", bounds=(1, 6), step=1)
    heads: int = setting(
        4,
        label="Heads",
        help="Independent attention patterns in each layer, such as one for negation and one for topic.",
        bounds=(1, 16),
        step=1,
    )
    dropout: float = setting(
        0.2,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )
    max_length: int = setting(
        128,
        label="Longest text (tokens)",
        help="How far the model looks back. Longer texts are learned in pieces of this length.",
        bounds=(8, 1024),
        step=8,
        group="text",
    )
    vocabulary_size: int = setting(
        2_000,
        label="Vocabulary size",
        help="How many different tokens the model knows; rarer ones all become 'unknown'. For subwords at most 8,000.",
        bounds=(500, 100_000),
        step=500,
        scale="log",
        group="text",
        advanced=True,
    )
    lowercase: bool = setting(
        False, label="Lower-case", help="GREAT, Great and great become one token.", group="text", advanced=True
    )


class LearningConfig(Config):
    """How a version is learned, what is kept for the next one, and how the texts are divided."""

    learning_rate: float = setting(
        3e-3,
        label="Learning rate",
        help="Size of each learning step. Too large and the loss jumps about, too small and nothing moves.",
        bounds=(1e-5, 1e-1),
        scale="log",
        group="optimisation",
    )
    batch_size: int = setting(
        16,
        label="Batch size",
        help="Texts per learning step.",
        bounds=(4, 512),
        step=4,
        scale="log",
        group="optimisation",
    )
    epochs: int = setting(
        12,
        label="Epochs",
        help="How many times all training texts are read at most; early stopping usually ends sooner.",
        bounds=(1, 50),
        step=1,
        group="optimisation",
    )
    loss_patience: int = setting(
        2,
        label="Patience",
        help="Stop when the loss on validation texts has not fallen for this many epochs; the best epoch's weights are "
        "kept. 0 runs all epochs and keeps the last.",
        bounds=(0, 20),
        step=1,
        group="optimisation",
    )
    seed: int = setting(
        0,
        label="Seed",
        help="Same seed, same data, same settings: same result. Change it to see how much is chance.",
        bounds=(0, 1_000_000),
        step=1,
        group="optimisation",
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
    replay_ratio: float = setting(
        1.0,
        label="Remembered rows per new row",
        help="1 means that half of what the update reads is from the memory. 0 is plain fine-tuning: it learns the new "
        "faster and forgets more.",
        bounds=(0.0, 4.0),
        step=0.25,
        group="strategy",
    )
    memory_size: int = setting(
        2000,
        label="Memory size",
        help="How many training rows are kept with the version, for replay in later updates. 0 keeps no text.",
        bounds=(0, 20_000),
        step=100,
        group="data",
    )
    test_share: float = setting(
        0.1,
        label="Test share",
        help="Share of the rows frozen as this version's test. They are never learned from, and never change.",
        bounds=(0.05, 0.5),
        step=0.05,
        group="data",
        advanced=True,
    )
    validation_share: float = setting(
        0.1,
        label="Validation share",
        help="Share of the rows that choose the best epoch; they are not learned from either.",
        bounds=(0.05, 0.3),
        step=0.05,
        group="data",
        advanced=True,
    )
    split_seed: int = setting(
        0,
        label="Split seed",
        help="Chooses which rows become test and validation. Keep it, and two trainings are measured on the same rows.",
        bounds=(0, 1_000_000),
        step=1,
        group="data",
        advanced=True,
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
