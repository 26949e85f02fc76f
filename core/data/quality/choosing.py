"""From chosen fixes to the recipe that carries them out."""

from __future__ import annotations

from collections.abc import Iterable

from core.data.quality.base import Fix
from core.data.recipe import DropLabels, DropRepeats, DropTexts, Redact, RelabelTexts, RenameLabels, RepairText, Step

# Steps that name texts by their digest come before those that change texts; repetitions may appear by a repair.
_ORDER: tuple[type[Step], ...] = (
    RenameLabels,
    DropLabels,
    RelabelTexts,
    DropTexts,
    RepairText,
    DropRepeats,
    Redact,
)


def steps_of(fixes: Iterable[Fix]) -> list[Step]:
    """The steps of all fixes, each once, in an order in which every one still finds what it names."""
    steps: list[Step] = []
    for step in (step for fix in fixes for step in fix.steps):
        if step not in steps:
            steps.append(step)
    return sorted(steps, key=lambda step: _ORDER.index(type(step)))
