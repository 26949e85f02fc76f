"""What a person asks of the same training several times. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from core.base.config import Config, parameter, setting
from core.workflows.fields import Classifier, Version


class CurveRequest(Config):
    """Accuracy against the number of rows learned from."""

    classifier: Classifier
    version: Version = None
    runs: Annotated[int, parameter("How often each share is learned; 0 stands for as many as time allows.")] = 0


class FoldsConfig(Config):
    """How often, and what changes from run to run."""

    repeat_by: Literal["folds", "seeds"] = setting(
        "folds",
        label="What changes",
        help="Folds: each run holds out another part of the rows. Seeds: always the same part, with other random numbers while "
        "learning.",
        option="by",
    )
    repeat_runs: int = setting(
        5,
        label="Runs",
        help="With folds, also the number of parts. More take longer and tell more.",
        bounds=(2, 20),
        step=1,
        option="runs",
    )


class FoldsRequest(FoldsConfig):
    """Of which version."""

    classifier: Classifier
    version: Version = None
