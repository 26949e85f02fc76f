"""A batch in the words of a classifier: labels that are its own beyond doubt, and those that may be on request."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.dataset.label_spelling import LabelMatch, match_labels
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import StoredDataset
from core.data.loading.label_notes import match_of
from core.data.recipe import RenameLabels
from core.workflows.recipes import save_cleaned
from core.workflows.workspace import Workspace


def in_own_words(
    batch: TextDataset, known: Sequence[str], *, merge: bool = False
) -> tuple[TextDataset, LabelMatch, dict[str, str]]:
    """The batch with the classifier's own spelling of its labels, how they fit, and what was merged on request.

    Parameters
    ----------
    merge
        Also merge labels that are only probably spellings of others.
    """
    match = match_of(batch, known)
    merged = match.doubtful if merge else {}
    renames = {**match.same, **merged}
    if renames:
        batch, _ = RenameLabels(names=renames).apply(batch)
    return batch, match, merged


def adopt(workspace: Workspace, dataset: str, known: Sequence[str]) -> StoredDataset:
    """A saved dataset in the words of a classifier: itself, or one beside it with those labels renamed that are the same."""
    stored = workspace.datasets.info(dataset)
    same = match_labels(stored.classes, known).same
    return save_cleaned(workspace, dataset, [RenameLabels(names=same)]) if same else stored
