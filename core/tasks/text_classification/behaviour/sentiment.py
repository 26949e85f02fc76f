"""Which of the labels are the good and the bad side, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GOOD = {"positive", "pos", "good", "like", "happy", "1", "5", "好评", "正面", "积极", "正向", "喜欢", "满意"}
BAD = {"negative", "neg", "bad", "dislike", "unhappy", "0", "-1", "差评", "负面", "消极", "负向", "不喜欢", "不满意"}
MOST_LABELS = 5  # more are topics rather than sides


@dataclass(frozen=True)
class Sides:
    """Numbers of the two labels."""

    good: int
    bad: int


def sides_of(labels: Sequence[str]) -> Sides | None:
    """The good and the bad label; None where the names say nothing of the kind."""
    names = [label.strip().casefold() for label in labels]
    good = [number for number, name in enumerate(names) if name in GOOD]
    bad = [number for number, name in enumerate(names) if name in BAD]
    if len(names) > MOST_LABELS or len(good) != 1 or len(bad) != 1:
        return None
    return Sides(good[0], bad[0])
