"""The Privacy tab: what is promised and what was spent, and an attack that tries to tell which rows were learned."""

from __future__ import annotations

from dashboard.evaluate.page import Shown
from dashboard.evaluate.privacy import promise


def draw(shown: Shown) -> None:
    """The promise, and what it is worth."""
    promise.draw(shown)
