"""Which rows somebody wants forgotten, and every place of a workspace where they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data import TextDataset, text_key
from core.data.corrections import Corrections
from core.data.labelling import LabellingStore
from core.errors import CoreError, DataError
from core.registry import VersionInfo
from core.workflows.forget_generators import kept_in_generators
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
    texts, groups
        How many were asked for.
    missing_texts, missing_groups
        Which of them are nowhere, by their place in the request, counted from 0.
    """

    datasets: tuple[FoundRows, ...]
    digests: frozenset[str]
    missing: tuple[str, ...]
    texts: int = 0
    groups: int = 0
    missing_texts: tuple[int, ...] = ()
    missing_groups: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return sum(len(found.rows) for found in self.datasets)

    def not_found(self, lines: Sequence[int]) -> dict[str, list[int]]:
        """What is nowhere, as a request and its receipt keep it: no text and no name.

        Parameters
        ----------
        lines
            Of each text that was asked for, its line in the list, counted from 1.
        """
        return {
            "texts": [lines[place] for place in self.missing_texts],
            "groups": [place + 1 for place in self.missing_groups],
        }


def text_digest(text: str) -> str:
    """A hash that equal texts share (as duplicates are equal), and from which no text can be read."""
    return hashlib.sha256(text_key(text).encode("utf-8", "surrogatepass")).hexdigest()


def groups_of(classifier: str, workspace: Workspace) -> list[str]:
    """All values of the group column in what a classifier learned from, in alphabetical order."""
    folders = [folder for _, folder in versions_of(classifier, workspace)]
    learned = _learned(folders, workspace)[0]
    return sorted({group for _, dataset in learned for group in dataset.groups or () if group})


def find_rows(classifier: str, workspace: Workspace, *, groups: Sequence[str] = (), texts: Sequence[str] = ()) -> Found:
    """All rows of these groups, and all rows with one of these texts, in everything a classifier learned from.

    Datasets that these were made of, and others made of those, are searched too: who cleaned a table still has the raw one.

    Raises
    ------
    DataError
        When there is none.
    """
    folders = [folder for _, folder in versions_of(classifier, workspace)]
    learned, missing = _learned(folders, workspace)
    wanted, people = {text_digest(text) for text in texts}, set(groups) - {""}
    digests, unmet = set(wanted), set(wanted)
    met_people: set[str] = set()
    found = []
    relatives = _relatives({record.dataset for record, _ in learned}, workspace)
    for identity, name, dataset in [*((one.dataset, one.name, whole) for one, whole in learned), *relatives]:
        writers = dataset.groups or ("",) * len(dataset)
        of_text = [text_digest(text) for text in dataset.texts]
        rows = [row for row, digest in enumerate(of_text) if digest in wanted or writers[row] in people]
        if rows:
            digests.update(of_text[row] for row in rows)
            met_people.update(writers[row] for row in rows)
            unmet.difference_update(of_text[row] for row in rows)
            found.append(_found((identity, name), len(dataset), np.array(rows, dtype=np.int64), folders))
    if unmet:  # memories, tests and queues may still hold a text whose dataset is gone, or that never was in one
        unmet -= {*_kept_digests(folders), *_waiting_digests(classifier, workspace)}
        unmet -= kept_in_generators(workspace.home, unmet)
    if not found and unmet == wanted:
        raise DataError(
            "forget.nothing_found",
            "'{classifier}' has learned from no such rows. Check the spelling: a text must be whole, "
            "a group exactly as in its column.",
            classifier=classifier,
        )
    return Found(
        tuple(found),
        frozenset(digests),
        missing,
        texts=len(texts),
        groups=len(groups),
        missing_texts=tuple(place for place, text in enumerate(texts) if text_digest(text) in unmet),
        missing_groups=tuple(place for place, group in enumerate(groups) if group not in met_people),
    )


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


def _learned(
    folders: Sequence[VersionFolder], workspace: Workspace
) -> tuple[list[tuple[ExperienceRecord, TextDataset]], tuple[str, ...]]:
    """Every dataset of these versions once, and the names of those that were deleted."""
    records = {record.dataset: record for folder in folders for record in folder.experiences()}
    found, missing = [], []
    for record in records.values():
        try:
            found.append((record, workspace.datasets.load(record.dataset)))
        except DataError:
            missing.append(record.name)
    return found, tuple(missing)


def _relatives(learned: set[str], workspace: Workspace) -> Iterator[tuple[str, str, TextDataset]]:
    """Id, name and rows of every dataset that one of these was made of, or that was made of the same."""
    stored = {one.id: one for one in workspace.datasets.list()}
    links = [(one.id, str(one.source["parent"])) for one in stored.values() if "parent" in one.source]
    family, size = set(learned), 0
    while len(family) > size:
        size = len(family)
        family.update(member for link in links if family.intersection(link) for member in link)
    for identity in sorted(family - learned):
        if identity in stored:
            yield identity, stored[identity].name, workspace.datasets.load(identity)


def _found(place: tuple[str, str], size: int, rows: np.ndarray, folders: Sequence[VersionFolder]) -> FoundRows:
    """How often these rows of a dataset of ``size`` rows (``place``: id and name) were used for what, by any of the versions."""
    used: dict[str, set[int]] = {part: set() for part in PARTS}
    for folder in folders:
        for other in folder.experiences():
            if other.dataset == place[0]:
                for part in PARTS:
                    used[part].update(folder.rows_of(other.number, part).tolist())
    parts = {part: len(used[part].intersection(rows.tolist())) for part in PARTS}
    return FoundRows(*place, rows, parts, size - len(rows))


def _waiting_digests(classifier: str, workspace: Workspace) -> Iterator[str]:
    """Of every text in the classifier's queue of corrections and in the labelling sessions."""
    yield from (text_digest(row.text) for row in Corrections(workspace.home).list(classifier))
    sessions = LabellingStore(workspace.home)
    for session in sessions.list():
        yield from (text_digest(item.text) for item in sessions.items(session.id))


def _kept_digests(folders: Sequence[VersionFolder]) -> Iterator[str]:
    """Of every text in a memory or a frozen test."""
    for folder in folders:
        memory = folder.load_state().get("memory", {"rows": {}})
        yield from (text_digest(kept[0]) for rows in memory["rows"].values() for kept in rows)
        for record in folder.experiences():
            yield from map(text_digest, folder.predictions(record.number)["text"])
