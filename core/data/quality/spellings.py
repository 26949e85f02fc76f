"""Labels that are written in several ways, and labels that read like missing values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.base.messages import message
from core.data.dataset.label_spelling import looks_missing
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.loading.label_notes import label_counts, merges_of, missing_note, spellings_note
from core.data.quality.base import Finding, Fix, Inspected, capped
from core.data.recipe import DropLabels, RenameLabels


def label_spellings(inspected: Inspected) -> Iterator[Finding | float]:
    """Labels that are probably spellings of others, with the merge; and those that look as if there were none."""
    yield from _variants(inspected)
    yield from _missing(inspected)


def _variants(inspected: Inspected) -> Iterator[Finding]:
    dataset = inspected.as_written
    merges = merges_of(dataset)
    if not merges:
        return
    rows = _rows_of(dataset, merges)
    sentence = spellings_note(merges)
    yield Finding(
        "label_spellings",
        "warning",
        int(sentence.facts["count"]),
        sentence,
        message(
            "quality.label_spellings_advice",
            "A classifier would have to guess how a label is written today. All other findings look at the labels as if they "
            "were merged.",
        ),
        capped(rows),
        fixes=(
            Fix(
                "merge",
                message("quality.label_spellings_fix", "Merge them; rows that change: {count:,}", count=len(rows)),
                (RenameLabels(names=merges),),
            ),
        ),
    )


def _missing(inspected: Inspected) -> Iterator[Finding]:
    dataset = inspected.as_written
    counts = label_counts(dataset)
    labels = [label for label, rows in counts.items() if rows and looks_missing(label)]
    if not labels:
        return
    rows = _rows_of(dataset, labels)
    fix = Fix(
        "drop_labels",
        message("quality.missing_labels_fix", "Remove these rows: {count:,}", count=len(rows)),
        (DropLabels(labels=tuple(labels)),),
    )
    yield Finding(
        "missing_labels",
        "warning",
        len(rows),
        missing_note(labels, len(rows)),
        message(
            "quality.missing_labels_advice",
            "Programs write such words where a cell was empty. If it is a label of yours, such as 'none' for neither of two "
            "sides, keep it.",
        ),
        capped(rows),
        fixes=(fix,) if len(rows) < len(dataset) else (),
    )


def _rows_of(dataset: TextDataset, labels: Iterable[str]) -> Rows:
    """The rows that carry one of these labels, ascending."""
    wanted = frozenset(labels)
    is_wanted = np.array([label in wanted for label in dataset.classes], dtype=bool)
    return np.flatnonzero(is_wanted[dataset.labels])
