"""What may be kept of the texts that a model answers: its owner's choice."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting

Kept = Literal["nothing", "marks", "sample", "all"]


class Keeping(Config):
    """What is kept of the texts beside counts, and for how long."""

    kept_texts: Kept = setting(
        "nothing",
        label="Texts that are kept",
        help="Nothing: counts, and probabilities of a few answers a day without their texts. Hashes: those of their texts, by "
        "which labels that come later find them. Sample: the texts of those few answers. All: every text.",
        group="data",
        option="texts",
    )
    kept_days: int = setting(
        30,
        label="Days",
        help="For so many days texts and marks are kept; counts stay.",
        bounds=(1, 3650),
        group="data",
        option="days",
    )


def keeps_texts(keeping: Keeping) -> bool:
    """Whether some texts can be read again."""
    return keeping.kept_texts in ("sample", "all")
