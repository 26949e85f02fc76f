"""What a person asks for when strategies are to be compared on a stream of experiences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from core.base.config import Config, build, distribute, parameter, setting
from core.base.errors import ConfigError
from core.networks.text import TextConfig
from core.training import TrainingConfig
from core.workflows.fields import Model, Values
from core.workflows.requests import DataConfig, Settings, architecture_of, method_of, resolve_settings

if TYPE_CHECKING:
    from core.continual.methods import StrategyConfig

Cut = Literal["datasets", "time", "group", "labels"]
LabelOrder = Literal["appearance", "alphabetical", "random"]


class CompareRequest(Config):
    """Strategies on one stream, each with several seeds.

    Parameters
    ----------
    settings
        Settings of model, text, training, data and any of the strategies, flat; ``seed`` is the first of the seeds.
    """

    name: Annotated[str, parameter("Shown in lists; default: made of the datasets' names.")] = ""
    datasets: Annotated[
        list[str],
        parameter(
            "Saved datasets in the order in which they are learned; a single one is enough unless each is an experience.",
            source="datasets",
        ),
    ]
    experience: Cut = setting(
        "datasets",
        label="An experience is",
        help="What arrives together: one dataset after the other, or one dataset cut by time, by group or by labels.",
        option="cut",
        group="data",
    )
    periods: int = setting(
        4,
        label="Periods",
        help="Into how many periods of equal length the time column is cut. Periods without rows are left out.",
        bounds=(2, 50),
        step=1,
        group="data",
    )
    labels_per_experience: int = setting(
        1,
        label="New labels per experience",
        help="How many labels arrive together; the last experience gets what is left.",
        bounds=(1, 500),
        step=1,
        group="data",
    )
    label_order: LabelOrder = setting(
        "appearance",
        label="Order of labels",
        help="Which labels come first: those that stand first in the dataset, in alphabetical order, or drawn at random.",
        group="data",
    )
    order_seed: int = setting(
        0,
        label="Seed of the order",
        help="Chooses the random order of labels; the same seed gives the same order.",
        bounds=(0, 1_000_000),
        step=1,
        group="data",
        advanced=True,
    )
    strategies: Annotated[list[str], parameter("What is compared.", source="strategies")]
    model: Model = "ngrams"
    seeds: int = setting(
        3,
        label="Seeds",
        help="How often each strategy is run, each time with another seed. Three show how much is chance.",
        bounds=(1, 10),
        step=1,
        group="optimisation",
    )
    jobs: int = setting(
        0,
        label="Processes",
        help="How many runs are computed at the same time. 0 takes as many as there are processor cores.",
        bounds=(0, 64),
        step=1,
        group="optimisation",
        advanced=True,
    )
    settings: Values = {}


@dataclass(frozen=True)
class ResolvedComparison:
    """A request whose settings are checked.

    Parameters
    ----------
    settings
        Shared by all strategies; its seed is the first one.
    own
        Strategy → its own settings, in the requested order.
    """

    settings: Settings
    own: dict[str, StrategyConfig]


def resolve_comparison(request: CompareRequest) -> ResolvedComparison:
    """Check everything that can be checked without data.

    Raises
    ------
    ConfigError
        When there is no such model, strategy or setting, none is chosen, or a value is out of range.
    """
    names = list(dict.fromkeys(request.strategies))
    if not names:
        raise ConfigError("compare.no_strategy", "No strategy is chosen. Choose at least one to compare.")
    own = {name: method_of(name).config_class for name in names}
    shared = (architecture_of(request.model).config_class, TextConfig, TrainingConfig, DataConfig)
    parts = distribute(request.settings, *own.values(), *shared)
    built = {name: build(own[name], values) for name, values in zip(own, parts, strict=False)}
    common: Mapping[str, Any] = {name: value for part in parts[len(own) :] for name, value in part.items()}
    return ResolvedComparison(resolve_settings(request.model, common), built)
