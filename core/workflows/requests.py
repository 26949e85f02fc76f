"""What a person asks for: a training or an update, with loose settings that are checked here. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from core.base.config import Config, Setting, build, distribute, parameter, setting, settings_of
from core.base.errors import ConfigError
from core.base.messages import Message, message
from core.base.settings import PartsConfig, ServeConfig
from core.continual.memory import Selection
from core.continual.methods import FINETUNE, REPLAY, SELF_TRAINING, STRATEGIES, Method, StrategyConfig
from core.fairness.checks import check_mitigation
from core.fairness.config import FairnessConfig
from core.fairness.personal import PersonalConfig
from core.networks.architectures import Architecture
from core.networks.architectures.blend import BLEND
from core.networks.text import TextConfig
from core.tasks import DEFAULT, TASKS, task_of
from core.tasks.base import Task, TaskConfig
from core.training import TrainingConfig
from core.training.private.config import PrivacyConfig
from core.workflows.fields import Classifier, Dataset, Values

BLENDED_BY = ("finetune", "replay", "joint")  # what keeps nothing but texts, which the members of a blend can share
PROMISES = (
    PrivacyConfig,
    FairnessConfig,
    PersonalConfig,
)  # what is promised to those whose texts are learned from or answered
AUTO = "auto"  # in place of a model: see `core.workflows.train.auto`; of an update's strategy: `first_strategy`
Promote = Literal["always", "gate", "never"]


class DataConfig(PartsConfig, ServeConfig):
    """How rows are divided, how many are remembered for later updates, and in which arithmetic the version answers."""

    memory_selection: Selection = setting(
        "balanced",
        label="Choice of the memory",
        help="Balanced keeps all rows of rare labels; random is an even sample of all rows; typical keeps, for each label "
        "of each experience, the rows that stand best for it.",
        group="data",
        advanced=True,
    )


class TrainRequest(Config):
    """A first training: a new version of a classifier, from random start.

    Whatever the strategy, the first version is learned alike; the strategy of the updates to come keeps beside it
    what it will need, so that no old row has to be kept for it.
    """

    classifier: Classifier
    dataset: Dataset
    model: Annotated[
        str,
        parameter(
            "Architecture, or auto: the best that there is time for. Entities take crf, bilstm_crf or encoder.",
            source="models",
        ),
    ] = AUTO
    task: Annotated[
        str,
        parameter(
            "What the model is for: a label, several labels, entities such as names, or how a text goes on.",
            source="tasks",
        ),
    ] = DEFAULT
    strategy: Annotated[
        str,
        parameter(
            "What updates will use: stored beside the version is what that needs, so that no old row has to be kept.",
            source="strategies",
        ),
    ] = FINETUNE.name
    settings: Values = {}
    most_rows: Annotated[
        int | None, parameter("Training rows to learn from at most, taken by chance; at first all of them.")
    ] = None


class UpdateRequest(Config):
    """An update: what the base version knows, plus a batch, becomes a candidate version.

    Parameters
    ----------
    tolerance
        Short for ``gate={"tolerance": …}``.
    """

    classifier: Classifier
    dataset: Dataset
    strategy: Annotated[
        str,
        parameter(
            "How it learns without forgetting, or auto: the closed form that the version was learned by, else replay.",
            source="strategies",
        ),
    ] = AUTO
    settings: Values = {}
    tolerance: Annotated[float | None, parameter("Points that an older test may lose; at first 1.")] = None
    gate: Annotated[
        dict[str, Any],
        parameter(
            "Rules of the gate that differ from those last used for this classifier, such as label_tolerance=15 or "
            "check_calibration=no; kept for later updates."
        ),
    ] = {}
    promote: Annotated[Promote, parameter("When the candidate becomes the champion at once.")] = "never"
    base_version: Annotated[int | None, parameter("The version that learns; default: the champion.")] = None

    def gate_changes(self) -> dict[str, Any]:
        """All that this request asks of the gate."""
        return self.gate if self.tolerance is None else {"tolerance": self.tolerance, **self.gate}


@dataclass(frozen=True)
class Settings:
    """What a version is for, and all its settings, checked; ``own`` are the task's."""

    task: Task
    model: Config
    text: TextConfig
    training: TrainingConfig
    data: DataConfig
    own: TaskConfig
    privacy: PrivacyConfig
    fairness: FairnessConfig
    personal: PersonalConfig

    def flat(self) -> dict[str, Any]:
        """Name → value over all of them; `resolve_settings` takes it back."""
        merged: dict[str, Any] = {}
        promises = (self.privacy, self.fairness, self.personal)
        for config in (self.model, self.text, self.training, self.data, self.own, *promises):
            merged |= config.model_dump()
        return merged


