"""Recipes as wholes: to and from JSON, and carried out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.base.config import build
from core.base.errors import DataError
from core.data.dataset.rows import TextDataset
from core.data.recipe.base import text_mark
from core.data.recipe.by_model import Marker, RedactEntities
from core.data.recipe.steps import STEPS, Step

__all__ = ["Applied", "apply_steps", "read_steps", "text_mark", "write_steps"]


@dataclass(frozen=True)
class Applied:
    """A step with the number of rows that it changed or removed."""

    step: Step
    count: int


def apply_steps(
    dataset: TextDataset, steps: Iterable[Step], marker: Marker | None = None
) -> tuple[TextDataset, list[Applied]]:
    """Carry out the steps in their order; `DataError` when no row would be left, or a model is needed and there is none.

    Parameters
    ----------
    marker
        Marks entities for steps that replace what a model finds.
    """
    done = []
    for step in steps:
        if isinstance(step, RedactEntities) and marker is not None:
            dataset, count = step.replaced(dataset, marker(step, dataset.texts))
        else:
            dataset, count = step.apply(dataset)
        done.append(Applied(step, count))
    return dataset, done


def write_steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [{"kind": step.kind, **step.model_dump(mode="json")} for step in steps]


def read_steps(stored: Iterable[dict[str, Any]]) -> list[Step]:
    """Steps from plain values; `DataError` for a kind that is not known, `ConfigError` for fields that do not fit."""
    steps = []
    for entry in stored:
        fields = dict(entry)
        kind = str(fields.pop("kind", ""))
        if kind not in STEPS:
            raise DataError(
                "recipe.unknown_step",
                "The recipe has a step '{kind}', which is not known here. Known: {known}. It was made by another version "
                "of this program, or by hand.",
                kind=kind,
                known=list(STEPS),
            )
        steps.append(build(STEPS[kind], fields))
    return steps
