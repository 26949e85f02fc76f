"""Compares a new batch with everything a classifier was trained or tested on before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.label_tree import on_one_path
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.loading.profiling import FINDING_ROWS, ProfileFinding, Severity


@dataclass(frozen=True, eq=False)
class Overlap:
    """A batch against what a classifier has seen before; ascending int64 arrays of the batch's rows.

    Parameters
    ----------
    trained
        Rows whose text was trained on before.
    tested
        Rows whose text is in an earlier frozen test: they must never be trained on.
    relabelled
        Rows whose text had another label before; one above or below it in a tree is none.
    usable
        Rows that may be trained on: all but ``tested``.
    """

    trained: Rows
    tested: Rows
    relabelled: Rows
    usable: Rows
    findings: tuple[ProfileFinding, ...]


def overlap(
    batch: TextDataset,
    known: Mapping[str, Collection[Any]],
    labels: Mapping[Any, Collection[str]] | None = None,
    *,
    keys: Sequence[Any] | None = None,
    spans: bool = False,
) -> Overlap:
    """Compare a batch with everything a classifier was trained or tested on.

    Parameters
    ----------
    known
        Text keys (see `text_key`) of earlier experiences under ``"train"`` and ``"test"``.
    labels
        Text key → names of the labels it had before.
    keys
        Keys of the batch's texts, where the others' keys are not what `text_key` makes.
    spans
        Whether entities are marked in the texts, so that sentences say that.
    """
    keys = [text_key(text) for text in batch.texts] if keys is None else keys
    names = batch.label_names()
    trained, tested = (
        np.array([row for row, key in enumerate(keys) if key in known.get(part, ())], dtype=np.int64)
        for part in ("train", "test")
    )
    before = labels or {}
    relabelled = np.array(
        [
            row
            for row, key in enumerate(keys)
            if key in before and not any(on_one_path(names[row], known) for known in before[key])
        ],
        dtype=np.int64,
    )
    usable = np.setdiff1d(np.arange(len(batch), dtype=np.int64), tested)
    return Overlap(trained, tested, relabelled, usable, _overlap_findings(trained, tested, relabelled, spans=spans))


def _overlap_findings(trained: Rows, tested: Rows, relabelled: Rows, *, spans: bool) -> tuple[ProfileFinding, ...]:
    sentences: tuple[tuple[str, Severity, Rows, Message], ...] = (
        (
            "known_test",
            "warning",
            tested,
            message(
                "data.overlap_test",
                "Rows whose text is in an earlier frozen test: {count:,}. They are never trained on; otherwise that "
                "test would lose its worth.",
                count=len(tested),
            ),
        ),
        (
            "relabelled",
            "warning",
            relabelled,
            _told_otherwise(len(relabelled), spans=spans),
        ),
        (
            "known_train",
            "info",
            trained,
            message(
                "data.overlap_train",
                "Rows whose text was trained on before: {count:,}. They bring nothing new, and learning them again "
                "does no harm.",
                count=len(trained),
            ),
        ),
    )
    return tuple(
        ProfileFinding(kind, severity, sentence, len(rows), tuple(rows[:FINDING_ROWS].tolist()))
        for kind, severity, rows, sentence in sentences
        if len(rows)
    )


def _told_otherwise(count: int, *, spans: bool) -> Message:
    """That something else was said of the same texts before."""
    if spans:
        return message(
            "data.overlap_remarked",
            "Rows in whose text something else was marked before: {count:,}. Either it was corrected, or one of the two is "
            "wrong; look at them before you update.",
            count=count,
        )
    return message(
        "data.overlap_relabelled",
        "Rows whose text had another label before: {count:,}. Either the label was corrected, or one of the two is wrong; "
        "look at them before you update.",
        count=count,
    )
