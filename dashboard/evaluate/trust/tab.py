"""The Trust tab: whether probabilities hold, from which one on to answer, and for two labels what every threshold gives."""

from __future__ import annotations

from dashboard.evaluate.page import Shown
from dashboard.evaluate.trust import calibration, decisions, line, roc


def draw(shown: Shown) -> None:
    """Calibration, thresholds, and for two labels the line between them and both curves."""
    calibration.draw(shown)
    decisions.draw(shown)
    if len(shown.classes) == 2:
        roc.draw(shown, line.draw(shown))