def architecture_of(name: str, task: Task = TASKS[DEFAULT]) -> Architecture:
    """The architecture of this name, or a `ConfigError` that lists what there is for the task."""
    known = task.all_networks()
    if name not in known:
        raise ConfigError(
            "config.model",
            "The task '{task}' has no model '{name}'. Its models are: {known}.",
            task=task.name,
            name=name,
            known=list(task.networks()),
        )
    return known[name]


def method_of(name: str) -> Method:
    """The strategy of this name, or a `ConfigError` that lists what there is."""
    if name not in STRATEGIES:
        raise ConfigError(
            "config.strategy",
            "There is no strategy '{name}'. The strategies are: {known}.",
            name=name,
            known=list(STRATEGIES),
        )
    return STRATEGIES[name]


def pairing_remark(model: str, strategy: str, task: Task = TASKS[DEFAULT]) -> Message | None:
    """What speaks against updating a model by a strategy that leaves its features as they are; None where nothing does."""
    if not method_of(strategy).freezes_encoder or architecture_of(model, task).general_features:
        return None
    return message(
        "strategy.features_stay",
        "'{strategy}' leaves what this model sees in a text as the first training made it, so it tells labels that come later "
        "apart badly. It suits hashed n-grams and pretrained encoders; this model learns on better with '{better}'.",
        strategy=strategy,
        better=REPLAY.name,
    )


def first_strategy(report: Mapping[str, Any]) -> str:
    """What the update of a version of this report starts from: the closed form that it was learned by, where that suits the
    model, since its sums go on from there; self-training where targets leave things open; fine-tuning where privacy was
    promised; otherwise replay.
    """
    task, learned_by = task_of(report.get("task", DEFAULT)), report.get("updates_by", report["strategy"])
    if task.leaves_open:
        return SELF_TRAINING.name
    private = report.get("settings", {}).get("private", False)
    if private and not (learned_by in STRATEGIES and STRATEGIES[learned_by].freezes_encoder):
        return FINETUNE.name  # which keeps no row
    if learned_by in STRATEGIES and report["model"] in task.networks() and STRATEGIES[learned_by].freezes_encoder:
        return learned_by if pairing_remark(report["model"], learned_by, task) is None else REPLAY.name
    return REPLAY.name


def setting_classes(task: Task, model: str) -> tuple[type[Config], ...]:
    """The configs that the settings of a model for a task belong to, in the order of `Settings`."""
    return (
        architecture_of(model, task).config_class,
        TextConfig,
        TrainingConfig,
        DataConfig,
        task.config_class,
        *PROMISES,
    )


def known_settings(report: Mapping[str, Any]) -> dict[str, Setting]:
    """All settings that a version of this report has, by name; without those of a model or strategy that there is no more."""
    task = task_of(report.get("task", DEFAULT))
    configs: list[type[Config]] = [TextConfig, TrainingConfig, DataConfig, task.config_class, *PROMISES]
    for kinds, name in ((task.all_networks(), report["model"]), (STRATEGIES, report["strategy"])):
        if name in kinds:
            configs.append(kinds[name].config_class)
    return {setting.name: setting for config in configs for setting in settings_of(config)}


