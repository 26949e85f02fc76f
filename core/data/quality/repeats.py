"""Rows that repeat a text: with the same label, and with another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from core.base.messages import message
from core.data.dataset.row_targets import Rows
from core.data.dataset.same_text import groups_of
from core.data.quality.base import Finding, Fix, Inspected, capped, drop
from core.data.recipe import DropRepeats, RelabelTexts, text_mark


def duplicates(inspected: Inspected) -> Iterator[Finding | float]:
    """Rows whose text and label stand in an earlier row of the same part; equal means equal `text_key`."""
    repeated, texts = repeated_rows(inspected)
    if not len(repeated):
        return
    sentence = message(
        "quality.duplicates",
        "Rows that repeat an earlier row, text and label: {count:,}, of {texts:,} texts.",
        count=len(repeated),
        texts=texts,
    )
    if not inspected.dataset.labelled:
        sentence = message(
            "quality.duplicates_plain",
            "Rows that repeat an earlier row: {count:,}, of {texts:,} texts.",
            count=len(repeated),
            texts=texts,
        )
    yield Finding(
        "duplicates",
        "warning" if len(repeated) > 0.05 * len(inspected.dataset) else "info",
        len(repeated),
        sentence,
        message(
            "quality.duplicates_advice",
            "They count for more in training than other rows, without saying more. Keep the first of each, unless the "
            "repetition itself matters to you. Where the program divides the rows, equal texts stay on one side.",
        ),
        capped(repeated),
        fixes=(
            Fix(
                "drop_repeats",
                message(
                    "quality.duplicates_fix", "Keep the first of each; rows to remove: {count:,}", count=len(repeated)
                ),
                (DropRepeats(),),
            ),
        ),
    )


def repeated_rows(inspected: Inspected) -> tuple[Rows, int]:
    """All but the first of the rows that share text, label (or entities) and part; and of how many texts they are."""
    parts, known = inspected.dataset.splits, inspected.entities or inspected.dataset.labels.tolist()
    repeated: list[int] = []
    texts = 0
    for rows in groups_of(inspected.keys):
        seen: set[tuple[int | str, str]] = set()
        before = len(repeated)
        for row in rows.tolist():
            same = (known[row], parts[row] if parts is not None else "")
            if same in seen:
                repeated.append(row)
            seen.add(same)
        texts += len(repeated) > before
    return np.array(sorted(repeated), dtype=np.int64), texts


def contradictions(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts that carry several labels."""
    dataset = inspected.dataset
    groups = contradictory_groups(inspected)
    if not groups:
        return
    rows = np.concatenate(groups)
    majority: dict[str, str] = {}
    for group in groups:
        (first, most), (_, second) = Counter(dataset.labels[group].tolist()).most_common(2)
        if most > second:
            majority[text_mark(dataset.texts[int(group[0])])] = dataset.classes[first]
    fixes = [
        Fix(
            "drop",
            message("quality.contradictions_drop", "Remove these texts: {count:,}", count=len(groups)),
            (drop(inspected, [int(group[0]) for group in groups], "contradiction"),),
        )
    ]
    if majority:
        fixes.append(
            Fix(
                "majority",
                message(
                    "quality.contradictions_majority",
                    "Give them the label that most of their rows have, where there is one: {count:,}",
                    count=len(majority),
                ),
                (RelabelTexts(labels=majority),),
            )
        )
    yield Finding(
        "contradictions",
        "error" if len(rows) > 0.01 * len(dataset) else "warning",
        len(groups),
        message(
            "quality.contradictions",
            "Texts that carry more than one label: {count:,}, in {rows:,} rows.",
            count=len(groups),
            rows=len(rows),
        ),
        message(
            "quality.contradictions_advice",
            "No classifier can be right on all of them, and in a test they only lower the score. Decide on one label, or "
            "remove them.",
        ),
        capped(rows),
        fixes=tuple(fixes),
    )


def contradictory_groups(inspected: Inspected) -> list[Rows]:
    """Rows that share a text, for each text that has several labels."""
    labels = inspected.dataset.labels
    return [rows for rows in groups_of(inspected.keys) if len(np.unique(labels[rows])) > 1]
