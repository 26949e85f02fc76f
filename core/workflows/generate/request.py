"""What a person asks of a generator: to be trained, or to go on learning. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from core.base.config import Config, parameter
from core.generation.config import DEFAULT_SIZE
from core.workflows.fields import Dataset, Values


class GenerateRequest(Config):
    """A training, or an update with one more dataset.

    Parameters
    ----------
    action
        ``"train"`` begins from random start, and makes the first version of a new generator or a further one beside the
        old; ``"update"`` goes on from the current version.
    settings
        Settings of `GeneratorConfig` and `LearningConfig`, in place of the preset's; an update takes only those of learning.
    """

    generator: Annotated[str, parameter("Name of the generator.", option="name")]
    dataset: Dataset
    action: Literal["train", "update"] = "train"
    size: Annotated[str, parameter("Preset of the shape; an update keeps the shape that there is.", source="sizes")] = (
        DEFAULT_SIZE
    )
    settings: Values = {}
