"""Rows cut into slices, by what is known of them, and which slices are worse than the rest beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics.additive import Patterns, Score, Statistics, estimates
from core.statistics.intervals import Estimate, Floats
from core.statistics.permutation import holm, permutation_test, score_gap

Rows = NDArray[np.int64]

LEAST_ROWS = 20  # of a slice, and of the rest, below which nothing is tested
LEVEL = 0.05  # of all tests of a kind of search together
MOST_VALUES = 200  # slices of one kind that are looked at, the largest ones
CANDIDATES = 20  # words that the second half of the rows is asked about


@dataclass(frozen=True)
class Slice:
    """Rows that have something in common.

    Parameters
    ----------
    kind
        What they are cut by; only of slices by ``"word"`` there are too many to be tested all together.
    value
        What they have in common: a group, a word, ``"1–20"`` characters.
    """

    kind: str
    value: str
    rows: Rows


@dataclass(frozen=True, eq=False)
class WorseSlice:
    """A slice whose score is worse than that of all other rows.

    Parameters
    ----------
    score, rest
        Scores of the slice and of all other rows; for a word on the second half of the rows alone, which it was not
        found on.
    p_value
        The one-sided p-value of Fisher's exact test for a rate and of a permutation test for other scores, corrected by
        Holm for all slices that were tested along with it.
    """

    slice: Slice
    score: Estimate
    rest: Estimate
    p_value: float


def by_value(kind: str, values: Sequence[str], order: Sequence[str] = ()) -> list[Slice]:
    """A slice for each value, the largest first, or in a given order; rows without a value are in none."""
    counts = Counter(value for value in values if value)
    names = list(order) or [value for value, _ in counts.most_common(MOST_VALUES)]
    table = np.array(values, dtype=object)
    return [Slice(kind, name, np.flatnonzero(table == name)) for name in names if counts[name]]


def by_length(lengths: Sequence[int], parts: int = 4) -> list[Slice]:
    """So many slices of about as many rows each, by the number of characters, the shortest first."""
    values = np.asarray(lengths, dtype=np.int64)
    if len(values) == 0:
        return []
    ends = np.unique(np.quantile(values, np.arange(1, parts + 1) / parts).astype(np.int64))
    slices, start = [], int(values.min())
    for end in ends.tolist():
        rows = np.flatnonzero((values >= start) & (values <= end))
        if len(rows):
            slices.append(Slice("length", f"{start}–{end}" if end > start else str(end), rows))
        start = end + 1
    return slices


def by_word(words: Sequence[frozenset[str]]) -> list[Slice]:
    """A slice for each word that occurs in enough rows, and is absent from enough."""
    rows_of: dict[str, list[int]] = {}
    for row, distinct in enumerate(words):
        for word in distinct:
            rows_of.setdefault(word, []).append(row)
    return [
        Slice("word", word, np.array(rows, dtype=np.int64))
        for word, rows in sorted(rows_of.items())
        if LEAST_ROWS <= len(rows) <= len(words) - LEAST_ROWS
    ]


def worse_slices(statistics: Statistics, slices: Sequence[Slice], score: Score) -> list[WorseSlice]:
    """The slices that are worse than all other rows beyond chance, the surest first.

    All slices are tested together, each with at least 20 rows inside and outside. Words are too many for that: the first
    half of the rows (even numbers in a fixed shuffle) proposes 20 of them, and only what the other half confirms is returned,
    with the figures of that half. So no figure is one that was picked for being low.

    Parameters
    ----------
    statistics
        Statistics of the rows, ``(rows, k)``.
    """
    rate = score.rate
    exact = None if rate is None else _exact(*rate(statistics), more_is_better=score.higher_is_better)
    tested = _Tested(statistics, score, exact or _dealt(statistics, score))
    everywhere = np.ones(statistics.shape[0], dtype=bool)
    known = [cut for cut in slices if cut.kind != "word"]
    words = [cut for cut in slices if cut.kind == "word"]
    worse = [*tested.worse(known, everywhere), *_confirmed(tested, words, everywhere)]
    return sorted(worse, key=lambda cut: cut.p_value)


def _confirmed(tested: _Tested, words: Sequence[Slice], everywhere: NDArray[np.bool_]) -> Iterator[WorseSlice]:
    first = np.zeros(len(everywhere), dtype=bool)
    first[np.random.default_rng(0).permutation(len(everywhere))[::2]] = True
    ranked = sorted((tested.p_value(word, first), number) for number, word in enumerate(words))
    proposed = [words[number] for p_value, number in ranked[:CANDIDATES] if p_value < LEVEL]
    yield from tested.worse(proposed, ~first)


@dataclass(frozen=True, eq=False)
class _Tested:
    """Rows whose slices are held against each other by one score; ``chance`` is the p-value of rows inside and outside."""

    statistics: Statistics
    score: Score
    chance: Callable[[Rows, Rows], float]

    def worse(self, slices: Sequence[Slice], among: NDArray[np.bool_]) -> Iterator[WorseSlice]:
        """Those that are worse beyond chance, of the rows that take part."""
        p_values = [(cut, self.p_value(cut, among)) for cut in slices]
        p_values = [(cut, p_value) for cut, p_value in p_values if not np.isnan(p_value)]
        for (cut, _), adjusted in zip(p_values, holm([p_value for _, p_value in p_values]), strict=True):
            if adjusted < LEVEL:
                inside, outside = (self._estimate(rows) for rows in _sides(cut.rows, among))
                yield WorseSlice(cut, inside, outside, adjusted)

    def p_value(self, cut: Slice, among: NDArray[np.bool_]) -> float:
        """Chance of being so much worse inside, were rows dealt at random; NaN where there are too few."""
        inside, outside = _sides(cut.rows, among)
        if min(len(inside), len(outside)) < LEAST_ROWS // (1 if among.all() else 2):
            return float("nan")
        return self.chance(inside, outside)

    def _estimate(self, rows: Rows) -> Estimate:
        return estimates(Patterns.of(self.statistics[rows]), [self.score])[0]


def _exact(hits: Floats, trials: Floats, *, more_is_better: bool) -> Callable[[Rows, Rows], float]:
    """Fisher's exact test for a rate, from hits and trials of each row."""
    bad = trials - hits if more_is_better else hits

    def chance(inside: Rows, outside: Rows) -> float:
        (wrong, tried), (others_wrong, others_tried) = (
            (bad[rows].sum(), trials[rows].sum()) for rows in (inside, outside)
        )
        from scipy.stats import hypergeom  # half a second of imports, for which no page should wait

        return float(hypergeom.sf(wrong - 1, tried + others_tried, wrong + others_wrong, tried))

    return chance


def _dealt(statistics: Statistics, score: Score) -> Callable[[Rows, Rows], float]:
    """A permutation test for any score."""

    def chance(inside: Rows, outside: Rows) -> float:
        gap = score_gap(statistics[np.concatenate([outside, inside])], score)
        return permutation_test(gap, len(outside), len(inside), seed=0)[1]

    return chance


def _sides(rows: Rows, among: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Rows inside and outside of a slice, of those that take part."""
    member = np.zeros(len(among), dtype=bool)
    member[rows] = True
    return np.flatnonzero(among & member), np.flatnonzero(among & ~member)
