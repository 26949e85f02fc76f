"""The baseline that makes a perplexity mean something: interpolated Kneser-Ney n-grams over the same tokens.

References
----------
Chen & Goodman 1999, "An Empirical Study of Smoothing Techniques for Language Modeling".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.networks.standalone.write import END

Numbers = npt.NDArray[np.int64]
LONGEST = 4  # tokens of the longest n-gram that is tried


@dataclass(frozen=True)
class _Level:
    """N-grams of one length: sorted keys with their counts; per history the sum of counts and the number of followers."""

    keys: Numbers
    counts: Numbers
    histories: Numbers
    totals: Numbers
    followers: Numbers
    discount: float


class KneserNey:
    """Probability of each token after the ``order − 1`` before it.

    ``p(w | h) = max(c(h w) − D, 0) / c(h) + D · N(h) / c(h) · p(w | h')`` with h' one token shorter, N(h) the number of
    different followers, and D = n₁ / (n₁ + 2 n₂) of each length. Below the longest n-grams, c counts the different
    tokens before an n-gram instead of its occurrences; below single tokens stands 1 / vocabulary.

    Parameters
    ----------
    texts
        Token ids of each training text.
    order
        Tokens of the longest n-grams; 1 counts single tokens.
    """

    def __init__(self, texts: Sequence[Sequence[int]], vocabulary_size: int, order: int) -> None:
        self.order = order
        self._size = vocabulary_size
        keys, counts = np.unique(_keys(texts, vocabulary_size, order), return_counts=True)
        levels = [_level(keys, counts.astype(np.int64), vocabulary_size)]
        for length in range(order - 1, 0, -1):
            # What an n-gram ends in, once for each different token before it.
            keys, counts = np.unique(levels[-1].keys % vocabulary_size**length, return_counts=True)
            levels.append(_level(keys, counts.astype(np.int64), vocabulary_size))
        self._levels = levels[::-1]

    def probabilities(self, text: Sequence[int]) -> npt.NDArray[np.float64]:
        """Probability of each token of a text, and of its end."""
        return self._of(_keys([text], self._size, self.order))

    def loss(self, texts: Sequence[Sequence[int]]) -> float:
        """Sum of −log p over all tokens and ends, in nats."""
        return float(-np.log(self._of(_keys(texts, self._size, self.order))).sum())

    def _of(self, keys: Numbers) -> npt.NDArray[np.float64]:
        chance = np.full(len(keys), 1 / self._size)
        for length, level in enumerate(self._levels, start=1):
            grams = keys % self._size**length
            counts = _found(level.keys, level.counts, grams)
            totals = _found(level.histories, level.totals, grams // self._size)
            followers = _found(level.histories, level.followers, grams // self._size)
            known = totals > 0
            safe = np.maximum(totals, 1)
            seen = np.maximum(counts - level.discount, 0) / safe
            chance = np.where(known, seen + level.discount * followers / safe * chance, chance)
        return chance


def best_ngrams(
    training: Sequence[Sequence[int]], validation: Sequence[Sequence[int]], vocabulary_size: int
) -> KneserNey:
    """The order with the lowest loss on validation texts, fitted on the training texts alone."""
    longest = min(LONGEST, int(63 / math.log2(max(vocabulary_size, 2))))  # a key must fit into 63 bits
    fitted = [KneserNey(training, vocabulary_size, order) for order in range(1, longest + 1)]
    return min(fitted, key=lambda model: model.loss(validation))


def _keys(texts: Sequence[Sequence[int]], vocabulary_size: int, order: int) -> Numbers:
    """The n-gram that ends at each token and at each end, as one number in base ``vocabulary_size``."""
    parts = []
    for text in texts:
        whole = np.array([END] * (order - 1) + list(text) + [END], dtype=np.int64)
        key = np.zeros(len(text) + 1, dtype=np.int64)
        for offset in range(order):
            key = key * vocabulary_size + whole[offset : offset + len(text) + 1]
        parts.append(key)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _level(keys: Numbers, counts: Numbers, vocabulary_size: int) -> _Level:
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    discount = once / (once + 2 * twice) if once else 0.5
    histories, starts, followers = np.unique(keys // vocabulary_size, return_index=True, return_counts=True)
    totals = np.add.reduceat(counts, starts) if len(counts) else counts
    # All seen once would leave nothing to what was seen, none seen once nothing to what was not.
    return _Level(keys, counts, histories, totals, followers.astype(np.int64), min(discount, 0.95))


def _found(known: Numbers, values: Numbers, wanted: Numbers) -> Numbers:
    """The value of each wanted key; 0 where there is none."""
    if not len(known):
        return np.zeros(len(wanted), dtype=np.int64)
    indices = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[indices] == wanted, values[indices], 0)
