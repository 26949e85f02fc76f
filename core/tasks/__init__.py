"""What goes in and what comes out: a folder a task, and a line here."""

from core.base.errors import ConfigError
from core.tasks.base import Task
from core.tasks.language_modelling.task import LanguageModelling
from core.tasks.multilabel_classification.task import MultilabelClassification
from core.tasks.text_classification.task import TextClassification
from core.tasks.token_classification.task import TokenClassification

TASKS: dict[str, Task] = {
    task.name: task
    for task in (TextClassification(), MultilabelClassification(), TokenClassification(), LanguageModelling())
}

DEFAULT = TextClassification.name  # of requests and versions that name none: there was no other once


def task_of(name: str) -> Task:
    """The task of this name, or a `ConfigError` that lists what there is."""
    if name not in TASKS:
        raise ConfigError(
            "config.task", "There is no task '{name}'. The tasks are: {known}.", name=name, known=list(TASKS)
        )
    return TASKS[name]


__all__ = ["DEFAULT", "TASKS", "Task", "task_of"]
