"""Strategies that train a new model; they have no settings."""

from __future__ import annotations

from core.continual.methods.base import Method

GDUMB = Method(
    "gdumb",
    "core.continual.strategies.gdumb:GreedyDumb",
    starts_fresh=True,
    rehearses=True,
    only_chooses=True,
)


JOINT = Method(
    "joint",
    "core.continual.strategies.joint:Joint",
    uses_past=True,
    starts_fresh=True,
    only_chooses=True,
)
