"""Rows whose label is probably wrong.

Ranked by the probability that the quick model, which has not seen the row, gives to its label (`cleanlab`'s
self-confidence, the lowest first). How many of them are likely to be wrong comes from `cleanlab`'s confident learning:
the joint distribution of given and true labels.

References
----------
Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from core.base.messages import message
from core.data.dataset.row_targets import Rows
from core.data.quality.base import FINDING_ROWS, Finding, Fix, Inspected, drop
from core.data.quality.quick_model import OutOfSample, out_of_sample
from core.data.recipe import RelabelTexts, text_mark

SURE = 0.2  # probability of the given label, below which a row is a likely error


def label_errors(inspected: Inspected) -> Iterator[Finding | float]:
    """Rows that the quick model, not having seen them, gives another label with some certainty."""
    model = yield from out_of_sample(inspected)
    if model is None:
        return
    given = inspected.dataset.labels[model.rows]
    order = ranking(given, model.probabilities)
    count = likely_errors(given, model.probabilities)
    if not count:
        return
    doubted = order[:count]
    yield _finding(inspected, model, doubted)


def ranking(labels: Rows, probabilities: npt.NDArray[np.float64]) -> Rows:
    """Positions of the rows, the most doubtful label first.

    Of `cleanlab`'s methods (self-confidence, normalised margin, confidence-weighted entropy; with and without adjustment
    for class thresholds) this one found most planted errors, in English and in Chinese.
    """
    from cleanlab.rank import get_label_quality_scores

    scores = get_label_quality_scores(labels, probabilities, method="self_confidence")
    order: Rows = np.argsort(scores, kind="stable")
    return order


def likely_errors(labels: Rows, probabilities: npt.NDArray[np.float64]) -> int:
    """How many labels are likely to be wrong: by confident learning, and with a given label less probable than `SURE`."""
    from cleanlab.filter import find_label_issues

    # Labels without rows in this sample would be divided by: only those that occur are asked about.
    known, numbers = np.unique(labels, return_inverse=True)
    shares = probabilities[:, known]
    shares = shares / shares.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels with very few rows, which are named by another finding
        flagged = find_label_issues(numbers, shares, filter_by="confident_learning", n_jobs=1)
    sure = shares[np.arange(len(numbers)), numbers] < SURE
    return int((flagged & sure).sum())


def _finding(inspected: Inspected, model: OutOfSample, doubted: Rows) -> Finding:
    dataset = inspected.dataset
    rows = model.rows[doubted]
    answers = model.probabilities[doubted].argmax(axis=1)
    labels = {text_mark(dataset.texts[row]): dataset.classes[answer] for row, answer in zip(rows, answers, strict=True)}
    notes = tuple(
        message(
            "quality.label_note",
            "rather {label} ({share:.0%}; given label {given:.0%})",
            label=dataset.classes[answer],
            share=float(model.probabilities[position, answer]),
            given=float(model.probabilities[position, dataset.labels[model.rows[position]]]),
        )
        for position, answer in zip(doubted[:FINDING_ROWS], answers, strict=False)
    )
    sampled = len(model.rows) < len(dataset)
    return Finding(
        "label_errors",
        "warning" if len(rows) > 0.02 * len(model.rows) else "info",
        len(rows),
        message("quality.label_errors", "Rows whose label is probably wrong: {count:,}.", count=len(rows)),
        message(
            "quality.label_errors_advice",
            "A quick model that has not seen these rows is sure of another label; the most doubtful come first. It errs, "
            "too: look at the first ones, and stop where they begin to be right. Relabel by hand where you can.",
        ),
        tuple(rows[:FINDING_ROWS].tolist()),
        notes=notes,
        fixes=(
            Fix(
                "drop",
                message("quality.label_errors_drop", "Remove these rows: {count:,}", count=len(rows)),
                (drop(inspected, rows, "chosen"),),
            ),
            Fix(
                "relabel",
                message(
                    "quality.label_errors_relabel", "Take the model's label for all of them: {count:,}", count=len(rows)
                ),
                (RelabelTexts(labels=labels),),
            ),
        ),
        seen=len(model.rows) if sampled else None,
    )
