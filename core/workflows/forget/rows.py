"""Which rows somebody wants forgotten, and every place of a workspace where they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.base.errors import CoreError, DataError
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import body_key
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.data.spans.cells import unmarked
from core.registry import VersionInfo
from core.serving.monitor.store import MonitorStore
from core.workflows.versions.folder import PARTS, VersionFolder
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class MatchedRows:
    """Rows of one dataset that are to be forgotten.

    Parameters
    ----------
    rows
        Row numbers in the dataset.
    parts
        Number of them that were used for each purpose: ``train``, ``validation``, ``test``; the rest was set aside.
    """

    dataset: str
    name: str
    rows: np.ndarray
    parts: dict[str, int]
    left: int


@dataclass(frozen=True)
class Matches:
    """Everything that a request to forget concerns; nothing has been changed yet.

    Parameters
    ----------
    digests
        Hashes of the texts (`text_digest`): what finds them in memories and in tests whose dataset is gone.
    missing
        Names of datasets that were deleted before: their rows can only be found by their text.
    texts, groups
        Numbers of texts and of groups that were asked for.
    missing_texts, missing_groups
        Indices, in the request, of those that are nowhere; counted from 0.
    wanted, people
        Hashes of the texts and of the groups that were asked for: what finds their rows in datasets that are made meanwhile.
    corrections, labelling, monitor
        Number of waiting corrections with such a text, of such texts in the labelling sessions, and of those kept from use.
    kept
        Number of texts asked for that stand in no dataset, but in a memory, a frozen test or a language model.
    """

    datasets: tuple[MatchedRows, ...]
    digests: frozenset[str]
    missing: tuple[str, ...]
    texts: int = 0
    groups: int = 0
    missing_texts: tuple[int, ...] = ()
    missing_groups: tuple[int, ...] = ()
    wanted: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    corrections: int = 0
    labelling: int = 0
    monitor: int = 0
    kept: int = 0

    @property
    def rows(self) -> dict[str, list[int]]:
        """Dataset → row numbers."""
        return {matched.dataset: matched.rows.tolist() for matched in self.datasets}

    @property
    def count(self) -> int:
        return sum(len(matched.rows) for matched in self.datasets)

    def not_found(self, lines: Sequence[int]) -> dict[str, list[int]]:
        """What is nowhere, as a request and its receipt keep it: no text and no name.

        Parameters
        ----------
        lines
            Line of each text that was asked for in the list, counted from 1.
        """
        return {
            "texts": [lines[index] for index in self.missing_texts],
            "groups": [index + 1 for index in self.missing_groups],
        }


@dataclass(frozen=True)
class Wanted:
    """What is looked for, by hashes alone.

    Parameters
    ----------
    texts, people
        Hashes of the texts and of the groups that were asked for.
    digests
        Hashes of all texts that are known to be theirs.
    """

    texts: frozenset[str]
    people: frozenset[str]
    digests: frozenset[str] = frozenset()

    def rows_of(self, dataset: TextDataset, same_groups: bool) -> tuple[list[int], list[str]]:
        """Their rows in a dataset, and the digest of each one's text.

        A group has the same name in what a classifier learned from, in what that was made of, and wherever the groups stand in a
        column of the same name (``same_groups``). Elsewhere its rows are those with a text of theirs that nobody else is said
        to have written.
        """
        texts = [text_digest(text) for text in dataset.texts]
        writers = [group_digest(group) if group else "" for group in dataset.groups or ()]
        rows = []
        for row, digest in enumerate(texts):
            theirs = not writers or writers[row] in self.people
            of_group = bool(writers) and theirs and same_groups
            if digest in self.texts or of_group or (theirs and not same_groups and digest in self.digests):
                rows.append(row)
        return rows, [texts[row] for row in rows]


def text_digest(text: str) -> str:
    """A hash that equal texts share (as duplicates are equal), whatever stands in further columns beside them and whether
    entities are marked in them, as in ``[Tim](PER) sleeps``; no text can be read from it.
    """
    return hashlib.sha256(body_key(unmarked(text)[0]).encode("utf-8", "surrogatepass")).hexdigest()


def group_digest(group: str) -> str:
    """The same for the value of a group column, which must be equal to the letter."""
    return hashlib.sha256(b"group:" + group.encode("utf-8", "surrogatepass")).hexdigest()


def groups_of(classifier: str, workspace: Workspace) -> list[str]:
    """All values of the group column in what a classifier learned from, in alphabetical order."""
    groups: set[str] = set()
    for identity in _learned(classifier, workspace)[0]:
        groups.update(group for group in workspace.datasets.load(identity).groups or () if group)
    return sorted(groups)


def find_rows(
    classifier: str, workspace: Workspace, *, groups: Sequence[str] = (), texts: Sequence[str] = ()
) -> Matches:
    """All rows of these groups, and all rows with one of these texts, in the whole workspace.

    Groups are looked for in what the classifier learned from, in the datasets that these were made of, and in others made of
    those: who cleaned a table still has the raw one; and in every dataset whose groups stand in a column of the same name.
    Texts, and the texts of these groups, are looked for in every dataset.

    Raises
    ------
    DataError
        When there is none.
    """
    people = {group_digest(group): group for group in groups if group}
    asked = Wanted(frozenset(map(text_digest, texts)), frozenset(people))
    folders = [folder for _, folder in versions_of_workspace(workspace)]
    datasets, digests, met = [], set(asked.texts), set()
    learned, lost = _learned(classifier, workspace)
    for identity, dataset, rows, of_rows in _located(learned, asked, workspace):
        digests.update(of_rows)
        met.update(of_rows)
        met.update(group_digest(dataset.groups[row]) for row in rows if dataset.groups is not None)
        datasets.append(_found(identity, len(dataset), np.array(rows, dtype=np.int64), folders, workspace))
    unmet, kept = set(asked.texts) - met, set[str]()
    if unmet:  # memories, tests and queues may still hold a text whose dataset is gone, or that never was in one
        kept = unmet & {*_kept_digests(folders)}
        unmet -= {*kept, *_waiting_digests(workspace)}
    if not datasets and unmet == asked.texts:
        raise DataError(
            "forget.nothing_found",
            "'{classifier}' has learned from no such rows. Check the spelling: a text must be whole, "
            "a group exactly as in its column.",
            classifier=classifier,
        )
    return Matches(
        tuple(datasets),
        frozenset(digests),
        lost,
        texts=len(texts),
        groups=len(groups),
        missing_texts=tuple(index for index, text in enumerate(texts) if text_digest(text) in unmet),
        missing_groups=tuple(index for index, group in enumerate(groups) if group_digest(group) not in met),
        wanted=asked.texts,
        people=asked.people,
        kept=len(kept),
        **waiting(workspace.home, lambda text: text_digest(text) in digests),
    )


def waiting(home: Path, is_wanted: Callable[[str], bool]) -> dict[str, int]:
    """How many of these texts wait in queues of corrections, stand in labelling sessions, and were kept from use."""
    sessions = LabellingStore(home)
    items = (item.text for session in sessions.list() for item in sessions.items(session.id))
    return {
        "corrections": sum(map(is_wanted, Corrections(home).texts())),
        "labelling": sum(map(is_wanted, items)),
        "monitor": sum(map(is_wanted, MonitorStore(home).every_text())),
    }


def locate(classifier: str, wanted: Wanted, workspace: Workspace) -> dict[str, list[int]]:
    """Where the rows of a request lie now: dataset → row numbers. Others may have been made since it was asked."""
    learned, _ = _learned(classifier, workspace)
    return {identity: rows for identity, _, rows, _ in _located(learned, wanted, workspace)}


def _located(
    learned: Sequence[str], wanted: Wanted, workspace: Workspace
) -> Iterator[tuple[str, TextDataset, list[int], list[str]]]:
    """Every dataset that holds some of the rows: its id and content, their numbers, and the digests of their texts.

    ``learned`` are the datasets that the classifier learned from.
    """
    relatives = _relatives(set(learned), workspace)
    columns = {info.id: info.roles.group for info in workspace.datasets.list()}
    stored, own = set(columns), {columns[identity] for identity in learned} - {None}
    alike = relatives | {identity for identity, column in columns.items() if column in own}
    digests = set(wanted.digests)
    for identity in [*learned, *sorted((alike & stored) - set(learned)), *sorted(stored - alike)]:
        dataset = workspace.datasets.load(identity)
        looked_for = Wanted(wanted.texts, wanted.people, frozenset(digests))
        rows, of_rows = looked_for.rows_of(dataset, identity in alike)
        if rows:
            digests.update(of_rows)
            yield identity, dataset, rows, of_rows


def versions_of_workspace(workspace: Workspace) -> Iterator[tuple[VersionInfo, VersionFolder]]:
    """Every version of every classifier whose files are there."""
    for classifier in workspace.registry.classifiers():
        yield from versions_of(classifier.name, workspace)


def versions_of(classifier: str, workspace: Workspace) -> Iterator[tuple[VersionInfo, VersionFolder]]:
    """Every version of a classifier whose files are there, oldest first."""
    for version in workspace.registry.versions(classifier):
        try:
            yield version, VersionFolder(workspace.registry.folder_of(version))
        except CoreError:
            continue


def _learned(classifier: str, workspace: Workspace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of every dataset that a classifier learned from, and names of those of them that were deleted."""
    records = {
        record.dataset: record for _, folder in versions_of(classifier, workspace) for record in folder.experiences()
    }
    stored = {info.id for info in workspace.datasets.list()}
    there = tuple(identity for identity in records if identity in stored)
    return there, tuple(record.name for record in records.values() if record.dataset not in stored)


