"""Whether what is asked for against unequal treatment can be done with a task, a model and a strategy. Imports no torch."""

from __future__ import annotations

import re

from core.base.errors import ConfigError
from core.continual.methods import Method
from core.fairness.config import BY_LOSS, FairnessConfig
from core.fairness.terms import TermGroup, axes_of, parse_terms
from core.networks.architectures import Architecture
from core.networks.architectures.blend import BLEND
from core.tasks.base import Task


def check_mitigation(
    config: FairnessConfig, *, task: Task, model: Architecture, method: Method, private: bool = False
) -> None:
    """Raise the `ConfigError` that says why a mitigation does not suit, and what would.

    Parameters
    ----------
    private
        Whether noise is added for differential privacy, whose promise holds for rows that are learned one by one.
    """
    terms = _check_groups(config)
    if config.mitigation == "none":
        return
    if task.reads not in ("label", "labels"):
        raise ConfigError(
            "mitigation.task",
            "Learning against unequal treatment is for texts with labels, and the task '{task}' has none of a whole text. "
            "Set mitigation to 'none'.",
            task=task.name,
        )
    if config.mitigation in BY_LOSS and not task.distribution:
        raise ConfigError(
            "mitigation.several",
            "'{mitigation}' compares groups among rows of one label, and here a row may have several. These suit: {known}.",
            mitigation=config.mitigation,
            known=["counterfactual", "drop_words"],
        )
    if config.mitigation == "counterfactual" and terms and all(len(own) < 2 for own in axes_of(terms).values()):
        raise ConfigError(
            "mitigation.one_group",
            "Counterfactual texts speak of another group of the same axis, and no axis of the list has a second one. Write two "
            "groups at least, such as 'gender/women: she; gender/men: he'.",
        )
    if model.name == BLEND.name:
        raise ConfigError(
            "mitigation.blend",
            "A blend is made of versions that have learned already, so '{mitigation}' cannot change what it learns. Train its "
            "members with it, or choose another model.",
            mitigation=config.mitigation,
        )
    if config.mitigation != "drop_words" and method.freezes_encoder:
        raise ConfigError(
            "mitigation.closed_form",
            "'{strategy}' solves from sums in which each row counts once, so that rows can be taken away again exactly. Weights, "
            "copies or a further cost, as '{mitigation}' needs them, would break that. Choose '{instead}', or the strategy "
            "'replay'.",
            strategy=method.name,
            mitigation=config.mitigation,
            instead="drop_words",
        )
    if private and config.mitigation != "drop_words":
        raise ConfigError(
            "mitigation.private",
            "'{mitigation}' looks at rows together, and differential privacy holds only where each row counts by itself. Choose "
            "'{instead}', or learn without differential privacy.",
            mitigation=config.mitigation,
            instead="drop_words",
        )


def suits(config: FairnessConfig, method: Method) -> bool:
    """Whether an update by this strategy can go on with a mitigation."""
    return config.mitigation in ("none", "drop_words") or not method.freezes_encoder


def _check_groups(config: FairnessConfig) -> tuple[TermGroup, ...]:
    """The list that was written, empty where none was."""
    terms = parse_terms(re.sub("[;；]", "\n", config.identity_terms)) if config.identity_terms.strip() else ()
    if (config.mitigation == "none" and not config.memory_by_group) or config.fairness_groups != "column":
        return terms
    if not config.group_column:
        raise ConfigError(
            "mitigation.column_unnamed",
            "Groups are to be the values of a column, and none is named. Name one as group_column, or group by words.",
        )
    if config.mitigation in ("counterfactual", "drop_words"):
        raise ConfigError(
            "mitigation.needs_words",
            "'{mitigation}' changes words of the texts, so it needs groups by words. With a column, choose one of: {known}. "
            "So that the model does not see the column at all, switch off the further columns.",
            mitigation=config.mitigation,
            known=[*BY_LOSS],
        )
    return terms
