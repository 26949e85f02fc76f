"""Fields that requests have in common, each with its help told once."""

from __future__ import annotations

from typing import Annotated, Any

from core.base.config import Config, parameter

Classifier = Annotated[str, parameter("Name of the classifier.")]
Version = Annotated[int | None, parameter("Number of the version; default: the champion.")]
Dataset = Annotated[str, parameter("A saved dataset, by name or id.", source="datasets")]
Model = Annotated[str, parameter("Architecture.", source="models")]
Values = Annotated[dict[str, Any], parameter("Settings by name, such as epochs=3.", option="set")]


class VersionOf(Config):
    """One version of a classifier."""

    classifier: Classifier
    version: Version = None
