"""Rows that must stay on one side of a division: equal texts, and groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import Keys, units_of


class Units:
    """The rows of a pool in units that must not be divided, see `units_of`."""

    def __init__(self, pool: Rows, keys: Keys, groups: Sequence[str] | None, labels: Rows) -> None:
        unit = units_of(keys, None if groups is None else [groups[row] for row in pool.tolist()])
        self.sizes = np.bincount(unit)
        self._ordered = pool[np.argsort(unit, kind="stable")]
        self._starts = np.cumsum(self.sizes) - self.sizes
        self.first = self._ordered[self._starts]
        self._labels = labels

    def rows(self, number: int) -> Rows:
        """Rows of one unit, ascending."""
        return self._ordered[self._starts[number] :][: self.sizes[number]]

    def by_label(self, rare: set[int]) -> Iterator[Rows]:
        """The units of each label, which is that of most of their rows; without units that have rows of a rare label."""
        labels = self._labels[self.first]
        for number in np.flatnonzero(self.sizes > 1).tolist():
            labels[number] = np.bincount(self._labels[self.rows(number)]).argmax()
        touched = np.isin(self._labels[self._ordered], list(rare))
        usable = np.add.reduceat(touched, self._starts, dtype=np.int64) == 0
        for label in np.unique(labels[usable]).tolist():
            yield np.flatnonzero(usable & (labels == label))
