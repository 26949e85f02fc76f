"""Texts that are nearly the same within one part: repetitions with the same label, doubts with another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.base.messages import message
from core.data.dataset.row_targets import Rows
from core.data.quality.base import FINDING_ROWS, Finding, Fix, Inspected, drop, marks_of
from core.data.quality.leakage import like_row
from core.data.quality.nearness import Nearness, near_texts
from core.data.recipe import DropTexts

Pairs = list[tuple[int, int]]


def near_duplicates(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts that differ from another in case, spacing, punctuation or a word or two."""
    nearness = yield from near_texts(inspected)
    same, different = near_pairs_by_label(inspected, nearness)
    if same:
        yield _repeats(inspected, same, nearness)
    if different:
        yield _contradictions(inspected, different, nearness)


def near_pairs_by_label(inspected: Inspected, nearness: Nearness) -> tuple[Pairs, Pairs]:
    """Pairs of first rows of near texts: with a label in common and in the same part, and with no label in common."""
    labels, parts = inspected.dataset.labels, inspected.dataset.splits
    same: Pairs = []
    different: Pairs = []
    for text, other in nearness.inside():
        rows = nearness.rows(text), nearness.rows(other)
        first, second = sorted((int(rows[0][0]), int(rows[1][0])))
        if set(labels[rows[0]].tolist()).isdisjoint(labels[rows[1]].tolist()):
            different.append((first, second))
        elif parts is None or parts[first] == parts[second]:
            same.append((first, second))
    return sorted(same), sorted(different)


def superfluous(pairs: Sequence[tuple[int, int]]) -> Rows:
    """All but the first row of each cluster that the pairs make; ascending."""
    return np.array(sorted(row for row, first in _clusters(pairs).items() if first != row), dtype=np.int64)


def _clusters(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Row → the first row of the cluster that the pairs make of it."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        parent.setdefault(row, row)
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for row, other in pairs:
        low, high = sorted((root(row), root(other)))
        parent[high] = low
    return {row: root(row) for row in list(parent)}


def _repeats(inspected: Inspected, pairs: Pairs, nearness: Nearness) -> Finding:
    rows, listed = superfluous(pairs), _listed(pairs)
    fix = message("quality.near_duplicates_fix", "Keep the first of each; texts to remove: {count:,}", count=len(rows))
    step = DropTexts(marks=marks_of(inspected, rows), reason="duplicate")
    sentence = message(
        "quality.near_duplicates",
        "Texts that are nearly the same as an earlier one with the same label: {count:,}.",
        count=len(rows),
    )
    if not inspected.dataset.labelled:
        sentence = message(
            "quality.near_duplicates_plain",
            "Texts that are nearly the same as an earlier one: {count:,}.",
            count=len(rows),
        )
    return Finding(
        "near_duplicates",
        "info",
        len(rows),
        sentence,
        message(
            "quality.near_duplicates_advice",
            "They differ in case, spacing, punctuation or a few words. When the rows are divided, one may fall into "
            "training and its twin into the test: remove them where they are copies, keep them where people do write so.",
        ),
        tuple(listed),
        notes=tuple(map(like_row, listed.values())),
        fixes=(Fix("drop", fix, (step,)),),
        seen=nearness.seen,
    )


def _contradictions(inspected: Inspected, pairs: Pairs, nearness: Nearness) -> Finding:
    rows, listed = sorted({row for pair in pairs for row in pair}), _listed(pairs)
    fix = message("quality.near_contradictions_fix", "Remove all of these texts: {count:,}", count=len(rows))
    return Finding(
        "near_contradictions",
        "warning",
        len(pairs),
        message(
            "quality.near_contradictions",
            "Pairs of texts that are nearly the same and carry different labels: {count:,}.",
            count=len(pairs),
        ),
        message(
            "quality.near_contradictions_advice",
            "A single word may turn the meaning, so look before you decide: where the difference is only spelling, one of "
            "the two labels is wrong.",
        ),
        tuple(listed),
        notes=tuple(map(like_row, listed.values())),
        fixes=(Fix("drop", fix, (drop(inspected, rows, "contradiction"),)),),
        seen=nearness.seen,
    )


def _listed(pairs: Pairs) -> dict[int, int]:
    """Each row of the pairs once → the first row that it is like; rows of a cluster stand together."""
    like: dict[int, int] = {}
    for first, second in pairs:
        like.setdefault(first, second)
        like.setdefault(second, first)
    clusters = _clusters(pairs)
    ordered = sorted(like, key=lambda row: (clusters[row], row))
    return {row: like[row] for row in ordered[:FINDING_ROWS]}
