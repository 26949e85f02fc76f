"""What is to be said of a dataset's labels, in sentences: spellings, names of what is missing, a classifier's own labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.label_spelling import LabelMatch, looks_missing, match_labels, pairs_of, suggested_merges
from core.data.dataset.label_tree import circle_in
from core.data.dataset.rows import TextDataset

SHOWN = 8  # labels or pairs named in a sentence


def label_counts(dataset: TextDataset) -> dict[str, int]:
    """Label → rows, in the order of the classes; labels without rows are among them."""
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes)).tolist()
    return dict(zip(dataset.classes, counts, strict=True))


def merges_of(dataset: TextDataset, known: Sequence[str] = ()) -> dict[str, str]:
    """Labels of a dataset that are probably spellings of another → that one; see `suggested_merges`."""
    return suggested_merges(label_counts(dataset), known)


def match_of(dataset: TextDataset, known: Sequence[str]) -> LabelMatch:
    """The labels of a batch against those that a classifier knows."""
    return match_labels(label_counts(dataset), known)


def label_notes(dataset: TextDataset, match: LabelMatch | None = None) -> list[Message]:
    """Everything that is worth saying of the labels themselves.

    Parameters
    ----------
    match
        The match of the dataset's labels with a classifier's, where it is a batch for one.
    """
    counts = label_counts(dataset)
    merges = suggested_merges(counts) if match is None else match.among
    notes = match_notes(match) if match is not None else []
    if merges:
        notes.append(spellings_note(merges))
    missing = [label for label, rows in counts.items() if rows and looks_missing(label)]
    if missing:
        notes.append(missing_note(missing, sum(counts[label] for label in missing)))
    if circle := circle_in(counts):
        notes.append(circle_note(circle))
    return notes


def read_note(respelled: Mapping[str, str]) -> Message:
    """Labels that were read as others, beyond doubt."""
    return message(
        "spelling.read",
        "Labels that are written in another way, and read as what they mean: {count:,} ({pairs}).",
        count=len(respelled),
        pairs=_some(pairs_of(respelled)),
    )


def spellings_note(merges: Mapping[str, str]) -> Message:
    """Labels that are probably spellings of fewer."""
    meant = set(merges.values())
    return message(
        "spelling.likely",
        "{count:,} labels are spellings of {meant:,}: {pairs}. As they stand, each is learned and measured as a label of its "
        "own; merge them.",
        count=len(meant | set(merges)),
        meant=len(meant),
        pairs=_some(pairs_of(merges)),
    )


def missing_note(labels: Sequence[str], rows: int) -> Message:
    """Labels that look as if there were none."""
    return message(
        "spelling.missing",
        "Labels that look like missing values: {labels}; rows that carry them: {count:,}. A classifier would learn to answer "
        "them; leave these rows out unless that is meant.",
        labels=_some(labels),
        count=rows,
    )


def circle_note(names: Sequence[str]) -> Message:
    """Names of labels that stand below each other in a circle."""
    return message(
        "labels.circle_read",
        "Labels stand below each other in a circle: {labels}. Each is learned below the one that it is written under; if one is "
        "the wrong way round, rename it.",
        labels=_some(names),
    )


def merged_note(merges: Mapping[str, str]) -> Message:
    """Labels that were merged because that was asked for."""
    return message("spelling.merged", "Labels merged, as asked: {pairs}.", pairs=_some(pairs_of(merges)))


def matched_note(same: Mapping[str, str]) -> Message:
    """Labels of a batch that were taken for a classifier's own."""
    return message(
        "spelling.matched",
        "Labels that the classifier writes in another way were taken for its own: {pairs}.",
        pairs=_some(pairs_of(same)),
    )


def doubtful_note(likely: Mapping[str, str]) -> Message:
    """Labels of a batch that are probably spellings of a classifier's own, and count as new ones for now."""
    return message(
        "spelling.doubtful",
        "Labels that look like spellings of labels that the classifier knows: {pairs}. As they stand they count as other "
        "labels; merge them if they mean the same.",
        pairs=_some(pairs_of(likely)),
    )


def match_notes(match: LabelMatch) -> list[Message]:
    """What is to be said of a batch's labels against a classifier's."""
    notes = [matched_note(match.same)] if match.same else []
    return [*notes, doubtful_note(match.likely)] if match.likely else notes


def check_shared(match: LabelMatch, known: Sequence[str]) -> None:
    """Raise `DataError` where no label of a table is one that a classifier knows: a score would only say that."""
    if match.shared or match.same:
        return
    labels = [*match.likely, *match.new]
    if match.likely:
        raise DataError(
            "spelling.none_shared_likely",
            "None of this table's labels ({labels}) is one that the classifier knows ({known}), so nothing can be measured. "
            "They look like spellings of them ({pairs}): merge them, or correct the file.",
            labels=_some(labels),
            known=_some(known),
            pairs=_some(pairs_of(match.likely)),
        )
    raise DataError(
        "spelling.none_shared",
        "None of this table's labels ({labels}) is one that the classifier knows ({known}), so nothing can be measured. "
        "Choose the column that holds these labels, rename the labels, or choose another classifier.",
        labels=_some(labels),
        known=_some(known),
    )


def _some(names: Sequence[str]) -> list[str]:
    """The first of a list for a sentence, and that there are more."""
    return [*names[:SHOWN], "…"] if len(names) > SHOWN else list(names)
