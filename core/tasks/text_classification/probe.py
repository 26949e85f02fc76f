"""Did a pretraining help? Features of a frozen encoder under a linear head, before and after, on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics.intervals import Estimate
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.scores import evaluate_predictions

STRENGTHS = np.logspace(-2, 5, 15)  # of the ridge penalty; the best one is chosen on the training rows


@dataclass(frozen=True)
class ProbeRows:
    """Labelled rows: those that the head is fitted on, and those that it is scored on.

    Parameters
    ----------
    dataset, name
        Id and name of the stored dataset.
    train_labels, labels
        Class numbers, int64.
    """

    dataset: str
    name: str
    classes: tuple[str, ...]
    train_texts: tuple[str, ...]
    train_labels: NDArray[np.int64]
    texts: tuple[str, ...]
    labels: NDArray[np.int64]


def linear_answers(rows: ProbeRows, encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> NDArray[np.int64]:
    """Class numbers that a ridge classifier on frozen features says for the scored rows.

    Its penalty is chosen by leave-one-out on the training rows; the scored rows take no part in anything.
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=STRENGTHS))
    head.fit(encode(rows.train_texts).astype(np.float64), rows.train_labels)
    answers: NDArray[np.int64] = head.predict(encode(rows.texts).astype(np.float64)).astype(np.int64)
    return answers


def compare_answers(
    rows: ProbeRows, before: NDArray[np.int64], after: NDArray[np.int64], *, seed: int = 0
) -> dict[str, Any]:
    """Accuracy and macro-F1 before and after with 95 % intervals, and the paired difference of each.

    ``verdict`` is "better" or "worse" when the whole interval of the difference in macro-F1 lies on one side of zero,
    else "noise".
    """
    scores = [evaluate_predictions(rows.labels, answers, rows.classes) for answers in (before, after)]
    difference = paired_difference(rows.labels, before, after, metric="macro_f1", seed=seed)
    return {
        "dataset": rows.dataset,
        "name": rows.name,
        "train": len(rows.train_texts),
        "rows": len(rows.texts),
        "labels": len(rows.classes),
        "accuracy": {
            "before": scores[0].accuracy.to_dict(),
            "after": scores[1].accuracy.to_dict(),
            "difference": paired_difference(rows.labels, before, after, seed=seed).to_dict(),
        },
        "macro_f1": {
            "before": scores[0].macro_f1.to_dict(),
            "after": scores[1].macro_f1.to_dict(),
            "difference": difference.to_dict(),
        },
        "verdict": verdict(difference),
    }


def verdict(difference: Estimate) -> str:
    """What an interval of a difference says: "better", "worse", or "noise" when zero lies in it."""
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "noise"
