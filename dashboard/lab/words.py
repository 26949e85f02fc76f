"""In whose words a comparison speaks: of accuracy or another score, of labels or types of entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.registry.records.comparisons import deciding_score
from core.tasks import DEFAULT, TASKS, Task
from dashboard.parts import names
from dashboard.parts.scores import spoken
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t, tn

ACCURACY = "accuracy"  # that ordinary texts speak of


def task_of_result(result: Mapping[str, Any]) -> Task:
    """What the models of a comparison are for; editions before knew labels alone."""
    return TASKS.get(str(result.get("task", DEFAULT)), TASKS[DEFAULT])


def key_for(task: Task, key: str) -> str:
    """Under which key a text stands for what a task reads: ``<key>_spans`` where there is one, else the ordinary one."""
    return names.key_for(task.reads, key)


def counted(task: Task, key: str, count: int, /, **facts: Any) -> str:
    """A text that says how many, of labels or types."""
    return tn(key_for(task, key), count, **facts)


def told(task: Task, key: str, /, **facts: Any) -> str:
    """A text that speaks of labels or types."""
    return t(key_for(task, key), **facts)


def said(result: Mapping[str, Any], key: str, /, **facts: Any) -> str:
    """A text on a result: under ``<key>_of`` it names the score that decided, where that is not accuracy."""
    key, score = key_for(task_of_result(result), key), deciding_score(result)
    by_score = f"{key}_of"
    if score != ACCURACY and by_score in catalogue(ENGLISH):
        return t(by_score, score=spoken(score), **facts)
    return t(key, **facts)
