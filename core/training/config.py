"""Settings of the optimisation."""

from __future__ import annotations

from typing import Literal

from core.config import Config, setting


class TrainingConfig(Config):
    """How a model learns; a model class may bring better defaults of its own."""

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
        label="Epochs",
        help="How many times all training texts are read at most; early stopping usually ends sooner.",
        bounds=(1, 50),
        step=1,
        group="optimisation",
    )
    patience: int = setting(
        3,
        label="Patience",
        help="Stop when validation macro-F1 has not improved for this many epochs; the best epoch's weights are kept. "
        "0 runs all epochs and keeps the last.",
        bounds=(0, 20),
        step=1,
        group="optimisation",
    )
    class_weights: Literal["none", "balanced"] = setting(
        "none",
        label="Class weights",
        help="Balanced makes rare labels count more, so that they are found more often, at some cost in accuracy.",
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
    label_smoothing: float = setting(
        0.05,
        label="Label smoothing",
        help="Asks for slightly less than full certainty; softens the effect of wrong labels.",
        bounds=(0.0, 0.3),
        step=0.01,
        group="optimisation",
        advanced=True,
    )
    word_dropout: float = setting(
        0.1,
        label="Token dropout",
        help="Share of tokens hidden at random while learning, so that no single word decides.",
        bounds=(0.0, 0.5),
        step=0.05,
        group="optimisation",
        advanced=True,
    )
    gradient_accumulation: int = setting(
        1,
        label="Batches per step",
        help="Adds up so many batches before each learning step: the effect of a larger batch with the memory of a small one.",
        bounds=(1, 32),
        step=1,
        group="optimisation",
        advanced=True,
    )
    group_by_length: bool = setting(
        True,
        label="Batches of similar length",
        help="Reads texts of similar length together, which saves much time. Without it batches are more varied: "
        "that can gain a point or two with many labels and few rows.",
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
