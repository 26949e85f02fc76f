"""The story of a classifier's versions, as Overview and Results tell it: the accuracy matrix, what was forgotten.

Reads reports through `state`; knows nothing of how they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard import state

if TYPE_CHECKING:
    from core.registry import VersionInfo


@dataclass(frozen=True)
class Matrix:
    """The accuracy matrix R of one line of versions.

    Parameters
    ----------
    versions
        Version numbers, oldest first: one a row.
    scores
        (versions, tests) macro-F1 of each version on the frozen test of each batch; nan where not measured.
    """

    versions: tuple[int, ...]
    scores: np.ndarray[Any, Any]

    @property
    def forgetting(self) -> float | None:
        """Mean drop of the newest version on older tests since their best, -1 to 1; None before the first update."""
        drops = list(self.drops().values())
        return float(np.mean(drops)) if drops else None

    def drops(self) -> dict[int, float]:
        """For each older test, counted from 0: its best earlier score minus the newest version's."""
        from core.metrics.continual import forgetting_per_experience

        if len(self.versions) < 2:
            return {}
        drops = forgetting_per_experience(self.scores)
        return {test: float(drop) for test, drop in enumerate(drops) if np.isfinite(drop)}


def lineage(version: VersionInfo) -> list[VersionInfo]:
    """A version and its ancestors, oldest first."""
    by_number = {known.number: known for known in state.versions(version.classifier)}
    line = [version]
    while line[0].parent is not None and line[0].parent in by_number:
        line.insert(0, by_number[line[0].parent])
    return line


def accuracy_matrix(version: VersionInfo) -> Matrix:
    """The matrix R of a version and its ancestors, each row as the version's own report recorded it."""
    line = lineage(version)
    rows = [[float(value) for value in state.report(known)["R_row"]] for known in line]
    scores = np.full((len(rows), len(rows)), np.nan)  # each version of a line brings one test
    for index, row in enumerate(rows):
        scores[index, : len(row)] = row[: len(rows)]
    return Matrix(tuple(known.number for known in line), scores)
