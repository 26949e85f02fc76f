"""A stored version on labelled rows of the caller's own: figures only, nothing is kept."""

from __future__ import annotations

import numpy as np

from core.data.dataset.rows import TextDataset
from core.data.loading.label_notes import check_shared
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.tasks.text_classification.scores import Report, evaluate_predictions
from core.workflows.versions.label_matching import in_own_words
from core.workflows.workspace import Workspace


def evaluate_version(workspace: Workspace, version: VersionInfo, dataset: TextDataset) -> Report:
    """Score every row; a label that the version never learned counts as wrong on all its rows.

    Raises
    ------
    DataError
        When the version knows none of the labels: a score of 0 would say nothing else.
    """
    classifier = load_version(workspace.registry.folder(version.classifier, version.number))
    dataset, match, _ = in_own_words(dataset, classifier.labels)
    check_shared(match, classifier.labels)
    predicted = classifier.predict_proba(dataset.texts).argmax(axis=1)
    names = dataset.label_names()
    classes = tuple(classifier.labels) + tuple(sorted(set(names) - set(classifier.labels)))
    numbers = {name: number for number, name in enumerate(classes)}
    truth = np.array([numbers[name] for name in names], dtype=np.int64)
    return evaluate_predictions(truth, predicted, classes)
