"""What a person asks for: which groups, of which version, for which answer. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from core.base.config import Config, parameter
from core.base.errors import ConfigError, ModelError
from core.data.dataset.label_sets import labels_of
from core.fairness.choice import By, GroupChoice
from core.tasks.base import Task
from core.workflows.fields import Classifier, Version


class FairnessRequest(Config):
    """A measurement of one version."""

    classifier: Classifier
    version: Version = None
    dataset: Annotated[
        str | None, parameter("A saved dataset to measure on; default: the frozen tests.", source="datasets")
    ] = None
    by: Annotated[By, parameter("Groups by words in the texts, or by a column.")] = "words"
    column: Annotated[str, parameter("A further column of the texts; default: the group column.")] = ""
    positive: Annotated[str, parameter("The label whose answers are compared, such as toxic.")]
    terms: Annotated[str, parameter("The list of words; default: the built-in one of the texts' language.")] = ""
    watch: Annotated[
        bool, parameter("Measure the same groups in every update from now on, and let the gate judge.")
    ] = False

    @property
    def choice(self) -> GroupChoice:
        return GroupChoice(self.by, self.positive, self.column, self.terms)


def require_labels(task: Task) -> None:
    """Raise the `ModelError` that says why groups cannot be compared for a task."""
    if task.reads == "spans":
        raise ModelError(
            "fairness.entities",
            "Fairness compares the answers that texts of different groups get, and a model that marks entities gives none for a "
            "whole text. Cut its tests by words and columns instead, and look at the entities that are missed there.",
        )
    if task.reads not in ("label", "labels"):
        raise ModelError(
            "fairness.no_answers",
            "Fairness compares the answers that texts of different groups get, and this model only goes on with a text.",
        )


def require_positive(positive: str, labels: tuple[str, ...]) -> None:
    """Raise the `ConfigError` that lists the labels where the positive one is none of them."""
    if positive not in labels:
        raise ConfigError(
            "fairness.unknown_label",
            "The version has no label “{positive}”. Choose the label whose answers are compared: {labels}.",
            positive=positive,
            labels=[*labels[:20], *(["…"] if len(labels) > 20 else [])],
        )


def has_positive(task: Task, targets: tuple[str, ...], positive: str) -> list[bool]:
    """Whether each target or answer is the positive label, or has it among its labels."""
    if task.reads_sets:
        return [positive in labels_of(target) for target in targets]
    return [target == positive for target in targets]
