"""Two versions of a classifier on the same rows: which answers changed, and by how much each score; all by class numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.statistics.additive import Patterns
from core.statistics.intervals import Estimate, Floats
from core.statistics.paired import paired_rate_difference, paired_score_difference
from core.statistics.resampling import RESAMPLES, resampled_scores
from core.tasks.text_classification.row_statistics import MACRO_F1, averages, distinct_rows, patterns_of, statistics
from core.tasks.text_classification.scores import confusion_matrix

Integers = NDArray[np.int64]

_UNSEEN = 0.1  # rows of each label that got better, and that got worse, beyond those seen: the least that covers by simulation


@dataclass(frozen=True, eq=False)
class Flips:
    """Row numbers whose prediction changed: wrong to right, right to wrong, wrong to another wrong."""

    better: Integers
    worse: Integers
    other: Integers


def flips(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> Flips:
    """Find the rows whose prediction changed; all three arguments are class numbers, shape ``(rows,)``."""
    true, old, new = _checked(truth, before, after)
    was_right, is_right, changed = old == true, new == true, old != new
    return Flips(
        better=np.flatnonzero(~was_right & is_right),
        worse=np.flatnonzero(was_right & ~is_right),
        other=np.flatnonzero(~was_right & ~is_right & changed),
    )


def paired_difference(
    truth: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    *,
    metric: Literal["accuracy", "macro_f1"] = "accuracy",
    seed: int = 0,
    resamples: int = 1000,
) -> Estimate:
    """After − before on the same rows, −1 to 1, positive is better, with its 95 % interval.

    Accuracy has the closed form of Agresti and Min. Macro-F1 is bootstrapped: whole rows (truth, before and after together)
    are redrawn, and with them how many each class has, one at least; a tenth of a row that got better and of one that got
    worse are added to each class. Its interval is at least as wide as that of accuracy, or it would be 0 to 0 when nothing
    changed.
    """
    true, old, new = _checked(truth, before, after)
    accuracy = paired_rate_difference(old == true, new == true)
    if metric == "accuracy":
        return accuracy
    classes = int(max(values.max(initial=0) for values in (true, old, new))) + 1
    pairs = _with_unseen(true, old, new, classes)
    score = averages(pairs.sizes)["macro_f1"]
    return paired_score_difference(pairs, score, at_least=accuracy, seed=seed, resamples=resamples)


def resampled_macro_f1(
    truth: Sequence[ArrayLike],
    predicted: Sequence[ArrayLike],
    classes: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats:
    """Macro-F1 on redrawn rows, shape ``(resamples, models, tests)``, over the classes that the redrawn rows have.

    Parameters
    ----------
    truth
        For each test, the class numbers of its rows.
    predicted
        For each test, the class numbers that each model answers, shape ``(models, rows)``.
    """
    rows = [
        [statistics(true, guesses, classes) for guesses in np.asarray(answers)]
        for true, answers in zip(truth, predicted, strict=True)
    ]
    return resampled_scores(rows, MACRO_F1, resamples=resamples, seed=seed)


def _checked(truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> tuple[Integers, Integers, Integers]:
    true, old, new = (np.asarray(values, dtype=np.int64) for values in (truth, before, after))
    if not true.shape == old.shape == new.shape or true.ndim != 1:
        raise ValueError(f"shapes {true.shape}, {old.shape} and {new.shape} differ; all must be (rows,)")
    return true, old, new


def _with_unseen(truth: Integers, before: Integers, after: Integers, classes: int) -> Patterns:
    """Reckon in each class with rows that got better and worse: of few rows perhaps none changed by luck."""
    true, (old, new), counts = distinct_rows(truth, before, after, classes=classes)
    present = np.unique(truth)
    wrong = _usual_mistakes([confusion_matrix(truth, answers, classes) for answers in (before, after)])[present]
    columns = [
        np.concatenate(parts) for parts in ((true, present, present), (old, wrong, present), (new, present, wrong))
    ]
    more = 2 * len(present)
    order = np.argsort(columns[0], kind="stable")
    true, old, new = (column[order] for column in columns)
    pairs = patterns_of(true, [old, new], np.append(counts, np.zeros(more))[order], classes)
    return replace(pairs, unseen=np.append(np.zeros(len(counts)), np.full(more, _UNSEEN))[order])


def _usual_mistakes(tables: list[Integers]) -> Integers:
    """The class that rows of each are most often taken for; of equals the most frequent one."""
    support = tables[0].sum(axis=1)
    taken = np.sum(tables, axis=0) + support / (2 * support.sum())
    np.fill_diagonal(taken, -1)
    usual: Integers = taken.argmax(axis=1)
    return usual