def settings_in_effect(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a version of this report was learned with, by name; without settings that its model does not look at."""
    networks = task_of(report.get("task", DEFAULT)).all_networks()
    idle = networks[report["model"]].without_effect if report["model"] in networks else frozenset()
    values = {**report["settings"], **report["strategy_settings"]}
    return {name: value for name, value in values.items() if name not in idle}


def resolve_settings(model: str, settings: Mapping[str, Any], task: Task = TASKS[DEFAULT]) -> Settings:
    """The model's own defaults, overlaid with these settings, checked.

    Raises
    ------
    ConfigError
        When there is no such model or setting, or a value is out of range.
    """
    configs = setting_classes(task, model)
    parts = distribute({**_defaults(task, model, private=asks_privacy(settings)), **settings}, *configs)
    built: list[Any] = [build(config, values) for config, values in zip(configs, parts, strict=True)]
    return Settings(task, *built)


def asks_privacy(settings: Mapping[str, Any]) -> bool:
    """Whether these settings ask for differential privacy, as a form or a command line writes it."""
    return "private" in settings and build(PrivacyConfig, {"private": settings["private"]}).private


def _defaults(task: Task, model: str, *, private: bool) -> dict[str, Any]:
    """A model's own defaults, without those that are meant for settings of another task."""
    known = {setting.name for config in setting_classes(task, model) for setting in settings_of(config)}
    architecture = architecture_of(model, task)
    defaults = {**architecture.defaults, **(architecture.private_defaults if private else {})}
    return {name: value for name, value in defaults.items() if name in known}


def resolve_update(
    model: str, parent: Mapping[str, Any], strategy: str, settings: Mapping[str, Any], task: Task = TASKS[DEFAULT]
) -> tuple[Settings, StrategyConfig]:
    """The parent version's settings overlaid with an update's, and the strategy's own."""
    kind = method_of(strategy)
    check_strategy(strategy, task, model)
    mine, *rest = distribute(settings, kind.config_class, *setting_classes(task, model))
    merged = {name: value for part in rest for name, value in part.items()}
    resolved = resolve_settings(model, {**parent, **merged}, task)
    check_mitigation(
        resolved.fairness,
        task=task,
        model=architecture_of(model, task),
        method=kind,
        private=resolved.privacy.private,
    )
    return resolved, build(kind.config_class, mine)


def check_strategy(strategy: str, task: Task, model: str) -> None:
    """Raise the `ConfigError` that says why a strategy does not suit a task or a model, and which do."""
    fitting = strategies_for(task, model)
    if strategy in fitting:
        return
    if task.reads == "spans" and STRATEGIES[strategy].freezes_encoder:
        raise ConfigError(
            "config.strategy_solves_texts",
            "The strategy '{strategy}' does not suit this model: it solves for one answer a text, and entities are marked token "
            "by token, each in view of its neighbours. These do: {known}.",
            strategy=strategy,
            known=fitting,
        )
    raise ConfigError(
        "config.strategy_unfit",
        "The strategy '{strategy}' does not suit this model. These do: {known}.",
        strategy=strategy,
        known=fitting,
    )


def hidden_strategies(task: Task) -> Message | None:
    """Why strategies that solve are not offered, where entities are marked; None where they are."""
    if task.reads != "spans":
        return None
    return message(
        "strategies.solve_texts",
        "Strategies in closed form are not offered: they solve for one answer a text, and entities are marked token by token, "
        "each in view of its neighbours.",
    )


def strategies_for(task: Task, model: str = "") -> list[str]:
    """Names of the strategies that suit a task, and where it is named a model."""
    return [
        name
        for name, kind in STRATEGIES.items()
        if (task.distribution or not kind.needs_distribution)
        and (task.probable or not kind.needs_likelihood)
        and (task.activation or not kind.needs_probabilities)
        and (task.foretells or not kind.distils)
        and (task.leaves_open or not kind.fills_in)
        and (model != BLEND.name or name in BLENDED_BY)
    ]
