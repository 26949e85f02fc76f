"""The rows that fairness is measured on, with their truth and a version's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.fairness.rates import Judged
from core.tasks.base import Task
from core.workflows.fairness.request import has_positive
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import values_of
from core.workflows.versions.label_matching import in_own_words
from core.workflows.versions.slicing import rows_of_tests
from core.workflows.workspace import Workspace


@dataclass(frozen=True, eq=False)
class FairnessRows:
    """Texts with the values of their group column (``""`` where there is none), truth and answers."""

    texts: tuple[str, ...]
    groups: tuple[str, ...]
    judged: Judged


def judged_answers(
    task: Task,
    truth: Sequence[str],
    answers: Sequence[str],
    outputs: Sequence[str],
    positive: str,
    values: NDArray[Any] | None = None,
) -> Judged:
    """Rows seen as the positive label against all others; ``values`` are probabilities, ``(rows, outputs)``."""
    probability = None
    if values is not None and task.activation and values.shape[1] == len(outputs):
        probability = np.asarray(values[:, list(outputs).index(positive)], dtype=np.float64)
    right = np.array([name == answer for name, answer in zip(truth, answers, strict=True)], dtype=bool)
    true, given = (np.array(has_positive(task, tuple(names), positive), dtype=bool) for names in (truth, answers))
    return Judged(true, given, right, probability)


def rows_of_frozen_tests(folder: VersionFolder, workspace: Workspace, positive: str) -> FairnessRows:
    """All frozen tests, with the answers as they were stored."""
    numbers = [record.number for record in folder.experiences()]
    tables = [folder.predictions(number) for number in numbers]
    rows = rows_of_tests(folder, workspace.datasets, numbers)
    truth, answers = ([str(name) for table in tables for name in table[side]] for side in ("truth", "predicted"))
    values = np.concatenate([values_of(table) for table in tables])
    judged = judged_answers(folder.task, truth, answers, folder.outputs, positive, values)
    return FairnessRows(tuple(rows.texts), tuple(rows.groups), judged)


def rows_of_dataset(
    engine: Any, folder: VersionFolder, workspace: Workspace, identity: str, positive: str
) -> FairnessRows:
    """The labelled rows of a stored dataset, answered now.

    Raises
    ------
    DataError
        Where there is no such dataset, or it has no labelled row.
    """
    dataset, task = workspace.datasets.load(identity), folder.task
    if task.distribution:
        dataset, _, _ = in_own_words(dataset, list(folder.outputs))
    labelled = np.flatnonzero([bool(name) for name in dataset.label_names()])
    if not len(labelled):
        raise DataError(
            "fairness.no_labels",
            "No row of this dataset has a label, so it cannot be told which answers are mistakes. Choose a labelled dataset.",
        )
    rows = dataset.take(labelled)
    truth, values = rows.label_names(), engine.compute(rows.texts)
    answers = task.judged(task.read(engine, values), truth)
    judged = judged_answers(task, truth, answers, folder.outputs, positive, np.asarray(values))
    return FairnessRows(tuple(rows.texts), tuple(rows.groups or [""] * len(rows)), judged)
