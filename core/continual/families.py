"""Strategies sorted by what they do about the past; read from their flags, so that a new one finds its place by itself."""

from __future__ import annotations

from typing import Literal

from core.continual.methods.base import Method

Family = Literal["rehearse", "protect", "exact", "new", "restart"]
FAMILIES: tuple[Family, ...] = ("rehearse", "protect", "exact", "new", "restart")


def family_of(method: Method) -> Family:
    """What kind of method a strategy is.

    ``restart`` trains a new model; ``exact`` leaves the encoder as it is and keeps sums; ``rehearse`` learns from
    remembered rows; ``protect`` holds what was learned without keeping rows; ``new``, as fine-tuning, does nothing of it.
    """
    if method.starts_fresh:
        return "restart"
    if method.freezes_encoder:
        return "exact"
    if method.rehearses:
        return "rehearse"
    return "protect" if method.protects else "new"
