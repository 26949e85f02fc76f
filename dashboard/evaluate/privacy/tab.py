"""The Privacy tab: an attack that tries to tell which rows were learned."""

from __future__ import annotations

from dashboard.evaluate.page import Shown
from dashboard.evaluate.privacy import attack


def draw(shown: Shown) -> None:
    """The attack, its result, and the offer of another."""
    attack.draw(shown)
