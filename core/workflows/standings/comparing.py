"""All versions of a classifier on *today's* tests, so that their figures can be compared.

Each version was measured when it was made, on the frozen tests that there were then. Side by side those figures
mislead: a new test that is harder than the old makes an update look like a fall. Today's tests are those of the newest
version in the champion's line (the champion itself or one that was updated from it, unless that was refused or kept
back); every other version answers them too, and every difference is taken on the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.base.errors import RegistryError
from core.base.files import read_json
from core.base.integrity import reading
from core.data.dataset.store import DatasetStore
from core.registry import Registry, VersionInfo
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, Task, task_of
from core.workflows.standings.answers import AnswerStore, TestAnswers, gather
from core.workflows.standings.tests import FrozenRows, experience_records, read_test

Integers = NDArray[np.int64]
Absence = Literal["files", "data", "learned", "waiting"]
_UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class SameTests:
    """What several versions answer to the same rows.

    Parameters
    ----------
    reference
        Number of the version whose frozen tests these are.
    tests
        Number, name and rows of each test.
    task
        What the reference is for; the others are measured by it, too.
    outputs
        Names of the reference's outputs.
    classes
        All targets and answers.
    truth
        Target of each row as a number of ``classes``; all tests one after the other.
    answers
        Version → its answer to each row, −1 where it can't be judged by the row, having learned it.
    absent
        Version → why it isn't among them: its ``"files"`` are gone; the ``"data"`` it learned from were deleted, so
        that nobody knows whether it has seen these rows; it has ``"learned"`` all of them; or it is ``"waiting"`` to be
        asked.
    """

    reference: int
    task: Task
    outputs: tuple[str, ...]
    tests: tuple[tuple[int, str, int], ...]
    classes: tuple[str, ...]
    truth: Integers
    answers: Mapping[int, Integers]
    absent: Mapping[int, Absence]
    _known: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)  # figures: redrawing rows takes time

    @property
    def rows(self) -> int:
        return len(self.truth)

    @property
    def names(self) -> list[str]:
        """What the tests are called."""
        return [name for _, name, _ in self.tests]

    def rows_of(self, version: int) -> int:
        """By how many of the rows a version is judged."""
        return int((self.answers[version] != _UNKNOWN).sum()) if version in self.answers else 0

    def report(self, version: int, test: int | None = None) -> Any:
        """A version's figures over all rows, or those of one test; None where it isn't among them."""
        if version not in self.answers:
            return None
        key = ("report", version, test)
        if key not in self._known:
            rows = self._rows(version, test=test)
            truth, answers = self._names(self.truth[rows]), self._names(self.answers[version][rows])
            outputs = self.classes if self.task.distribution else self.outputs
            self._known[key] = self.task.report(truth, answers, outputs) if len(rows) else None
        return self._known[key]

    def difference(self, before: int, after: int, score: str = "", test: int | None = None) -> Estimate | None:
        """Second minus first on the rows that both are judged by, with its 95 % interval; None where there are none.

        Parameters
        ----------
        score
            Name of one of the task's scores; by default the one that decides.
        """
        score = score or self.task.score.name
        if before not in self.answers or after not in self.answers:
            return None
        key = ("difference", before, after, score, test)
        if key not in self._known:
            truth, old, new = (self._names(column) for column in self.answered(before, after, test))
            self._known[key] = self.task.difference(score, truth, old, new) if truth else None
        difference: Estimate | None = self._known[key]
        return difference

    def answered(self, before: int, after: int, test: int | None = None) -> tuple[Integers, Integers, Integers]:
        """Truth and both versions' answers on the rows that both are judged by; `KeyError` where one isn't among them."""
        rows = self._rows(before, after, test=test)
        return self.truth[rows], self.answers[before][rows], self.answers[after][rows]

    def _names(self, numbers: Integers) -> list[str]:
        return [self.classes[number] for number in numbers.tolist()]

    def _rows(self, *versions: int, test: int | None) -> Integers:
        known = np.all([self.answers[version] != _UNKNOWN for version in versions], axis=0)
        if test is not None:
            numbers = np.repeat([number for number, _, _ in self.tests], [rows for _, _, rows in self.tests])
            known &= numbers == test
        return np.flatnonzero(known)


@dataclass(frozen=True)
class Known:
    """The versions of a classifier, oldest first, the one that serves, and where a version's files lie.

    Parameters
    ----------
    folder
        Raises `RegistryError` where they are gone.
    """

    versions: Sequence[VersionInfo]
    champion: VersionInfo | None
    folder: Callable[[VersionInfo], Path]


def known_to(registry: Registry, classifier: str) -> Known:
    """What a registry says of a classifier."""
    return Known(
        registry.versions(classifier),
        registry.champion(classifier),
        registry.folder_of,
    )


def today(known: Known, home: Path, *, ask: bool = True) -> SameTests | None:
    """All versions of a classifier on today's tests; None where there is no version with its files.

    Parameters
    ----------
    ask
        Whether to run versions on tests that they have not answered yet, which takes as long as it takes; without, such
        versions are absent as ``"waiting"``.
    """
    for reference in _references(known.versions, known.champion):
        try:
            return on_tests_of(known, home, reference, known.versions, ask=ask)
        except (RegistryError, OSError):  # its files are gone: the next best
            continue
    return None


def _references(versions: Sequence[VersionInfo], champion: VersionInfo | None) -> list[VersionInfo]:
    """Whose tests to take, the best first: the newest in the champion's line, then the champion, then the newest of all."""
    line = set() if champion is None else {champion.number}
    for version in versions:  # oldest first, so that a parent comes before its children
        if version.parent in line:
            line.add(version.number)
    standing = [known for known in versions[::-1] if known.number in line and (known == champion or _stands(known))]
    return [*standing, *versions[::-1]]


