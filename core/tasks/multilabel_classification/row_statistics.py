"""What is added up over the rows of a test where a row may have several labels, and the scores as functions of the sum.

A row's statistics are three of each label (whether the row has it, whether it was also given, whether it was given), as of a
classifier with one label a row, and then whether the whole set was right, and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset.label_sets import labels_of
from core.statistics.additive import Score, Statistics, rate_score
from core.statistics.intervals import Floats, ratio
from core.tasks.text_classification.row_statistics import F1, PRECISION, RECALL, ClassScore, scores_f1

WHOLE = 2  # columns that are of no single label
_CELLS = 4_000_000  # compared at a time: bounds the memory


def multi_hot(targets: Sequence[str], labels: Sequence[str]) -> NDArray[np.float32]:
    """Which of the labels each row has, float32 ``(rows, labels)``; labels that are not among them are passed over."""
    number = {label: position for position, label in enumerate(labels)}
    table = np.zeros((len(targets), len(labels)), dtype=np.float32)
    for row, target in enumerate(targets):
        for label in labels_of(target):
            if label in number:
                table[row, number[label]] = 1.0
    return table


def names_of(*columns: Sequence[str]) -> tuple[str, ...]:
    """All labels that occur in these targets, in alphabetical order."""
    return tuple(sorted({label for column in columns for target in set(column) for label in labels_of(target)}))


def statistics(truth: NDArray[Any], given: NDArray[Any], exact: NDArray[Any]) -> Statistics:
    """Statistics, ``(rows, 3 · labels + 2)``.

    Parameters
    ----------
    truth, given
        Which labels each row has, and was given: 0 or 1, ``(rows, labels)``.
    exact
        Whether these are the same, labels that are not among the columns included, ``(rows,)``.
    """
    return np.column_stack([truth, truth * given, given, exact, np.ones(len(truth))]).astype(np.float64)


def parts_of(sums: Statistics) -> tuple[Any, Any, Any]:
    """Rows, hits and predictions of each label, ``(…, labels)``."""
    labels = (sums.shape[-1] - WHOLE) // 3
    return sums[..., :labels], sums[..., labels : 2 * labels], sums[..., 2 * labels : 3 * labels]


def _macro_f1(sums: Floats) -> Floats:
    """The mean of F1 over the labels that the sum has rows of; without any it is 1 where none was given, else 0."""
    support, hits, guessed = parts_of(sums)
    occurs = support > 0
    present = occurs.sum(axis=-1)
    mean = ratio((occurs * scores_f1(hits, support, guessed)).sum(axis=-1), present)
    return np.where(present > 0, mean, guessed.sum(axis=-1) == 0).astype(np.float64)


def _micro_f1(sums: Floats) -> Floats:
    support, hits, guessed = parts_of(sums)
    both = support.sum(axis=-1) + guessed.sum(axis=-1)
    return np.where(both > 0, ratio(2 * hits.sum(axis=-1), both), 1.0).astype(np.float64)


def _implied_micro(sums: Floats) -> tuple[float, float]:
    """The interval of F1 over all decisions, taken as independent: where no redrawn test has a mistake, it has no width."""
    together = F1.measured(np.array([part.sum() for part in parts_of(sums)]))
    return together.implied(np.ones(1)) if together.defined[0] else (0.0, 1.0)


def _single(sums: Floats) -> tuple[Floats, Floats]:
    """Of each label that the test has, a row with it alone: where it is given, and where nothing is."""
    support, _, _ = parts_of(sums)
    labels = len(support)
    which = np.flatnonzero(support > 0)
    missed = np.zeros((len(which), 3 * labels + WHOLE))
    missed[np.arange(len(which)), which] = missed[:, -1] = 1
    hit = missed.copy()
    for part in (1, 2):
        hit[np.arange(len(which)), part * labels + which] = 1
    hit[:, -WHOLE] = 1
    return hit, missed


def _implied(score: ClassScore, sums: Floats) -> tuple[float, float]:
    """The interval of a mean over labels as those of the labels imply it."""
    support, _, _ = parts_of(sums)
    occurs = support > 0
    return score.measured(sums[:-WHOLE]).implied(occurs / max(occurs.sum(), 1))


def _macro(name: str, score: ClassScore) -> Score:
    def mean(sums: Floats) -> Floats:
        support, _, _ = parts_of(sums)
        occurs = support > 0
        return ratio((occurs * score.values(sums[..., :-WHOLE])).sum(axis=-1), occurs.sum(axis=-1))

    return Score(name, mean, implied=lambda sums: _implied(score, sums))


MACRO_F1 = Score("macro_f1", _macro_f1, implied=lambda sums: _implied(F1, sums), single=_single)
MICRO_F1 = Score("micro_f1", _micro_f1, implied=_implied_micro, single=_single)
SUBSET_ACCURACY = rate_score("subset_accuracy", lambda rows: (rows[..., -2], rows[..., -1]))
MACRO_PRECISION = _macro("macro_precision", PRECISION)
MACRO_RECALL = _macro("macro_recall", RECALL)
RANKING = Score("ranking_precision", lambda sums: ratio(sums[..., 0], sums[..., 1]))  # of `ranking_rows`


def ranking_rows(truth: NDArray[Any], probabilities: NDArray[Any]) -> Floats:
    """Label ranking average precision of each row, and 1: ``(rows, 2)``.

    For each label of the row, the share of its labels among all that are at least as probable; the mean of these. A row that has
    none of the labels, or all, counts as 1, as scikit-learn has it.

    References
    ----------
    R. Schapire, Y. Singer (2000), "BoosTexter"; Tsoumakas, Katakis, Vlahavas (2010), "Mining Multi-label Data".
    """
    has, stated = truth > 0, np.asarray(probabilities, dtype=np.float64)
    values = np.ones(len(has))
    step = max(1, _CELLS // max(has.shape[1], 1) ** 2)
    for start in range(0, len(has), step):
        own, scores = has[start : start + step], stated[start : start + step]
        above = scores[:, None, :] >= scores[:, :, None]  # (rows, label, other label)
        shares = (above & own[:, None, :]).sum(axis=2) / above.sum(axis=2)
        counts = own.sum(axis=1)
        values[start : start + step] = np.where(counts > 0, (shares * own).sum(axis=1) / np.maximum(counts, 1), 1.0)
    return np.stack([values, np.ones(len(values))], axis=1)
