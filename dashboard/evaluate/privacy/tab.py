"""The Privacy tab: what is promised and was spent, and an attack that tries to tell which rows were learned."""

from __future__ import annotations

from dashboard.evaluate.page import Shown
from dashboard.evaluate.privacy import attack, promise


def draw(shown: Shown) -> None:
    """The promise, then the attack, its result, and the offer of another."""
    promise.draw(shown)
    attack.draw(shown)
