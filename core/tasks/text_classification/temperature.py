"""One number that makes stated probabilities honest: the temperature by which all logits are divided.

A model that says 99 % and is right in 90 % is too sure of itself; with a temperature above 1 it says 90 %. The order of the
labels stays as it was, so no answer changes. Knows nothing of texts, models and files.

References
----------
C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
J. Platt (1999), "Probabilistic Outputs for Support Vector Machines": the correction for few rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from core.base.messages import Message, message
from core.statistics.intervals import Floats
from core.tasks.text_classification.scores import predicted_classes

FEWEST_ROWS = 100
FEWEST_ERRORS = 5  # without wrong answers, every temperature is too high
EXTREMES = (0.05, 20.0)
SMALLEST = 1e-38  # probabilities below it are not told apart in float32


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by, and what it was fitted on.

    Parameters
    ----------
    value
        The temperature. Above 1: the model was too sure of itself; below 1: not sure enough; 1: left as it was.
    rows, errors
        Rows that it was fitted on, and how many of them are answered wrongly.
    note
        Why it was left at 1; None where it was fitted.
    """

    value: float
    rows: int
    errors: int
    note: Message | None = None

    def to_dict(self) -> dict[str, Any]:
        note = self.note.to_dict() if self.note is not None else None
        return {"temperature": self.value, "rows": self.rows, "errors": self.errors, "note": note}


def fit_temperature(truth: ArrayLike, probabilities: ArrayLike, possible: ArrayLike | None = None) -> Temperature:
    """Find the temperature with which the truth surprises least: the smallest mean of −log p(truth).

    Each label counts as certain only to (n + 1) / (n + 2) with n rows, so that a few right answers do not ask for endless
    certainty.

    Parameters
    ----------
    truth
        Class numbers of validation rows, shape ``(rows,)``.
    probabilities
        Answers of the model as it is, ``(rows, classes)``. Their logarithms are logits up to a constant a row, which
        changes nothing.
    possible
        Which classes a row of each class may have, ``(classes, classes)``, such as those below it in a tree: they are true
        together. By default a class stands for itself.

    Raises
    ------
    ModelError
        When a probability is not a number.
    """
    labels, values = np.asarray(truth, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    rows = np.arange(len(labels))
    given = predicted_classes(values)
    true = None if possible is None else np.asarray(possible, dtype=np.bool_)[labels]
    errors = int((given != labels if true is None else ~true[rows, given]).sum())
    note = _too_little(len(labels), errors)
    if note is not None:
        return Temperature(1.0, len(labels), errors, note)
    logits = np.log(np.maximum(values, SMALLEST))
    doubt = 1 / (len(labels) + 2)

    def surprise(exponent: float) -> float:
        scaled = logits * math.exp(-exponent)
        logarithms = scaled - _log_sum(scaled)
        together = logarithms[rows, labels] if true is None else _log_sum(np.where(true, logarithms, -np.inf))
        return -float((1 - doubt) * together.mean() + doubt * logarithms.mean())

    bounds = tuple(math.log(value) for value in EXTREMES)
    optimum = minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return Temperature(math.exp(float(optimum.x)), len(labels), errors)


def rescale(probabilities: ArrayLike, temperature: float) -> Floats:
    """The probabilities (rows, classes) that a model would state with its logits divided by ``temperature``.

    With ``1 / T`` it undoes a temperature of ``T``.
    """
    scaled = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)) / temperature
    return np.asarray(np.exp(scaled - _log_sum(scaled)), dtype=np.float64)


def _log_sum(values: Floats) -> Floats:
    """log Σ exp of each row, shape ``(rows, 1)``."""
    top = values.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(values - top).sum(axis=1, keepdims=True)), dtype=np.float64)


def _too_little(rows: int, errors: int) -> Message | None:
    if rows < FEWEST_ROWS:
        return message(
            "calibration.few_rows",
            "The probabilities are as the model states them: {rows:,} validation rows are too few to correct them by, "
            "{needed} are needed. The temperature was left at 1.",
            rows=rows,
            needed=FEWEST_ROWS,
        )
    if errors < FEWEST_ERRORS:
        return message(
            "calibration.few_errors",
            "The probabilities are as the model states them: with {errors} errors on {rows:,} validation rows, nobody can "
            "tell how sure it should be. The temperature was left at 1.",
            errors=errors,
            rows=rows,
        )
    return None
