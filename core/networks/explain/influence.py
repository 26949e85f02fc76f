"""Which words speak most for each label, over many texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.networks.explain.attribution import Attribution
from core.networks.text.words import is_listed

LEAST_TEXTS = 3  # in which a word has to occur


@dataclass(frozen=True)
class Influence:
    """A word over all texts that were explained.

    Parameters
    ----------
    word
        The word in small letters.
    score
        Mean of what it adds to the label's margin in the texts that hold it, in logits.
    texts
        The number of texts that hold it.
    example
        Number of the text, among those explained, in which it counts most.
    """

    word: str
    score: float
    texts: int
    example: int


def most_influential(attributions: Iterable[Attribution], label: int, *, most: int = 15) -> list[Influence]:
    """The words that speak most for a label, in texts explained for it; largest first, none that speaks against it.

    Lone Chinese characters are left out: beside words, 给 or 装 tells a reader nothing.
    """
    scores: dict[str, dict[int, float]] = defaultdict(dict)
    for number, attribution in enumerate(attributions):
        if attribution.label != label:
            continue
        for word in attribution.words:
            name = attribution.text[word.start : word.end].casefold()
            if any(letter.isalnum() for letter in name) and is_listed(name):
                scores[name][number] = scores[name].get(number, 0.0) + word.score
    ranked = [
        Influence(name, float(np.mean([*each.values()])), len(each), max(each, key=each.__getitem__))
        for name, each in scores.items()
        if len(each) >= LEAST_TEXTS
    ]
    ranked.sort(key=lambda influence: (-influence.score, influence.word))
    return [influence for influence in ranked if influence.score > 0][:most]
