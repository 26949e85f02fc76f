"""Why groups cannot have settings of their own, told before anything is learned. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.errors import ConfigError
from core.data.dataset.inputs import FIELD, parse
from core.fairness.personal import EQUAL_FALSE_POSITIVES, PersonalConfig
from core.networks.standalone.personal import group_key
from core.tasks.base import Task
from core.workflows.requests import Settings

HEADS = ("ngrams", "bilstm", "transformer", "encoder")  # models with few features that a head of a group can read


def check_personal(settings: Settings, model: str, texts: Sequence[str], labels: Sequence[str]) -> None:
    """Raise the `ConfigError` that says why groups cannot have settings of their own, before anything is learned.

    Parameters
    ----------
    texts
        The texts of the dataset with their further columns.
    labels
        All labels that there will be.
    """
    config = settings.personal
    if not config.wanted:
        return
    check_personal_settings(config, settings.task, model, labels)
    names = {column.name for text in texts if FIELD in text for column in parse(text)[1]}
    check_column(config, sorted(names) if settings.text.use_inputs else [])
    values = {group_key(text, config.personal_by) for text in texts} - {""}
    if len(values) < 2:
        raise ConfigError(
            "personal.one_value",
            "The column '{column}' has only one value in all rows, {value}, so there are no groups to tell apart. Choose a "
            "column with at least two.",
            column=config.personal_by,
            value=next(iter(values), "-"),
        )


def check_column(config: PersonalConfig, names: Sequence[str]) -> None:
    """Raise a `ConfigError` where the column of the groups is none of the further columns that a model reads."""
    if not config.wanted:
        return
    if not names:
        raise ConfigError(
            "personal.no_inputs",
            "Groups are told by a further column of the rows, and no further column is read, so there are no groups. Load the "
            "table again and let a column such as '{column}' be read beside the text.",
            column=config.personal_by or "shop",
        )
    if config.personal_by not in names:
        raise ConfigError(
            "personal.no_column",
            "There is no further column '{column}' to tell groups by. The further columns are: {columns}. Set 'personal_by' to "
            "one of them, or load the table again with that column.",
            column=config.personal_by,
            columns=list(names),
        )


def check_personal_settings(config: PersonalConfig, task: Task, model: str, labels: Sequence[str]) -> None:
    """The part of `check_personal` that needs no texts."""
    if not config.wanted:
        return
    if not task.distribution:
        raise ConfigError(
            "personal.task",
            "Settings of groups are for models that give each text one label, and '{task}' does otherwise. Set 'personal_kind' "
            "to none.",
            task=task.name,
        )
    if config.personal_kind == "head" and model not in HEADS:
        raise ConfigError(
            "personal.no_features",
            "The model '{model}' has no small set of features that the head of a group could read. Choose thresholds, or one of "
            "these models: {models}.",
            model=model,
            models=list(HEADS),
        )
    if config.personal_aim != EQUAL_FALSE_POSITIVES:
        return
    if config.personal_kind == "head":
        raise ConfigError(
            "personal.head_aim",
            "Equal false positives are reached by thresholds, not by heads. Set 'personal_kind' to threshold.",
        )
    if config.personal_label and config.personal_label not in labels:
        raise ConfigError(
            "personal.no_label",
            "There is no label '{label}' whose false positives could be counted. The labels are: {labels}.",
            label=config.personal_label,
            labels=list(labels),
        )
    if not config.personal_label and len(labels) != 2:
        raise ConfigError(
            "personal.which_label",
            "With {number} labels it must be said of which one false positives are counted. Set 'personal_label' to one of: "
            "{labels}.",
            number=len(labels),
            labels=list(labels),
        )
