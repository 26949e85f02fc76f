"""What a person asks of an inspection. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from core.base.config import Config, parameter
from core.workflows.fields import Dataset


class InspectRequest(Config):
    """What is looked at."""

    dataset: Dataset
    encoder: Annotated[
        str,
        parameter(
            "A pretrained encoder that the quick model may use to doubt labels: slower, and it finds more.",
            source="encoders",
        ),
    ] = ""
    personal_model: Annotated[
        str,
        parameter(
            "A model of entities that looks for names and addresses, which patterns do not find; it misses some."
        ),
    ] = ""
    personal_types: Annotated[
        list[str],
        parameter("Its types of entities that are personal; by default those called like people and places."),
    ] = []
    seed: Annotated[int, parameter("Seed of samples and folds.")] = 0
