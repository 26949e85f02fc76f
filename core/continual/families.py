"""Strategies sorted by what they do about the past; read from their flags, so that a new one finds its place by itself."""

from __future__ import annotations

from typing import Literal

from core.continual.strategies.base import Strategy

Family = Literal["rehearse", "protect", "exact", "new", "restart"]
FAMILIES: tuple[Family, ...] = ("rehearse", "protect", "exact", "new", "restart")


def family_of(strategy: type[Strategy]) -> Family:
    """What kind of method a strategy is.

    ``restart`` trains a new model; ``exact`` leaves the encoder as it is and keeps sums; ``rehearse`` learns from
    remembered rows; ``new`` is fine-tuning; all others ``protect`` what was learned without keeping rows.
    """
    if strategy.starts_fresh:
        return "restart"
    if strategy.freezes_encoder:
        return "exact"
    if strategy.rehearses:
        return "rehearse"
    return "new" if strategy is Strategy else "protect"
