"""The story of a classifier's versions, as Overview and Results tell it: the accuracy matrix, what was forgotten.

Reads reports through `state`; knows nothing of how they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.errors import RegistryError
from dashboard import state, tables

if TYPE_CHECKING:
    from core.registry import VersionInfo

Score = Literal["accuracy", "macro_f1"]


@dataclass(frozen=True)
class Matrix:
    """The accuracy matrix R of one line of versions.

    Parameters
    ----------
    versions
        Version numbers, oldest first: one a row.
    scores
        (versions, tests) score of each version on the frozen test of each batch, 0 to 1; nan where not measured.
    """

    versions: tuple[int, ...]
    scores: np.ndarray[Any, Any]

    @property
    def forgetting(self) -> float | None:
        """Mean drop of the newest version on older tests since their best, -1 to 1; None before the first update."""
        drops = list(self.drops().values())
        return float(np.mean(drops)) if drops else None

    @property
    def gain(self) -> float | None:
        """Mean change from the version before to the newest, over the same tests; None before the first update."""
        if len(self.versions) < 2:
            return None
        changes = self.scores[-1] - self.scores[-2]
        known = changes[np.isfinite(changes)]
        return float(known.mean()) if len(known) else None

    def drops(self) -> dict[int, float]:
        """For each older test, counted from 0: its best earlier score minus the newest version's."""
        from core.metrics import forgetting_per_experience

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


def score_shown(version: VersionInfo, score: Score) -> str:
    """The score on all frozen tests with its interval; without one where the version's files are gone."""
    try:
        return tables.score(**state.report(version)["overall"][score])
    except (RegistryError, OSError):
        return tables.score(float(version.summary[score]))


def accuracy_matrix(version: VersionInfo, score: Score = "accuracy") -> Matrix:
    """The matrix R of a version and its ancestors, as the version's report recorded it."""
    rows = state.report(version)[f"{score}_matrix"]
    scores = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
    return Matrix(tuple(known.number for known in lineage(version)), scores)
