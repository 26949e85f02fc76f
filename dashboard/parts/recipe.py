"""What was done to a dataset after it was uploaded, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.base.errors import CoreError
from core.data.recipe import read_steps
from dashboard.parts import tables
from dashboard.shell.i18n import t_message

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset


def recipe_sentences(stored: StoredDataset) -> list[str]:
    """A sentence for each step."""
    try:
        steps = read_steps(stored.source.get("recipe", []))
    except CoreError as error:  # of another version of the program: the rows are there all the same
        return [tables.plain(t_message(error.message))]
    return [tables.plain(t_message(step.sentence())) for step in steps]
