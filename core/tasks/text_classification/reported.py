"""Whether a report is that of a model that sorts texts under labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.errors import DataError


def has_labels(report: Mapping[str, Any]) -> bool:
    """Whether a report tells of labels: scores of each, a confusion matrix, accuracy and macro-F1."""
    return "per_class" in report["overall"]


def require_labels(report: Mapping[str, Any]) -> None:
    """Raise the `DataError` that says why a model can't be asked what only labels answer."""
    if not has_labels(report):
        raise DataError(
            "report.no_labels",
            "This model does not give each text one label. Learning curves, repeated trainings and behavioural tests are for "
            "models that do.",
        )
