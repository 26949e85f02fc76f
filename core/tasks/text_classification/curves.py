"""ROC and precision-recall curves for two labels; the arithmetic is scikit-learn's.

Apart from the other scores, so that who needs no curve does not wait for scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics

from core.base.errors import DataError
from core.statistics.intervals import Estimate, Floats, estimate, percentiles
from core.statistics.resampling import redrawn_rows

RESAMPLES = 200  # an area takes milliseconds, and a page waits for it


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve in drawing order.

    Parameters
    ----------
    x, y
        Coordinates of the points, ``(points,)``, between 0 and 1.
    thresholds
        A row counts as positive from this score up. ``inf`` where nothing is positive.
    area
        ROC: area under the curve (0.5 is chance, 1 is perfect). Precision-recall: average precision (the share of
        positive rows is chance, 1 is perfect). With a 95 % interval: rows are redrawn within each label.
    """

    x: Floats
    y: Floats
    thresholds: Floats
    area: Estimate


def roc_points(truth: ArrayLike, scores: ArrayLike) -> Curve:
    """ROC curve: x = false positive rate, y = true positive rate.

    Parameters
    ----------
    truth
        0 or 1 for each row; 1 is the positive label.
    scores
        The probability of label 1 for each row.

    Raises
    ------
    DataError
        When the rows have only one of the two labels.
    """
    positive, values = _checked(truth, scores)
    x, y, thresholds = metrics.roc_curve(positive, values)
    return Curve(x, y, thresholds, _area(positive, values, metrics.roc_auc_score))


def pr_points(truth: ArrayLike, scores: ArrayLike) -> Curve:
    """Precision-recall curve: x = recall, y = precision; parameters and errors as in `roc_points`."""
    positive, values = _checked(truth, scores)
    precision, recall, thresholds = metrics.precision_recall_curve(positive, values, drop_intermediate=True)
    area = _area(positive, values, metrics.average_precision_score)
    return Curve(recall, precision, np.append(thresholds, np.inf), area)


def _area(positive: NDArray[np.int64], values: Floats, measure: Callable[..., float]) -> Estimate:
    area = float(measure(positive, values))
    redrawn = [measure(positive[rows], values[rows]) for rows in redrawn_rows(positive, resamples=RESAMPLES)]
    return estimate(area, *percentiles(np.array(redrawn)))


def _checked(truth: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    positive = np.asarray(truth, dtype=np.int64)
    if set(np.unique(positive).tolist()) != {0, 1}:
        raise DataError(
            "metrics.one_label",
            "A curve needs test rows of both labels, and these rows have only one. Choose a test with both.",
        )
    return positive, np.asarray(scores, dtype=np.float64)
