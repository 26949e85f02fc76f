"""Which rows somebody wants forgotten, and every place of a workspace where they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data import TextDataset, text_key
from core.errors import CoreError, DataError
from core.registry import VersionInfo
from core.workflows.version import PARTS, ExperienceRecord, VersionFolder
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class FoundRows:
    """Rows of one dataset that are to be forgotten.

    Parameters
    ----------
    rows
        Row numbers in the dataset.
    parts
        How many of them were used for what: ``train``, ``validation``, ``test``; the rest was set aside.
    left
        Rows of the dataset that stay.
    """

    dataset: str
    name: str
    rows: np.ndarray
    parts: dict[str, int]
    left: int


@dataclass(frozen=True)
class Found:
    """Everything that a request to forget concerns; nothing has been changed yet.

    Parameters
    ----------
    digests
        Hashes of the texts (`text_digest`): what finds them in memories and in tests whose dataset is gone.
    missing
        Names of datasets that were deleted before: their rows can only be found by their text.
    """

    datasets: tuple[FoundRows, ...]
    digests: frozenset[str]
    missing: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(len(found.rows) for found in self.datasets)


def text_digest(text: str) -> str:
    """A hash that equal texts share (as duplicates are equal), and from which no text can be read."""
    return hashlib.sha256(text_key(text).encode("utf-8", "surrogatepass")).hexdigest()


def groups_of(classifier: str, workspace: Workspace) -> list[str]:
    """All values of the group column in what a classifier learned from, in alphabetical order."""
    found: set[str] = set()
    for _, dataset in _datasets(classifier, workspace):
        found.update(group for group in dataset.groups or () if group)
    return sorted(found)


def find_rows(
    classifier: str, workspace: Workspace, *, groups: Collection[str] = (), texts: Sequence[str] = ()
) -> Found:
    """All rows of these groups, and all rows with one of these texts, in everything a classifier learned from.

    Raises
    ------
    DataError
        When there is none.
    """
    wanted = {text_digest(text) for text in texts}
    groups = set(groups)
    found, digests = [], set(wanted)
    for record, dataset in _datasets(classifier, workspace):
        of_group = [bool(dataset.groups) and dataset.groups[row] in groups for row in range(len(dataset))]  # type: ignore[index]
        rows = [row for row, text in enumerate(dataset.texts) if of_group[row] or text_digest(text) in wanted]
        if rows:
            digests.update(text_digest(dataset.texts[row]) for row in rows)
            found.append(_found(record, dataset, np.array(rows, dtype=np.int64), classifier, workspace))
    remembered = any(digest in digests for digest in _kept_digests(classifier, workspace)) if wanted else False
    if not found and not remembered:
        raise DataError(
            "forget.nothing_found",
            "'{classifier}' has learned from no such rows. Check the spelling: a text must be whole, "
            "a group exactly as in its column.",
            classifier=classifier,
        )
    return Found(tuple(found), frozenset(digests), tuple(_missing(classifier, workspace)))


def versions_of_workspace(workspace: Workspace) -> Iterator[tuple[VersionInfo, VersionFolder]]:
    """Every version of every classifier whose files are there."""
    for one in workspace.registry.classifiers():
        yield from versions_of(one.name, workspace)


def versions_of(classifier: str, workspace: Workspace) -> Iterator[tuple[VersionInfo, VersionFolder]]:
    """Every version of a classifier whose files are there, oldest first."""
    for version in workspace.registry.versions(classifier):
        try:
            yield version, VersionFolder(workspace.registry.folder(classifier, version.number))
        except CoreError:
            continue


def _datasets(classifier: str, workspace: Workspace) -> Iterator[tuple[ExperienceRecord, TextDataset]]:
    """Every dataset of every version of a classifier that is still stored, once."""
    seen: set[str] = set()
    for _, folder in versions_of(classifier, workspace):
        for record in folder.experiences():
            if record.dataset in seen:
                continue
            seen.add(record.dataset)
            try:
                yield record, workspace.datasets.load(record.dataset)
            except DataError:
                continue


def _missing(classifier: str, workspace: Workspace) -> Iterator[str]:
    stored = {dataset.id for dataset in workspace.datasets.list()}
    names = {
        record.dataset: record.name
        for _, folder in versions_of(classifier, workspace)
        for record in folder.experiences()
    }
    yield from (name for identity, name in names.items() if identity not in stored)


def _found(
    record: ExperienceRecord, dataset: TextDataset, rows: np.ndarray, classifier: str, workspace: Workspace
) -> FoundRows:
    used: dict[str, set[int]] = {part: set() for part in PARTS}
    for _, folder in versions_of(classifier, workspace):
        for other in folder.experiences():
            if other.dataset == record.dataset:
                for part in PARTS:
                    used[part].update(folder.rows_of(other.number, part).tolist())
    parts = {part: len(used[part].intersection(rows.tolist())) for part in PARTS}
    return FoundRows(record.dataset, record.name, rows, parts, len(dataset) - len(rows))


def _kept_digests(classifier: str, workspace: Workspace) -> Iterator[str]:
    """Of every text in a memory or a frozen test."""
    for _, folder in versions_of(classifier, workspace):
        memory = folder.load_state().get("memory", {"rows": {}})
        yield from (text_digest(kept[0]) for rows in memory["rows"].values() for kept in rows)
        for record in folder.experiences():
            yield from map(text_digest, folder.predictions(record.number)["text"])
