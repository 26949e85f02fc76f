"""What an explanation is, whatever made it, and what many of them say together: the words that speak most for an output.

What is shared out among the words is the margin of an output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from core.networks.text.words import is_listed, name_of

Method = Literal["gradients", "linear", "occlusion"]
SMALLEST = 1e-7  # probability that counts in a logarithm: about what a float32 can tell from nothing
ADDING_UP = ("linear", "ngrams")  # models whose networks may be sums over parts of a text; see `TextNetwork.additive`
LEAST_TEXTS = 3  # in which a word has to occur to be listed


@dataclass(frozen=True)
class Word:
    """A word of the text, at ``text[start:end]``, and what it adds to the output's margin; negative speaks against it."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Attribution:
    """How much each word speaks for one output.

    Parameters
    ----------
    difference
        Margin of the text minus that of the same text with nothing in it, in logits.
    steps
        Steps on the path of integrated gradients; 0 for other methods.
    error
        Completeness error: how far the sum of all scores is from ``difference``, as a share of it. 0 is perfect. None for
        occlusion, whose scores need not add up: two words may say the same, or mean something only together.
    """

    text: str
    output: int
    words: tuple[Word, ...]
    method: Method
    difference: float
    steps: int = 0
    error: float | None = None


def margin(probabilities: ArrayLike, output: int) -> np.ndarray:
    """Logit of an output minus the mean logit of the others, for each row of probabilities (rows, outputs).

    Unlike a single logit it says the same when all logits are moved by the same amount, so it can be had from
    probabilities.
    """
    logs = np.log(np.maximum(np.atleast_2d(np.asarray(probabilities, dtype=np.float64)), SMALLEST))
    others = np.delete(logs, output, axis=1)
    return np.asarray(logs[:, output] - (others.mean(axis=1) if others.shape[1] else 0.0))


def completeness_error(total: float, difference: float) -> float:
    """How far the scores' sum is from the difference they should add up to, as a share of it; 0 when both are nothing."""
    missed = abs(total - difference)
    return missed / abs(difference) if difference else float(missed > 0)


@dataclass(frozen=True)
class Influence:
    """A word over all texts that were explained.

    Parameters
    ----------
    word
        The word in small letters.
    score
        Mean of what it adds to the output's margin in the texts that hold it, in logits.
    example
        Number of the text, among those explained, in which it counts most.
    """

    word: str
    score: float
    texts: int
    example: int


def most_influential(attributions: Iterable[Attribution], output: int, *, most: int = 15) -> list[Influence]:
    """The words that speak most for an output, in texts explained for it; largest first, none that speaks against it.

    Lone Chinese characters are left out: beside words, 给 or 装 tells a reader nothing.
    """
    scores: dict[str, dict[int, float]] = defaultdict(dict)
    for number, attribution in enumerate(attributions):
        if attribution.output != output:
            continue
        for word in attribution.words:
            name = name_of(attribution.text, (word.start, word.end)).casefold()
            if any(letter.isalnum() for letter in name) and is_listed(name):
                scores[name][number] = scores[name].get(number, 0.0) + word.score
    ranked = [
        Influence(name, float(np.mean([*each.values()])), len(each), max(each, key=each.__getitem__))
        for name, each in scores.items()
        if len(each) >= LEAST_TEXTS
    ]
    ranked.sort(key=lambda influence: (-influence.score, influence.word))
    return [influence for influence in ranked if influence.score > 0][:most]
