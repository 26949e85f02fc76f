"""A stored version on labelled rows of the caller's own: figures only, nothing is kept."""

from __future__ import annotations

from typing import Any

from core.data.dataset.rows import TextDataset
from core.data.loading.label_notes import check_shared
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.tasks import task_of
from core.workflows.versions.label_matching import in_own_words
from core.workflows.workspace import Workspace


def evaluate_version(workspace: Workspace, version: VersionInfo, dataset: TextDataset) -> Any:
    """Score every row by the version's task; a label that the version never learned counts as wrong on all its rows.

    Raises
    ------
    DataError
        When the version knows none of the labels: a score of 0 would say nothing else.
    """
    classifier = load_version(workspace.registry.folder_of(version))
    task = task_of(classifier.task)
    if not task.distribution:
        targets = dataset.label_names()
        task.check(targets)
        values = classifier.compute(dataset.texts)
        return task.report(targets, task.read(classifier, values), classifier.labels, values)
    dataset, match, _ = in_own_words(dataset, classifier.labels)
    check_shared(match, classifier.labels)
    names = dataset.label_names()
    answers = task.judged(task.read(classifier, classifier.compute(dataset.texts)), names)
    return task.report(names, answers, task.outputs(names, tuple(classifier.labels)))
