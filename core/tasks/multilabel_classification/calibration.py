"""Honest probabilities: for each label a line over its logits, a · z + b, under which validation rows surprise least.

A label with few rows keeps close to the line of all labels together, which keeps close to leaving everything as it is. Knows
nothing of texts, models and files.

References
----------
J. Platt (1999), "Probabilistic Outputs for Support Vector Machines".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from core.base.messages import Message, message
from core.statistics.intervals import Floats

FEWEST_ROWS = 100
HELD = 10.0  # rows that speak for the line of all labels
LEAST_SLOPE = 0.05  # a line never turns an order round
_SMALLEST = 1e-7
_STEPS = 50


@dataclass(frozen=True)
class Lines:
    """What logits are multiplied by, and what is added: ``(outputs,)`` each; 1 and 0 leave them as they are.

    Parameters
    ----------
    rows
        Validation rows that they were fitted on.
    note
        Why they leave everything as it was; None where they were fitted.
    """

    slopes: Floats
    offsets: Floats
    rows: int
    note: Message | None = None

    @property
    def idle(self) -> bool:
        """Whether they change nothing."""
        return bool((self.slopes == 1).all() and (self.offsets == 0).all())

    def to_dict(self) -> dict[str, Any]:
        note = self.note.to_dict() if self.note is not None else None
        return {"slopes": self.slopes.tolist(), "offsets": self.offsets.tolist(), "rows": self.rows, "note": note}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Lines:
        """The inverse of `to_dict`."""
        note = Message.from_dict(stored["note"]) if stored["note"] is not None else None
        return Lines(np.array(stored["slopes"]), np.array(stored["offsets"]), stored["rows"], note)

    def undone(self, probabilities: ArrayLike) -> Floats:
        """What the model stated before, ``(rows, outputs)``."""
        undone: Floats = expit((logits_of(probabilities) - self.offsets) / self.slopes)
        return undone


def logits_of(probabilities: ArrayLike) -> Floats:
    """Log-odds, finite also at 0 and 1."""
    odds: Floats = logit(np.clip(np.asarray(probabilities, dtype=np.float64), _SMALLEST, 1 - _SMALLEST))
    return odds


def as_stated(outputs: int, note: Message, rows: int = 0) -> Lines:
    """Lines that leave everything as it is, and why."""
    return Lines(np.ones(outputs), np.zeros(outputs), rows, note)


def fit_lines(probabilities: ArrayLike, truth: ArrayLike) -> Lines:
    """Fit the lines on validation rows, by Newton's method.

    Parameters
    ----------
    probabilities
        What the model states, ``(rows, outputs)``.
    truth
        Which labels each row has, 0 or 1, ``(rows, outputs)``.
    """
    stated, has = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    rows, outputs = stated.shape
    if rows < FEWEST_ROWS:
        note = message(
            "calibration.few_rows_lines",
            "The probabilities are as the model states them: {rows:,} validation rows are too few to correct them by, {needed} "
            "are needed.",
            rows=rows,
            needed=FEWEST_ROWS,
        )
        return as_stated(outputs, note, rows)
    if not np.isfinite(stated).all():
        note = message(
            "calibration.not_a_number_lines",
            "The probabilities are not all numbers, so there is nothing to correct.",
        )
        return as_stated(outputs, note, rows)
    values = logits_of(stated)
    together = _fitted(values.reshape(-1, 1), has.reshape(-1, 1), np.array([1.0, 0.0]))
    lines = _fitted(values, has, together[0])
    return Lines(lines[:, 0], lines[:, 1], rows)


def _fitted(values: Floats, has: Floats, start: Floats) -> Floats:
    """Slope and offset of each column, ``(columns, 2)``, held near ``start`` as by `HELD` rows."""
    columns = values.shape[1]
    line = np.tile(start, (columns, 1))
    for _ in range(_STEPS):
        stated = expit(values * line[:, 0] + line[:, 1])
        missed, weight = stated - has, stated * (1 - stated)
        slope = np.stack([(missed * values).sum(axis=0), missed.sum(axis=0)], axis=1) + HELD * (line - start)
        bend = np.empty((columns, 2, 2))
        bend[:, 0, 0] = (weight * values**2).sum(axis=0) + HELD
        bend[:, 1, 1] = weight.sum(axis=0) + HELD
        bend[:, 0, 1] = bend[:, 1, 0] = (weight * values).sum(axis=0)
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        line = line - step
        line[:, 0] = np.maximum(line[:, 0], LEAST_SLOPE)
        if np.abs(step).max() < 1e-8:
            break
    return line
