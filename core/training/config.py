"""Settings of the optimisation."""

from __future__ import annotations

from core.base.config import setting
from core.base.settings import OptimiserConfig


class TrainingConfig(OptimiserConfig):
    """How a model learns; a model class may bring better defaults of its own."""

    patience: int = setting(
        3,
        label="Patience",
        help="Stop when the score on the validation rows has not improved for this many epochs; the best epoch's weights are "
        "kept. 0 runs all epochs and keeps the last.",
        bounds=(0, 20),
        step=1,
        group="optimisation",
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
