"""Which words are more, or less, frequent than before, beyond what chance brings about.

A text counts a word once, since the words of one text go together. Each word that enough texts hold is asked about by
Fisher's exact test, two-sided; of the words that are listed, at most one in twenty is there by chance (Benjamini and
Hochberg), and where nothing changed, the list stays empty in 95 % of cases. How many texts hold a word in all says
nothing about the side they are on, so rare words may be left out beforehand without harm to that promise.

Knows nothing of how texts are cut into words.

References
----------
Y. Benjamini, Y. Hochberg (1995), "Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple
Testing".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.statistics.exact import fewer_hits
from core.statistics.intervals import Floats
from core.statistics.permutation import benjamini_hochberg

FALSE_DISCOVERIES = 0.05  # share of the listed words that chance may have put there
FEWEST_TEXTS = 5  # of both sides together; a rarer word could hardly reach significance
LISTED = 30  # each way
_WORTH_ASKING = (
    1.5  # standard deviations; nearer to its expectation a word is not significant, and the exact test is slow
)


@dataclass(frozen=True)
class WordChange:
    """A word, the texts that hold it before and after, the same for 1,000 texts, and its p-value after correction."""

    word: str
    before: int
    after: int
    before_per_1000: float
    after_per_1000: float
    p_value: float


@dataclass(frozen=True)
class WordChanges:
    """Words whose frequency changed, the surest first.

    Parameters
    ----------
    texts
        Texts read, earlier and new ones.
    more, fewer
        Words in a larger and in a smaller share of the new texts than of the earlier ones.
    """

    texts: tuple[int, int]
    more: tuple[WordChange, ...]
    fewer: tuple[WordChange, ...]

    @property
    def unseen(self) -> dict[str, int]:
        """Words that no earlier text holds → new texts that do; the most frequent first."""
        new = sorted(
            (change for change in self.more if not change.before), key=lambda change: (-change.after, change.word)
        )
        return {change.word: change.after for change in new}

    def to_dict(self) -> dict[str, Any]:
        return {
            "texts": list(self.texts),
            "more": [asdict(change) for change in self.more],
            "fewer": [asdict(change) for change in self.fewer],
        }


def word_changes(before: Sequence[Collection[str]], after: Sequence[Collection[str]]) -> WordChanges:
    """Compare the words of two groups of texts.

    Parameters
    ----------
    before, after
        The different words of each text.
    """
    texts = (len(before), len(after))
    counts = [Counter(word for words in side for word in words) for side in (before, after)]
    words = sorted(word for word, count in (counts[0] + counts[1]).items() if count >= FEWEST_TEXTS)
    if not min(texts) or not words:
        return WordChanges(texts, (), ())
    old, new = (np.array([count[word] for word in words], dtype=np.int64) for count in counts)
    adjusted = benjamini_hochberg(_two_sided(old, new, texts))
    shares = old / texts[0], new / texts[1]
    rows = np.flatnonzero(adjusted <= FALSE_DISCOVERIES).tolist()
    rows.sort(key=lambda row: (adjusted[row], -abs(shares[1][row] - shares[0][row]), words[row]))
    changes = [
        WordChange(
            words[row],
            int(old[row]),
            int(new[row]),
            round(1000 * float(shares[0][row]), 1),
            round(1000 * float(shares[1][row]), 1),
            float(adjusted[row]),
        )
        for row in rows
    ]
    more = tuple(change for change in changes if change.after * texts[0] > change.before * texts[1])
    fewer = tuple(change for change in changes if change.after * texts[0] < change.before * texts[1])
    return WordChanges(texts, more[:LISTED], fewer[:LISTED])


def _two_sided(old: np.ndarray, new: np.ndarray, texts: tuple[int, int]) -> Floats:
    """Fisher's exact test of each word: twice the smaller tail, at most 1."""
    total, held = sum(texts), old + new
    expected = held * texts[1] / total
    spread = np.sqrt(expected * (1 - held / total) * texts[0] / max(total - 1, 1))
    p_values: Floats = np.ones(len(old))
    for row in np.flatnonzero(np.abs(new - expected) > _WORTH_ASKING * spread).tolist():
        sides = (int(old[row]), texts[0]), (int(new[row]), texts[1])
        tail = fewer_hits(*sides) if new[row] < expected[row] else fewer_hits(*reversed(sides))
        p_values[row] = min(1.0, 2 * tail)
    return p_values
