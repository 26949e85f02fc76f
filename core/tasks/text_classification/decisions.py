"""When to answer and when to ask a person: what a threshold on the stated probability brings and costs.

The rule: a text is answered when its most probable label has at least the threshold, and goes to a person otherwise, whose answer
counts as right. Thresholds are whole per cents. They are chosen on validation rows and judged on test rows.

Knows nothing of texts, models and files.

References
----------
C. Chow (1970), "On optimum recognition error and reject tradeoff".
C. Elkan (2001), "The foundations of cost-sensitive learning", IJCAI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.statistics.intervals import MINIMUM_ROWS, Estimate, Floats, estimate, percentiles, rate_estimate, wilson
from core.statistics.resampling import resampled_means
from core.tasks.text_classification.scores import predicted_classes

THRESHOLDS: Floats = np.arange(101) / 100
ROUNDING = (
    1e-6  # probabilities are float32: 0.9 of a file must reach a threshold of 0.9; `standalone.predict` has it, too
)


@dataclass(frozen=True, eq=False)
class Costs:
    """What things cost, in one unit of the user's choice.

    Parameters
    ----------
    mistakes
        The cost of each answer, shape ``(classes, classes)``: row = truth, column = answer; zeros on the diagonal.
    person
        The cost of asking a person about one text.
    """

    mistakes: Floats
    person: float

    @staticmethod
    def even(classes: int, *, mistake: float = 10.0, person: float = 1.0) -> Costs:
        """Every mistake costs the same."""
        return Costs(mistake * (1 - np.eye(classes)), person)


@dataclass(frozen=True)
class Decision:
    """What a threshold comes to on some rows.

    Parameters
    ----------
    rows, answered
        Counts; the other rows go to a person.
    coverage, accuracy
        Share of rows that are answered, and share of those that is right; Wilson's intervals.
    cost
        Mean of a row, persons included, with its bootstrapped interval.
    """

    threshold: float
    rows: int
    answered: int
    coverage: Estimate
    accuracy: Estimate
    cost: Estimate

    @property
    def too_few(self) -> bool:
        """Whether too few rows are answered to judge their accuracy."""
        return self.answered < MINIMUM_ROWS


@dataclass(frozen=True, eq=False)
class CoverageCurve:
    """What each of `THRESHOLDS` comes to; all shape ``(101,)``, accuracy ``nan`` where nothing is answered."""

    coverage: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    cost: Floats


def coverage_curve(truth: ArrayLike, probabilities: ArrayLike, costs: Costs) -> CoverageCurve:
    """Coverage, accuracy of what is answered with its interval, and mean cost of a row, for every threshold.

    Parameters
    ----------
    truth
        Class numbers, shape ``(rows,)``; at least one row.
    probabilities
        Probability of each class, ``(rows, classes)``.

    Raises
    ------
    ModelError
        When a probability is not a number.
    """
    labels, predicted, sure = _read(truth, probabilities)
    order = np.argsort(-sure, kind="stable")
    hits = np.concatenate([[0], np.cumsum(predicted[order] == labels[order])])
    spent = np.concatenate([[0.0], np.cumsum(costs.mistakes[labels[order], predicted[order]])])
    answered = np.searchsorted(-sure[order], -(THRESHOLDS - ROUNDING), side="right")
    low, high = wilson(hits[answered], answered)
    accuracy = np.where(answered > 0, hits[answered] / np.maximum(answered, 1), np.nan)
    cost = (spent[answered] + costs.person * (len(labels) - answered)) / len(labels)
    return CoverageCurve(answered / len(labels), accuracy, low, high, cost)


def suggest_threshold(truth: ArrayLike, probabilities: ArrayLike, costs: Costs) -> float | None:
    """The cheapest threshold on these rows, the lowest of equals; None with too few rows to tell (fewer than 30)."""
    if len(np.asarray(truth)) < MINIMUM_ROWS:
        return None
    return float(THRESHOLDS[int(np.argmin(coverage_curve(truth, probabilities, costs).cost.round(12)))])


def judge_threshold(truth: ArrayLike, probabilities: ArrayLike, threshold: float, costs: Costs) -> Decision:
    """What one threshold comes to, with intervals; parameters and errors as in `coverage_curve`."""
    labels, predicted, sure = _read(truth, probabilities)
    answers = sure >= threshold - ROUNDING
    answered, rows = int(answers.sum()), len(labels)
    paid = np.where(answers, costs.mistakes[labels, predicted], costs.person)
    low, high = percentiles(resampled_means([paid[None, :]])[:, 0, 0])
    return Decision(
        threshold=threshold,
        rows=rows,
        answered=answered,
        coverage=rate_estimate(answered, rows),
        accuracy=rate_estimate(int((predicted == labels)[answers].sum()), answered),
        cost=estimate(float(paid.mean()), low, high, largest=np.inf),
    )


@dataclass(frozen=True)
class Line:
    """What comes of giving one of two labels from a probability on; Wilson's intervals."""

    threshold: float
    given: int
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True, eq=False)
class LineCurve:
    """Precision (``nan`` where the label is never given), recall and mean cost for each of `THRESHOLDS`, shape ``(101,)``."""

    precision: Floats
    recall: Floats
    cost: Floats


