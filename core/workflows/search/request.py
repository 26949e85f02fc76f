"""What a person asks of a search. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Any

from core.base.config import Config, parameter, setting
from core.workflows.fields import Dataset, Model, Values


class SearchConfig(Config):
    """How long a search goes on."""

    search_minutes: int = setting(
        10,
        label="Minutes",
        help="The search ends after so much time; a trial that is not done by then does not count. "
        "The defaults are always tried to their end.",
        bounds=(1, 480),
        step=1,
        scale="log",
        group="optimisation",
        option="minutes",
    )
    search_trials: int = setting(
        0,
        label="Trials at most",
        help="0 stands for as many as the time allows.",
        bounds=(0, 1000),
        step=1,
        group="optimisation",
        advanced=True,
        option="trials",
    )
    search_seed: int = setting(
        0,
        label="Seed of the search",
        help="Chooses which settings are tried. Every trial itself learns with the same seed, so that luck counts little.",
        bounds=(0, 1_000_000),
        step=1,
        group="optimisation",
        advanced=True,
        option="seed",
    )


class SearchRequest(Config):
    """What is searched on which dataset.

    Parameters
    ----------
    settings
        Settings that differ from the model's defaults in every trial, the first one included.
    """

    dataset: Dataset
    model: Model
    searched: Annotated[
        list[str],
        parameter(
            "Which settings; default: the model's sizes and dropout, and the common ones of learning.", option="vary"
        ),
    ] = []
    settings: Values = {}
    search: Annotated[dict[str, Any], parameter("How long the search goes on.", values_of=SearchConfig)] = {}
