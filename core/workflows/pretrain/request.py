"""What a person asks of a pretraining. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from core.base.config import Config, parameter
from core.training.pretraining.config import SCRATCH
from core.workflows.fields import Dataset, Values


class PretrainRequest(Config):
    """An encoder from unlabelled texts.

    Parameters
    ----------
    dataset
        The stored dataset whose texts are learned; its labels are never looked at.
    settings
        Settings of `core.training.pretraining.config`.
    """

    name: Annotated[str, parameter("Name of the encoder that comes out: afterwards own:NAME.")]
    dataset: Dataset
    start: Annotated[
        str,
        parameter(
            "The encoder that goes on learning: scratch, packaged:…, folder:…, hub:… or own:….",
            option="from",
            source="encoders",
        ),
    ] = SCRATCH
    probe: Annotated[str, parameter("A saved dataset with labels that says whether it helped.", source="datasets")] = ""
    settings: Values = {}
