"""Experiences of text classification, made of rows by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.continual.strategies import Experience
from core.networks.text import Examples
from core.tasks.text_classification.task import ClassificationConfig, TextClassification


def classified(
    number: int,
    train: Examples,
    validation: Examples,
    past: Examples,
    past_validation: Examples,
    outputs: Sequence[str],
    encode: Callable[[Sequence[str], Sequence[str]], Examples],
    known_outputs: int = 0,
    **settings: Any,
) -> Experience:
    """An experience whose targets are the numbers of labels; ``settings`` are the task's."""
    return Experience(
        number=number,
        train=train,
        validation=validation,
        past=past,
        past_validation=past_validation,
        task=TextClassification(),
        config=ClassificationConfig(**settings),
        targets=[outputs[label] for label in train.targets],
        outputs=tuple(outputs),
        encode=encode,
        known_outputs=known_outputs,
    )
