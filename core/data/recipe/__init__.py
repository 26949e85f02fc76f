"""What was done to a dataset after it was read, as steps that can be read, stored, and repeated on the next batch."""

from __future__ import annotations

from core.data.recipe.by_model import Marker
from core.data.recipe.steps import (
    STEPS,
    DropLabels,
    DropRepeats,
    DropTexts,
    Redact,
    RedactEntities,
    RelabelTexts,
    RenameLabels,
    RepairText,
    Step,
)
from core.data.recipe.working import Applied, apply_steps, read_steps, text_mark, write_steps

__all__ = [
    "STEPS",
    "Applied",
    "DropLabels",
    "DropRepeats",
    "DropTexts",
    "Marker",
    "Redact",
    "RedactEntities",
    "RelabelTexts",
    "RenameLabels",
    "RepairText",
    "Step",
    "apply_steps",
    "read_steps",
    "text_mark",
    "write_steps",
]
