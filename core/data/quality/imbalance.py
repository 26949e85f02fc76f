"""How uneven the labels are, and what that does to the figures that people look at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.base.messages import message
from core.data.quality.base import Finding, Inspected, capped

UNEVEN = 3.0  # most frequent against least frequent label, from which accuracy and macro-F1 tell different stories
VERY_UNEVEN = 10.0
FEW = 30  # rows of a label; a fifth of them in the test are six, and one more mistake moves its recall by 17 points


def imbalance(inspected: Inspected) -> Iterator[Finding | float]:
    """Labels that are unevenly frequent, and labels with too few rows to be judged."""
    dataset = inspected.dataset
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return
    most, least = int(present[counts[present].argmax()]), int(present[counts[present].argmin()])
    ratio = counts[most] / counts[least]
    rare = np.flatnonzero(np.isin(dataset.labels, [least]))
    if ratio >= UNEVEN:
        share = counts[most] / len(dataset)
        yield Finding(
            "imbalance",
            "warning" if ratio >= VERY_UNEVEN else "info",
            int(counts[most]),
            message(
                "quality.imbalance",
                "'{most}' has {count:,} rows, '{least}' has {fewest:,}. Who always answers '{most}' has an accuracy of "
                "{accuracy:.3f} and a macro-F1 of {macro:.3f}.",
                most=dataset.classes[most],
                least=dataset.classes[least],
                count=int(counts[most]),
                fewest=int(counts[least]),
                accuracy=float(share),
                macro=majority_macro_f1(float(share), len(present)),
            ),
            message(
                "quality.imbalance_advice",
                "Judge by macro-F1 and by the recall of '{least}', not by accuracy; switch on class weights when you train, "
                "or collect more rows of '{least}'. No row has to go.",
                least=dataset.classes[least],
            ),
            capped(rare),
        )
    few = [int(label) for label in present if counts[label] < FEW]
    if few:
        yield Finding(
            "few_rows",
            "warning",
            len(few),
            message(
                "quality.few_rows",
                "Labels with fewer than {few} rows: {count:,} ({labels}).",
                few=FEW,
                count=len(few),
                labels=[dataset.classes[label] for label in few],
            ),
            message(
                "quality.few_rows_advice",
                "A fifth of them makes a test of a handful of rows, whose score says next to nothing. Collect more rows, or "
                "merge the label with another on the Data page.",
            ),
            capped(np.flatnonzero(np.isin(dataset.labels, few))),
        )


def majority_macro_f1(share: float, classes: int) -> float:
    """Macro-F1 of the answer that is always the most frequent label: its F1 is 2s / (s + 1), that of all others 0."""
    return 2 * share / (share + 1) / classes