def _stands(version: VersionInfo) -> bool:
    """Whether a version has served or may yet: the batch of one that was refused or kept back is no test of the others."""
    return not version.refused if version.decision is None else version.decision.promoted


def on_tests_of(
    known: Known, home: Path, reference: VersionInfo, versions: Sequence[VersionInfo], *, ask: bool = True
) -> SameTests:
    """These versions on one version's frozen tests; raises `RegistryError` or `OSError` where that one's files are gone."""
    folder = known.folder(reference)
    tests = [read_test(folder, int(record["number"]), str(record["name"])) for record in experience_records(folder)]
    store, datasets = AnswerStore(home), DatasetStore(home)
    ancestors = _ancestors(reference, known.versions)
    answers: dict[int, dict[str, TestAnswers]] = {
        reference.number: {test.key: TestAnswers(test.predicted) for test in tests}
    }
    absent: dict[int, Absence] = {}
    for version in versions:
        if version.number == reference.number:
            continue
        try:
            answers[version.number] = gather(
                version,
                partial(known.folder, version),
                tests,
                store=store,
                datasets=None if version.number in ancestors else datasets,
                ask=ask,
            )
        except (RegistryError, OSError):
            absent[version.number] = "files"
    with reading(folder, "labels.json"):
        labels = read_json(folder / "labels.json")
    with reading(folder, "config.json"):
        task = task_of(read_json(folder / "config.json").get("task", DEFAULT))
    return _put_together(reference.number, task, tests, labels, answers, absent)


def _ancestors(version: VersionInfo, versions: Sequence[VersionInfo]) -> set[int]:
    parents = {known.number: known.parent for known in versions}
    ancestors: set[int] = set()
    parent = version.parent
    while parent is not None and parent not in ancestors:
        ancestors.add(parent)
        parent = parents.get(parent)
    return ancestors


def _put_together(
    reference: int,
    task: Task,
    tests: Sequence[FrozenRows],
    labels: Sequence[str],
    by_version: Mapping[int, Mapping[str, TestAnswers]],
    absent: dict[int, Absence],
) -> SameTests:
    number = {label: position for position, label in enumerate(labels)} if task.distribution else {}
    for label in (label for test in tests for label in test.truth):
        number.setdefault(label, len(number))
    for answers in by_version.values():  # a version of another line may know labels that the reference does not
        for label in (label for test_answers in answers.values() for label in test_answers.predicted):
            number.setdefault(label, len(number))
    kept: dict[int, Integers] = {}
    for version, answers in by_version.items():
        why = _why_absent(tests, answers)
        if why is None:
            kept[version] = np.concatenate([_numbers(answers[test.key], number) for test in tests])
        else:
            absent[version] = why
    truth = np.array([number[label] for test in tests for label in test.truth], dtype=np.int64)
    shown = tuple((test.number, test.name, len(test)) for test in tests)
    return SameTests(reference, task, tuple(labels), shown, tuple(number), truth, kept, absent)


def _why_absent(tests: Sequence[FrozenRows], answers: Mapping[str, TestAnswers]) -> Absence | None:
    if any(test.key not in answers for test in tests):
        return "waiting"
    learned = [answers[test.key].learned for test in tests]
    if any(rows is None for rows in learned):
        return "data"
    return "learned" if sum(len(rows or ()) for rows in learned) == sum(map(len, tests)) else None


def _numbers(answers: TestAnswers, number: Mapping[str, int]) -> Integers:
    numbers = np.array([number[label] for label in answers.predicted], dtype=np.int64)
    numbers[list(answers.learned or ())] = _UNKNOWN
    return numbers
