"""The Compare tab: other runs and versions, what more rows would bring, and how much is chance."""

from __future__ import annotations

from dashboard.evaluate.compare import curve, folds, versions
from dashboard.evaluate.page import Shown


def draw(shown: Shown) -> None:
    """Runs and versions, the learning curve, repeated trainings."""
    versions.draw(shown)
    curve.draw(shown)
    folds.draw(shown)
