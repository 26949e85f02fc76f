"""How many rows of a table a version has met before: what it scores on those says little about new texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers
from core.workflows.versions.past import Past


@dataclass(frozen=True)
class KnownRows:
    """Rows of a table by what a version has done with their text before; a text that was used for several counts once.

    Parameters
    ----------
    learned, validated, tested
        Rows whose text was trained on; else was validated on; else stands in a frozen test.
    missing
        Names of earlier datasets that were deleted: what was learned from them cannot be told.
    """

    rows: int
    learned: int
    validated: int
    tested: int
    missing: tuple[str, ...]

    @property
    def new(self) -> int:
        """Rows whose text was not met before."""
        return self.rows - self.learned - self.validated - self.tested

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "new": self.new, "missing": list(self.missing)}

    def sentences(self) -> list[Message]:
        """What of it must be known before a figure on these rows is believed; nothing where all of them are new."""
        sentences = []
        if self.new < self.rows:
            sentences.append(
                message(
                    "versions.known_rows",
                    "Of these {rows:,} rows, the version has met the texts of {met:,} before: learned from {learned:,}, chose "
                    "its best epoch by {validated:,}, was tested on {tested:,}; {new:,} are new to it. What it scores on rows "
                    "that it learned from says little about new texts.",
                    rows=self.rows,
                    met=self.rows - self.new,
                    learned=self.learned,
                    validated=self.validated,
                    tested=self.tested,
                    new=self.new,
                )
            )
        if self.missing:
            sentences.append(
                message(
                    "versions.known_rows_missing",
                    "Whether it has learned these rows from the following datasets cannot be told, since they were deleted: "
                    "{missing}.",
                    missing=list(self.missing),
                )
            )
        return sentences


def known_rows(dataset: TextDataset, past: Past) -> KnownRows:
    """Compare the texts of a table with everything that a version was trained, validated and tested on."""
    keys = key_numbers(dataset.texts)
    learned = np.isin(keys, past.met.keys[~past.met.validated])
    validated = np.isin(keys, past.met.keys[past.met.validated]) & ~learned
    tested = np.isin(keys, past.tested) & ~learned & ~validated
    return KnownRows(len(dataset), int(learned.sum()), int(validated.sum()), int(tested.sum()), past.missing)
