"""The story of a classifier's versions, as Overview and Results tell it: the accuracy matrix, what was forgotten.

Reads reports through `state`; knows nothing of how they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dashboard.parts import tables
from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.standings import SameTests

Score = Literal["accuracy", "macro_f1"]


@dataclass(frozen=True)
class Matrix:
    """The accuracy matrix R of one line of versions.

    Parameters
    ----------
    versions
        Version numbers, oldest first: one a row.
    scores
        The score, array (versions, tests), of each version on the frozen test of each batch, 0 to 1; nan where not measured.
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
        from core.continual.matrix import forgetting_per_experience

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


def score_shown(version: VersionInfo, score: Score, same: SameTests | None) -> str:
    """The score on the tests that all versions share, with its interval; a dash where it was not measured on them."""
    report = same.report(version.number) if same is not None else None
    return tables.NOTHING if report is None else tables.estimate(getattr(report, score))


def accuracy_matrix(version: VersionInfo, score: Score = "accuracy") -> Matrix:
    """The matrix R of a version and its ancestors, as the version's report recorded it."""
    report = state.report(version)
    rows = report[f"{score}_matrix"]
    scores = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
    return Matrix(_row_versions(version, len(rows)), scores)


def _row_versions(version: VersionInfo, rows: int) -> tuple[int, ...]:
    """The number of the version behind each row of R: one that only left something out took its parent's row."""
    numbers: dict[int, int] = {}
    row = 0
    line = lineage(version)
    for known in line:
        row += known.parent is None or "gate" in known.summary  # nobody judges what only leaves something out
        numbers[row] = known.number
    in_rows = tuple(numbers.values())
    return in_rows if len(in_rows) == rows else tuple(known.number for known in line[-rows:])