def _relatives(learned: set[str], workspace: Workspace) -> set[str]:
    """These datasets, all that they were made of, and all that was made of the same."""
    links = [(info.id, str(info.source["parent"])) for info in workspace.datasets.list() if "parent" in info.source]
    family, size = set(learned), -1
    while len(family) > size:
        size = len(family)
        family.update(member for link in links if family.intersection(link) for member in link)
    return family


def _found(
    identity: str, size: int, rows: np.ndarray, folders: Sequence[VersionFolder], workspace: Workspace
) -> MatchedRows:
    """How often these rows of a dataset of ``size`` rows were used for what, by any of the versions."""
    used: dict[str, set[int]] = {part: set() for part in PARTS}
    for folder in folders:
        for other in folder.experiences():
            if other.dataset == identity:
                for part in PARTS:
                    used[part].update(folder.rows_of(other.number, part).tolist())
    parts = {part: len(used[part].intersection(rows.tolist())) for part in PARTS}
    return MatchedRows(identity, workspace.datasets.info(identity).name, rows, parts, size - len(rows))


def _waiting_digests(workspace: Workspace) -> Iterator[str]:
    """Of every text in the queues of corrections, in the labelling sessions, and among those kept from use."""
    yield from map(text_digest, MonitorStore(workspace.home).every_text())
    yield from map(text_digest, Corrections(workspace.home).texts())
    sessions = LabellingStore(workspace.home)
    for session in sessions.list():
        yield from (text_digest(item.text) for item in sessions.items(session.id))


def _kept_digests(folders: Collection[VersionFolder]) -> Iterator[str]:
    """Of every text in a memory or a frozen test."""
    for folder in folders:
        yield from map(text_digest, remembered_texts(folder))
        for record in folder.experiences():
            yield from map(text_digest, folder.predictions(record.number)["text"])


def remembered_texts(folder: VersionFolder) -> Iterator[str]:
    """What a version's memory holds."""
    memory = folder.load_state().get("memory", {"rows": {}})
    yield from (str(kept[0]) for rows in memory["rows"].values() for kept in rows)
