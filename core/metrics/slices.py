"""Rows cut into slices, by what is known of them, and which slices are worse than the rest beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from core.metrics.intervals import Estimate, rate_estimate
from core.metrics.permutation import holm

Rows = NDArray[np.int64]
Kind = Literal["label", "length", "language", "group", "month", "word"]

LEAST_ROWS = 20  # of a slice, and of the rest, below which nothing is tested
LEVEL = 0.05  # of all tests of a kind of search together
MOST_VALUES = 200  # slices of one kind that are looked at, the largest ones
CANDIDATES = 20  # words that the second half of the rows is asked about


@dataclass(frozen=True)
class Slice:
    """Rows that have something in common.

    Parameters
    ----------
    value
        What they have in common: a label, a word, ``"1–20"`` characters.
    rows
        Their numbers.
    """

    kind: Kind
    value: str
    rows: Rows


@dataclass(frozen=True, eq=False)
class WorseSlice:
    """A slice whose accuracy is lower than that of all other rows.

    Parameters
    ----------
    accuracy, rest
        Of the slice and of all other rows; for a word on the second half of the rows alone, those it was not found on.
    p_value
        One-sided exact test of Fisher, corrected by Holm for all slices that were tested along with it.
    """

    slice: Slice
    accuracy: Estimate
    rest: Estimate
    p_value: float


def by_value(kind: Kind, values: Sequence[str], order: Sequence[str] = ()) -> list[Slice]:
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
    found, start = [], int(values.min())
    for end in ends.tolist():
        rows = np.flatnonzero((values >= start) & (values <= end))
        if len(rows):
            found.append(Slice("length", f"{start}–{end}" if end > start else str(end), rows))
        start = end + 1
    return found


def by_word(words: Sequence[frozenset[str]]) -> list[Slice]:
    """A slice for each word that occurs in enough rows, and is absent from enough."""
    places: dict[str, list[int]] = {}
    for row, found in enumerate(words):
        for word in found:
            places.setdefault(word, []).append(row)
    return [
        Slice("word", word, np.array(rows, dtype=np.int64))
        for word, rows in sorted(places.items())
        if LEAST_ROWS <= len(rows) <= len(words) - LEAST_ROWS
    ]


def worse_slices(right: NDArray[np.bool_], slices: Sequence[Slice]) -> list[WorseSlice]:
    """The slices that are worse than all other rows beyond chance, the surest first.

    All slices are tested together, each with at least 20 rows inside and outside. Words are too many for that: the first
    half of the rows (even numbers in a fixed shuffle) proposes 20 of them, and only what the other half confirms is returned,
    with the figures of that half. So no figure is one that was picked for being low.

    Parameters
    ----------
    right
        Whether each row was answered rightly.
    """
    known = [one for one in slices if one.kind != "word"]
    words = [one for one in slices if one.kind == "word"]
    everywhere = np.ones(len(right), dtype=bool)
    found = [*_tested(right, known, everywhere), *_confirmed(right, words)]
    return sorted(found, key=lambda one: one.p_value)


def _confirmed(right: NDArray[np.bool_], words: Sequence[Slice]) -> Iterator[WorseSlice]:
    first = np.zeros(len(right), dtype=bool)
    first[np.random.default_rng(0).permutation(len(right))[::2]] = True
    proposed = sorted((_p_value(right, one.rows, first), place) for place, one in enumerate(words))
    chosen = [words[place] for p_value, place in proposed[:CANDIDATES] if p_value < LEVEL]
    yield from _tested(right, chosen, ~first)


def _tested(right: NDArray[np.bool_], slices: Sequence[Slice], among: NDArray[np.bool_]) -> Iterator[WorseSlice]:
    tested = [(one, _p_value(right, one.rows, among)) for one in slices]
    tested = [(one, p_value) for one, p_value in tested if not np.isnan(p_value)]
    for (one, _), adjusted in zip(tested, holm([p_value for _, p_value in tested]), strict=True):
        if adjusted < LEVEL:
            inside, outside = _sides(one.rows, among)
            yield WorseSlice(one, accuracy_of(right, inside), accuracy_of(right, outside), adjusted)


def _sides(rows: Rows, among: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Rows inside and outside of a slice, of those that take part."""
    member = np.zeros(len(among), dtype=bool)
    member[rows] = True
    return np.flatnonzero(among & member), np.flatnonzero(among & ~member)


def _p_value(right: NDArray[np.bool_], rows: Rows, among: NDArray[np.bool_]) -> float:
    """Chance of so many errors inside, were errors spread evenly; NaN where there are too few rows."""
    inside, outside = _sides(rows, among)
    if min(len(inside), len(outside)) < LEAST_ROWS // (1 if among.all() else 2):
        return float("nan")
    wrong = int((~right[inside]).sum())
    total = wrong + int((~right[outside]).sum())
    return float(hypergeom.sf(wrong - 1, len(inside) + len(outside), total, len(inside)))


def accuracy_of(right: NDArray[Any], rows: Rows) -> Estimate:
    """Accuracy on some rows, with Wilson's interval."""
    return rate_estimate(int(right[rows].sum()), len(rows))
