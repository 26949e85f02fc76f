"""Divides rows into folds of equal size for cross-validation: what shares a text or a group stays in one fold, and each label
is spread evenly. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import key_numbers, units_of


def make_folds(
    texts: Sequence[str], labels: Rows, groups: Sequence[str] | None, count: int, *, seed: int = 0
) -> list[Rows]:
    """Row numbers of each fold, ascending; together they are all rows, and the same seed gives the same folds.

    Large units are placed first, each in the fold that has fewest rows of its most frequent label (of equals, fewest rows). A
    fold is empty only when there are fewer units than folds.
    """
    generator = np.random.default_rng(seed)
    unit = units_of(key_numbers(texts), groups)
    units = np.split(np.argsort(unit, kind="stable"), np.cumsum(np.bincount(unit))[:-1]) if len(unit) else []
    units = sorted((units[index] for index in generator.permutation(len(units))), key=len, reverse=True)
    have = np.zeros((count, int(labels.max(initial=-1)) + 1), dtype=np.int64)
    folds: list[list[int]] = [[] for _ in range(count)]
    for rows in units:
        numbers = np.bincount(labels[rows], minlength=have.shape[1])
        label = int(numbers.argmax())
        target = min(range(count), key=lambda index: (have[index, label], len(folds[index])))
        folds[target] += rows.tolist()
        have[target] += numbers
    return [np.sort(np.array(fold, dtype=np.int64)) for fold in folds]
