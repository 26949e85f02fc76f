"""Settings that several kinds of learning have in common, declared once. Imports no torch."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting


class OptimiserConfig(Config):
    """How weights are moved, step by step."""

    learning_rate: float = setting(
        1e-3,
        label="Learning rate",
        help="Size of each learning step. Too large and the loss jumps about, too small and nothing moves.",
        bounds=(1e-5, 1e-1),
        scale="log",
        group="optimisation",
    )
    batch_size: int = setting(
        32,
        label="Batch size",
        help="Texts per learning step.",
        bounds=(4, 512),
        step=4,
        scale="log",
        group="optimisation",
    )
    epochs: int = setting(
        8,
        label="Epochs at most",
        help="How many times all training texts are read at most; early stopping usually ends sooner.",
        bounds=(1, 50),
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


class AttentionConfig(Config):
    """Shape of a stack of self-attention layers."""

    embedding_size: int = setting(
        128,
        label="Embedding size",
        help="Numbers that describe one token; must be a multiple of the number of heads.",
        bounds=(16, 512),
        step=16,
    )
    hidden_size: int = setting(
        256, label="Hidden size", help="Width of the feed-forward step inside each layer.", bounds=(32, 2048), step=32
    )
    layers: int = setting(2, label="Layers", help="How many self-attention layers are stacked.", bounds=(1, 6), step=1)
    heads: int = setting(
        4,
        label="Heads",
        help="Independent attention patterns in each layer, such as one for negation and one for topic.",
        bounds=(1, 16),
        step=1,
    )


class PartsConfig(Config):
    """How rows are divided, and how many are kept for later updates."""

    test_share: float = setting(
        0.2,
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
    memory_size: int = setting(
        2000,
        label="Memory size",
        help="How many training rows are kept with the version, for replay in later updates. 0 keeps no text.",
        bounds=(0, 20_000),
        step=100,
        group="data",
        advanced=True,
    )

    @property
    def fractions(self) -> tuple[float, float, float]:
        """Shares of the rows that are learned from, validate and test; they sum to 1."""
        return 1 - self.validation_share - self.test_share, self.validation_share, self.test_share


class TrimConfig(Config):
    """Whether a pretrained encoder keeps all its word pieces."""

    trim_pieces: bool = setting(
        True,
        label="Trim the vocabulary",
        help="Leave out word pieces of other languages, which often are most of a multilingual encoder. "
        "Pieces of your texts and all single characters stay, so nothing becomes unreadable.",
        advanced=True,
    )
    kept_pieces: int = setting(
        30_000,
        label="Common pieces kept",
        help="When trimming: so many of the most common English and Chinese pieces stay besides those of your texts.",
        bounds=(1_000, 120_000),
        step=1_000,
        scale="log",
        advanced=True,
    )


class NetworkConfig(Config):
    """How a pretrained network computes while it learns."""

    encoder_dropout: float = setting(
        0.1,
        label="Dropout of the encoder",
        help="Share of values switched off at random while learning.",
        bounds=(0.0, 0.5),
        step=0.05,
        advanced=True,
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        label="Arithmetic while learning",
        help="bfloat16 keeps two to three digits and is often twice as fast where the processor has it; automatic uses it there. "
        "Answers are always computed in float32.",
        advanced=True,
    )


class ServeConfig(Config):
    """In which arithmetic a version answers, and how sure it says it is."""

    calibrate: bool = setting(
        True,
        label="Honest probabilities",
        help="Corrects how sure the model says it is, on the validation rows, so that of the answers given with 90 % about nine "
        "in ten are right (temperature scaling). No answer changes.",
        group="data",
        advanced=True,
    )

    serve_precision: Literal["auto", "fp32", "int8", "fp16"] = setting(
        "auto",
        label="Arithmetic when answering",
        help="Eight-bit whole numbers (int8) answer two to three times as fast on a processor and make a file a quarter "
        "as large; fp16 does so on a graphics card; fp32 is exact. Automatic tries them on large models, and takes the "
        "fastest that loses at most 0.3 points of accuracy on the validation rows.",
        group="data",
        advanced=True,
    )
