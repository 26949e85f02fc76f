"""What a person asks for when strategies are to be compared on a stream of experiences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from core.base.config import Config, build, distribute, like, parameter, setting
from core.base.errors import ConfigError
from core.continual.methods import FINETUNE, REPLAY, SELF_TRAINING
from core.continual.methods.exact import RIDGE
from core.continual.methods.restarting import JOINT
from core.data.dataset.columns import Targets
from core.networks.architectures.ngrams import NGRAMS
from core.networks.text import TextConfig
from core.tasks import DEFAULT, TASKS, Task, task_of
from core.training import TrainingConfig
from core.workflows.fields import Values
from core.workflows.requests import (
    DataConfig,
    Settings,
    architecture_of,
    check_strategy,
    method_of,
    pairing_remark,
    resolve_settings,
    strategies_for,
)

if TYPE_CHECKING:
    from core.continual.methods import StrategyConfig

Cut = Literal["datasets", "time", "group", "labels"]
LabelOrder = Literal["appearance", "alphabetical", "random"]
FIRST_CHOSEN = (FINETUNE, REPLAY, SELF_TRAINING, JOINT, RIDGE)  # of which those are compared that suit task and model


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
        help="What arrives together: one dataset after the other, or one dataset cut by time, by group, or by labels or types "
        "of entities.",
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
        help="How many labels, or types of entities, arrive together; the last experience gets what is left.",
        bounds=(1, 500),
        step=1,
        group="data",
    )
    label_order: LabelOrder = setting(
        "appearance",
        label="Order of labels",
        help="Which labels or types of entities come first: those that stand first in the dataset, in alphabetical order, or "
        "drawn at random.",
        group="data",
    )
    order_seed: int = setting(
        0,
        label="Seed of the order",
        help="Chooses the random order of labels, and which texts bring which types of entities; the same seed, the same stream.",
        bounds=(0, 1_000_000),
        step=1,
        group="data",
        advanced=True,
    )
    strategies: Annotated[list[str], parameter("What is compared.", source="strategies")]
    task: Annotated[
        str,
        parameter(
            "What the models are for; default: what the datasets hold, of a file one label a text.", source="tasks"
        ),
    ] = ""
    model: Annotated[
        str, parameter("Architecture; default: ngrams, or else the first that the task has.", source="models")
    ] = ""
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


class TypesConfig(Config):
    """The same two questions where names are types of entities, as a form asks them."""

    types_per_experience: int = like(
        CompareRequest,
        "labels_per_experience",
        label="New types per experience",
        help="How many types of entities arrive together; the last experience gets what is left.",
    )
    type_order: LabelOrder = like(
        CompareRequest,
        "label_order",
        label="Order of types",
        help="Which types come first: those that stand first in the dataset, in alphabetical order, or drawn at random.",
    )


@dataclass(frozen=True)
class ResolvedComparison:
    """A request whose settings are checked.

    Parameters
    ----------
    model
        The architecture that all strategies train.
    settings
        Shared by all strategies; its seed is the first one.
    own
        Strategy → its own settings, in the requested order.
    """

    model: str
    settings: Settings
    own: dict[str, StrategyConfig]


def task_for(kind: Targets) -> Task:
    """What models compared on datasets of a kind are for; where no task suits it, that of labels, which says what is missing."""
    return next((task for task in TASKS.values() if task.comparable and task.reads == kind), TASKS[DEFAULT])


def task_named(name: str) -> Task:
    """The task of this name, or a `ConfigError` where there is none, or its strategies cannot be compared."""
    task = task_of(name)
    if not task.comparable:
        raise ConfigError(
            "compare.task",
            "Strategies cannot be compared for the task '{task}'. They can for: {known}.",
            task=name,
            known=[known for known, each in TASKS.items() if each.comparable],
        )
    return task


def first_model(task: Task) -> str:
    """The model that is compared where none is named."""
    return NGRAMS.name if NGRAMS.name in task.networks() else next(iter(task.networks()))


def first_strategies(task: Task) -> list[str]:
    """What a comparison begins with where nothing was chosen yet."""
    model = first_model(task)
    fitting = strategies_for(task, model)
    names = [method.name for method in FIRST_CHOSEN if method.name in fitting]
    return [name for name in names if pairing_remark(model, name, task) is None]


def resolve_comparison(request: CompareRequest, task: Task) -> ResolvedComparison:
    """Check everything that can be checked without data.

    Raises
    ------
    ConfigError
        When there is no such model, strategy or setting, none is chosen, one does not suit the task, or a value is out of range.
    """
    names = list(dict.fromkeys(request.strategies))
    if not names:
        raise ConfigError("compare.no_strategy", "No strategy is chosen. Choose at least one to compare.")
    own = {name: method_of(name).config_class for name in names}
    model = request.model or first_model(task)
    shared = (architecture_of(model, task).config_class, TextConfig, TrainingConfig, DataConfig)
    for name in names:
        check_strategy(name, task, model)
    parts = distribute(request.settings, *own.values(), *shared)
    built = {name: build(own[name], values) for name, values in zip(own, parts, strict=False)}
    common: Mapping[str, Any] = {name: value for part in parts[len(own) :] for name, value in part.items()}
    return ResolvedComparison(model, resolve_settings(model, common, task), built)
