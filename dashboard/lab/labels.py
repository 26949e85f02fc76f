"""Places for names beside the points they belong to, so that many of them can be read without a legend.

Pure geometry: knows nothing of strategies and draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression

WIDE_FROM = "\u2e80"  # Chinese characters and their punctuation begin here; they take the width of two letters
SIDES = (
    "middle right",
    "middle left",
    "top center",
    "bottom center",
    "top right",
    "bottom right",
    "top left",
    "bottom left",
)


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Shared area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    def outside(self, width: float, height: float) -> float:
        """Area beyond a field that begins at 0."""
        inside = self.overlap(Box(0.0, 0.0, width, height))
        return (self.right - self.left) * (self.top - self.bottom) - inside


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Positions on one axis, moved as little as possible until neighbours are at least `gap` apart; order is kept.

    The least-squares solution: isotonic regression of the positions after the gaps are taken out.
    """
    values = np.asarray(positions, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    moved = np.empty(len(values))
    if len(values):
        moved[order] = isotonic_regression(values[order] - steps).x + steps
    return [float(value) for value in moved]


def text_width(text: str, size: float) -> float:
    """About how wide a text is in pixels at this font size."""
    return sum(size if sign >= WIDE_FROM else 0.56 * size for sign in text)


def place_names(
    points: Sequence[tuple[float, float]], names: Sequence[str], field: tuple[float, float], size: float = 12.0
) -> list[str]:
    """Which side of its point each name goes to (`SIDES`, in Plotly's words), so that few of them overlap.

    Parameters
    ----------
    points
        Where each point lies, in pixels from the lower left corner of the field.
    field
        The field's width and height in pixels.
    """
    dots = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    taken: list[Box] = []
    sides = []
    for point, name in zip(points, names, strict=True):
        boxes = {side: _box(point, side, text_width(name, size), size * 1.25) for side in SIDES}
        # A name over another name is worse than one that leaves the field a little.
        cost = {
            side: sum(box.overlap(other) for other in [*taken, *dots]) + 2 * box.outside(*field)
            for side, box in boxes.items()
        }
        best = min(SIDES, key=cost.__getitem__)
        taken.append(boxes[best])
        sides.append(best)
    return sides


def _box(point: tuple[float, float], side: str, width: float, height: float) -> Box:
    x, y = point
    vertical, horizontal = side.split()
    left = {"left": x - 9 - width, "center": x - width / 2, "right": x + 9}[horizontal]
    bottom = {"top": y + 8, "middle": y - height / 2, "bottom": y - 8 - height}[vertical]
    return Box(left, bottom, left + width, bottom + height)
