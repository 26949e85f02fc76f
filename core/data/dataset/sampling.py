"""Fewer training rows of a division, where there is no time for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.base.messages import message
from core.data.dataset.splitting import Split

KEPT_OF_A_LABEL = 5  # rows


def with_fewer_rows(split: Split, most: int | None, labels: Sequence[str], seed: int) -> Split:
    """At most so many training rows, taken by chance, with the first few of every label; the others are set aside.

    Parameters
    ----------
    labels
        Of all rows that were divided.
    """
    if most is None or most >= len(split.train):
        return split
    seen: Counter[str] = Counter()
    order = np.random.default_rng(seed).permutation(split.train)
    later = []
    for row in order.tolist():
        seen[labels[row]] += 1
        later.append(seen[labels[row]] > KEPT_OF_A_LABEL)
    order = order[np.argsort(later, kind="stable")]
    finding = message(
        "train.sampled",
        "It learned from {rows:,} of {all:,} training rows, taken by chance, to save time.",
        rows=most,
        all=len(split.train),
    )
    return replace(
        split,
        train=np.sort(order[:most]),
        set_aside=np.union1d(split.set_aside, order[most:]),
        findings=(*split.findings, finding),
    )