def line_curve(positive: ArrayLike, scores: ArrayLike, *, missed: float, false_alarm: float) -> LineCurve:
    """Precision, recall and cost of giving a label from each threshold on.

    Parameters
    ----------
    positive
        Whether each row has the label, bool, shape ``(rows,)``.
    scores
        The label's probability.
    missed, false_alarm
        Cost of a row of the label that is not given it, and of a row that is given it wrongly.
    """
    has, given = _given(positive, scores, THRESHOLDS)
    hits = (given & has[:, None]).sum(axis=0)
    count = given.sum(axis=0)
    precision = np.where(count > 0, hits / np.maximum(count, 1), np.nan)
    cost = (missed * (has.sum() - hits) + false_alarm * (count - hits)) / max(len(has), 1)
    return LineCurve(precision, hits / max(int(has.sum()), 1), cost)


def suggest_line(positive: ArrayLike, scores: ArrayLike, *, missed: float, false_alarm: float) -> float | None:
    """The cheapest threshold, of equals the one nearest to a half; None with too few rows, or rows of one label only."""
    has = np.asarray(positive, dtype=bool)
    if len(has) < MINIMUM_ROWS or has.all() or not has.any():
        return None
    cost = line_curve(has, scores, missed=missed, false_alarm=false_alarm).cost.round(12)
    cheapest = np.flatnonzero(cost == cost.min())
    return float(THRESHOLDS[cheapest[np.argmin(np.abs(THRESHOLDS[cheapest] - 0.5))]])


def judge_line(positive: ArrayLike, scores: ArrayLike, threshold: float) -> Line:
    """Precision and recall of one threshold with their intervals."""
    has, given = _given(positive, scores, np.array([threshold]))
    hits, count = int((given[:, 0] & has).sum()), int(given.sum())
    return Line(threshold, count, rate_estimate(hits, count), rate_estimate(hits, int(has.sum())))


def _read(truth: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The true classes, the answers, and how sure each is."""
    labels, stated = np.asarray(truth, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    if not len(labels) or len(labels) != len(stated):
        raise ValueError(
            f"{len(labels)} true labels and {len(stated)} rows of probabilities; as many, and at least one"
        )
    return labels, predicted_classes(stated), stated.max(axis=1)


def _given(positive: ArrayLike, scores: ArrayLike, thresholds: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who has the label, (rows,), and who is given it at each threshold, (rows, thresholds)."""
    values = np.asarray(scores, dtype=np.float64)
    predicted_classes(values[:, None])  # refuses what is not a number
    return np.asarray(positive, dtype=bool), values[:, None] >= thresholds[None, :] - ROUNDING
