"""Why something cannot be learned with differential privacy, or not with what was promised before. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.errors import ConfigError
from core.continual.methods import FINETUNE
from core.continual.methods.protecting import LWF
from core.networks.architectures.encoder import ENCODER
from core.tasks import DEFAULT
from core.tasks.base import Task
from core.training.private.budget import Spend
from core.workflows.requests import AUTO, Settings, architecture_of, method_of

LEARNED_BY_STEPS = (
    "ngrams",
    "hashed",
    "transformer",
    "bilstm",
    ENCODER.name,
)  # models whose every row's gradient is known
BY_STEPS = (FINETUNE.name, LWF.name)  # strategies that see rows only through gradients
TUNED = ("frozen", "lora")  # what may learn of an encoder
FEWEST = {"row": 100, "group": 100}  # with fewer, noise would drown what they say
ROUNDING = 1e-6  # of ε


def check_kept(settings: Settings, before: Sequence[Spend], experience_number: int, budget: float | None) -> None:
    """Raise the `ConfigError` of an update that would take back what the version before has promised, or promise too late."""
    privacy = settings.privacy
    if not before:
        if privacy.private and experience_number > 1:
            raise ConfigError(
                "privacy.too_late",
                "This version was learned without noise, and nothing that comes later can take back what it tells of its rows. "
                "Train a new model with differential privacy.",
            )
        return
    if not privacy.private:
        raise ConfigError(
            "privacy.taken_back",
            "This model has promised differential privacy to those it learned from, so its updates keep the promise. Leave the "
            "setting switched on, or train a new model.",
        )
    if budget is not None and privacy.privacy_budget > budget + ROUNDING:
        raise ConfigError(
            "privacy.budget_raised",
            "The privacy budget of this model is {budget}, and was promised: it cannot be raised to {asked}. Train a new model "
            "for a larger one.",
            budget=f"{budget:g}",
            asked=f"{privacy.privacy_budget:g}",
        )
    if privacy.privacy_unit != before[0].unit:
        raise ConfigError(
            "privacy.unit_changed",
            "What this model protects was settled by its first training and stays. Leave 'Whom it protects' as it was.",
        )


def check_private(settings: Settings, model_name: str, strategy_name: str, task: Task) -> None:
    """Raise the `ConfigError` that says why this cannot be learned with differential privacy, and what can."""
    if not settings.privacy.private:
        return
    if task.name != DEFAULT:
        raise ConfigError(
            "privacy.task",
            "Differential privacy is there for models that give each text a single label: only there is it settled what one "
            "row can move. Switch it off for this model.",
        )
    if model_name == AUTO:
        raise no_auto()
    if model_name not in LEARNED_BY_STEPS:
        raise ConfigError(
            "privacy.model",
            "'{model}' cannot be learned with differential privacy: it is solved from its rows as they are, without noise. These "
            "can: {known}.",
            model=model_name,
            known=list(LEARNED_BY_STEPS),
        )
    tuning = getattr(settings.model, "tuning", None)
    if tuning is not None and tuning not in TUNED:
        raise ConfigError(
            "privacy.tuning",
            "With differential privacy, only the head of an encoder can learn (frozen), or its adapters (lora): noise on all of "
            "its millions of weights would leave nothing. Set tuning to one of them.",
        )
    if getattr(settings.own, "class_weights", "none") != "none":
        raise ConfigError(
            "privacy.class_weights",
            "Balanced class weights are counted from the rows, which would tell of them without noise. Set them to none.",
        )
    method = method_of(strategy_name)
    if method.freezes_encoder and not solves(settings, model_name, strategy_name):
        raise ConfigError(
            "privacy.solves_frozen",
            "With differential privacy, '{strategy}' needs an encoder of which nothing but the head learns. Set tuning to "
            "frozen, or choose {known}.",
            strategy=strategy_name,
            known=list(BY_STEPS),
        )
    if not method.freezes_encoder and strategy_name not in BY_STEPS:
        raise ConfigError(
            "privacy.strategy",
            "'{strategy}' keeps rows, or looks at them without noise, which differential privacy does not allow. Choose {known}; "
            "a frozen encoder and hashed n-grams also take ridge, slda or ncm.",
            strategy=strategy_name,
            known=list(BY_STEPS),
        )


def no_auto() -> ConfigError:
    """Why the best of several models cannot be looked for in private rows."""
    return ConfigError(
        "privacy.auto",
        "The automatic choice learns several models from the same rows, and with differential privacy each of them would spend "
        "of the budget. Choose a model: {known}.",
        known=list(LEARNED_BY_STEPS),
    )


def solves(settings: Settings, model_name: str, strategy_name: str) -> bool:
    """Whether the head is solved from one noisy sum over features that no row has shaped, instead of learned step by step."""
    fixed = (
        getattr(settings.model, "tuning", None) == "frozen" or architecture_of(model_name, settings.task).fixed_features
    )
    return method_of(strategy_name).freezes_encoder and fixed


def too_few(units: int, unit: str) -> ConfigError:
    if unit == "group":
        return ConfigError(
            "privacy.too_few_groups",
            "{units:,} groups are too few for differential privacy: the noise that hides any of them would drown the others. It "
            "takes {fewest:,}, and some thousand do well. Protect rows instead, or learn from more groups.",
            units=units,
            fewest=FEWEST[unit],
        )
    return ConfigError(
        "privacy.too_few_rows",
        "{units:,} training rows are too few for differential privacy: the noise that hides any of them would drown the others. "
        "It takes {fewest:,}, and some thousand do well.",
        units=units,
        fewest=FEWEST[unit],
    )
