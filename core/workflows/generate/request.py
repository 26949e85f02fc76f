"""What a person asks of a generator: to be trained, or to go on learning. Imports no torch."""

from __future__ import annotations

from typing import Any, Literal

from core.base.config import Config
from core.generation.config import DEFAULT_SIZE


class GenerateRequest(Config):
    """A training, or an update with one more dataset.

    Parameters
    ----------
    action
        ``"train"`` begins from random start, and makes the first version of a new generator or a further one beside the
        old; ``"update"`` goes on from the current version.
    size
        Preset of the shape (`core.generation.config.SIZES`); an update keeps the shape that there is.
    settings
        Settings of `GeneratorConfig` and `LearningConfig`, in place of the preset's; an update takes only those of learning.
    """

    generator: str
    dataset: str
    action: Literal["train", "update"] = "train"
    size: str = DEFAULT_SIZE
    settings: dict[str, Any] = {}
