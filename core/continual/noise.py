"""The noise that hides each row, or each group of rows, in what is learned from them. Imports no torch."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def fresh_secret() -> int:
    """A seed that nobody else knows: whoever knew it could take the noise away again."""
    return secrets.randbits(62)


@dataclass(frozen=True)
class Noise:
    """Noise for one step of learning by which an experience becomes part of a model.

    Parameters
    ----------
    multiplier
        Standard deviation of the noise, over ``clip_norm``.
    clip_norm
        How far a unit can move a sum before noise is added.
    sample_rate
        The chance of each unit to take part in a step; 1 where there is one sum over all of them.
    units
        The number of the unit that each training row belongs to, from 0; None where each row is a unit by itself.
    most_rows
        Rows of a unit that are learned from at most.
    secret
        Seed of the noise, never stored with what was learned.
    """

    multiplier: float
    clip_norm: float
    sample_rate: float = 1.0
    units: Integers | None = None
    most_rows: int = 1
    secret: int = field(default_factory=fresh_secret, repr=False)

    def rows_by_unit(self, rows: int) -> list[Integers]:
        """The rows of each unit that are learned from, of so many rows; of a large unit some by chance, always the same."""
        if self.units is None:
            return list(np.arange(rows).reshape(-1, 1))
        assert len(self.units) == rows, "a unit for each training row"
        order = np.argsort(self.units, kind="stable")
        starts = np.flatnonzero(np.diff(self.units[order], prepend=-1))
        parts = np.split(order, starts[1:])
        return [self._some(part) for part in parts]

    def _some(self, rows: Integers) -> Integers:
        if len(rows) <= self.most_rows:
            return rows
        # Drawn from the unit alone, so that other units do not decide which of its rows count.
        drawn = np.random.default_rng([self.secret, len(rows)]).permutation(len(rows))[: self.most_rows]
        return rows[np.sort(drawn)]
