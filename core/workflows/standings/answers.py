"""What each version answers to a frozen test: stored with it, kept from the last look, or asked of its file now.

The answers are kept beside the registry (``<home>/answers/<run id>.json``: labels, no texts), since a version's own
files never change. So only what is missing is answered: a new test once by each older version, an old one never again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from core.base.errors import DataError
from core.base.files import read_json
from core.data.dataset.same_text import key_numbers
from core.data.dataset.store import DatasetStore
from core.registry import VersionInfo
from core.registry.records.files import write_record
from core.serving.engines.graphs import load_version
from core.tasks import task_of
from core.workflows.standings.tests import FrozenRows, experience_records, predictions_path, read_test, rows_path

FOLDER = "answers"


@dataclass(frozen=True)
class TestAnswers:
    """A version on one frozen test.

    Parameters
    ----------
    learned
        Numbers of the rows whose texts it was trained on, so that it can't be judged by them; None where nobody knows,
        since a dataset it learned from was deleted.
    """

    predicted: tuple[str, ...]
    learned: tuple[int, ...] | None = ()


class AnswerStore:
    """The answers that were worked out before, of one workspace. The folder can be deleted at any time."""

    def __init__(self, home: Path) -> None:
        self._folder = Path(home) / FOLDER

    def load(self, version: VersionInfo) -> dict[str, TestAnswers]:
        """All that is kept of a version, by the key of the test."""
        try:
            stored = read_json(self._path(version))
            return {key: _from_dict(answers) for key, answers in stored["tests"].items()}
        except (OSError, ValueError, KeyError, TypeError, IndexError):  # missing or damaged: it is answered again
            return {}

    def add(self, version: VersionInfo, answers: Mapping[str, TestAnswers]) -> None:
        """Keep more answers of a version; where nothing can be written, they are worked out again the next time."""
        if not answers:
            return
        with suppress(OSError):  # a workspace that can only be read, or a full disk
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path(version).with_suffix(".lock")):
                kept = {**self.load(version), **answers}
                write_record(self._path(version), {"tests": {key: _to_dict(answers) for key, answers in kept.items()}})

    def remove(self, version: VersionInfo) -> None:
        """Forget the answers of a version that was deleted."""
        self._path(version).unlink(missing_ok=True)
        self._path(version).with_suffix(".lock").unlink(missing_ok=True)

    def _path(self, version: VersionInfo) -> Path:
        name = version.run_id if version.run_id.isalnum() else f"{version.number}-{version.created}".replace(":", "-")
        return self._folder / f"{name}.json"


def _to_dict(answers: TestAnswers) -> dict[str, Any]:
    labels = sorted(set(answers.predicted))
    number = {label: position for position, label in enumerate(labels)}
    learned = None if answers.learned is None else list(answers.learned)
    return {"labels": labels, "predicted": [number[label] for label in answers.predicted], "learned": learned}


def _from_dict(stored: Mapping[str, Any]) -> TestAnswers:
    labels, learned = stored["labels"], stored["learned"]
    predicted = tuple(str(labels[position]) for position in stored["predicted"])
    return TestAnswers(predicted, None if learned is None else tuple(int(row) for row in learned))


def gather(
    version: VersionInfo,
    find_folder: Callable[[], Path],
    tests: Sequence[FrozenRows],
    *,
    store: AnswerStore,
    datasets: DatasetStore | None,
    ask: bool,
) -> dict[str, TestAnswers]:
    """What a version answers to these tests, by the key of the test; what is new is kept for the next time.

    Parameters
    ----------
    find_folder
        Gives the folder of the version's files; asked only where something is missing, since they may be gone.
    datasets
        Datasets in which to look whether the version was trained on rows of a test; None where it can't have been, as its
        descendants' tests were drawn from rows that it never saw.
    ask
        Whether to run the version's file on tests that nobody has asked it before; without, these are left out.
    """
    kept = store.load(version)
    missing = [test for test in tests if test.key not in kept]
    if not missing:
        return {test.key: kept[test.key] for test in tests}
    folder = find_folder()
    own = _own(folder, {test.number for test in missing})
    asked = [test for test in missing if test.key not in own] if ask else []
    predicted = {test.key: own[test.key].predicted for test in missing if test.key in own}
    if asked:
        engine = load_version(folder)  # not the pool's: it would drive out a version that serves
        task = task_of(engine.task)
        predicted |= {
            test.key: tuple(task.judged(task.read(engine, engine.compute(test.texts)), test.truth)) for test in asked
        }
    fresh = {}
    trained = None if datasets is None or not predicted else _trained_on(folder, datasets)
    for test in missing:
        if test.key in predicted:
            learned = () if datasets is None else _learned(test, trained)
            fresh[test.key] = TestAnswers(predicted[test.key], learned)
    store.add(version, fresh)
    known = {**kept, **fresh}
    return {test.key: known[test.key] for test in tests if test.key in known}


def _own(folder: Path, numbers: set[int]) -> dict[str, FrozenRows]:
    """The version's own tests with these numbers, by their keys."""
    tests = [
        read_test(folder, int(record["number"]), str(record["name"]))
        for record in experience_records(folder)
        if record["number"] in numbers and predictions_path(folder, int(record["number"])).exists()
    ]
    return {test.key: test for test in tests}


def _trained_on(folder: Path, datasets: DatasetStore) -> np.ndarray | None:
    """The keys of all texts that a version was trained or validated on; None where a dataset was deleted."""
    keys = [np.zeros(0, dtype=np.uint64)]
    for record in experience_records(folder):
        table = pd.read_parquet(rows_path(folder, int(record["number"])))
        rows = table.loc[table["part"] != "test", "row"].to_numpy(dtype=np.int64)
        try:
            dataset = datasets.load(str(record["dataset"]))
        except DataError:
            return None
        keys.append(key_numbers([dataset.texts[row] for row in rows.tolist()]))
    return np.concatenate(keys)


def _learned(test: FrozenRows, trained: np.ndarray | None) -> tuple[int, ...] | None:
    if trained is None:
        return None
    return tuple(int(row) for row in np.flatnonzero(np.isin(key_numbers(list(test.texts)), trained)))
