"""The story of a classifier's versions, as Overview and Results tell it: the accuracy matrix, what was forgotten.

Reads reports through `state`; knows nothing of how they are drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.continual.matrix import forgetting_per_experience
from dashboard.parts import tables
from dashboard.parts.scores import task_of_report
from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.statistics.additive import Score
    from core.workflows.standings import SameTests


@dataclass(frozen=True)
class Matrix:
    """The accuracy matrix R of one line of versions.

    Parameters
    ----------
    versions
        Version numbers, oldest first: one a row.
    scores
        The score, array (versions, tests), of each version on the frozen test of each batch; nan where not measured.
    """

    versions: tuple[int, ...]
    scores: np.ndarray[Any, Any]
    score: Score

    @property
    def forgetting(self) -> float | None:
        """How much worse the newest version is on older tests than the best before it, in the score's unit, on average; None
        before the first update.
        """
        worse = [float(loss) for loss in self._losses() if np.isfinite(loss)]
        return float(np.mean(worse)) if worse else None

    def drops(self) -> dict[int, float]:
        """For each older test, counted from 0, the same in shares (see `dashboard.parts.scores`)."""
        losses = self._losses()
        if not math.isfinite(self.score.span):
            losses = losses / np.abs(self.scores[-1, : len(losses)] - losses)
        return {test: float(loss) for test, loss in enumerate(losses) if np.isfinite(loss)}

    def _losses(self) -> Any:
        if len(self.versions) < 2:
            return np.zeros(0)
        return forgetting_per_experience(self.scores if self.score.higher_is_better else -self.scores)


def lineage(version: VersionInfo) -> list[VersionInfo]:
    """A version and its ancestors, oldest first."""
    by_number = {known.number: known for known in state.versions(version.classifier)}
    line = [version]
    while line[0].parent is not None and line[0].parent in by_number:
        line.insert(0, by_number[line[0].parent])
    return line


def score_shown(version: VersionInfo, score: str, same: SameTests | None) -> str:
    """The score on the tests that all versions share, with its interval; a dash where it was not measured on them."""
    report = same.report(version.number) if same is not None else None
    return tables.NOTHING if report is None else tables.estimate(report.scores[score])


def accuracy_matrix(version: VersionInfo) -> Matrix:
    """The matrix R of a version and its ancestors by the score that decides, as the version's report recorded it."""
    report = state.report(version)
    score = task_of_report(report).score
    rows = report[f"{score.name}_matrix"]
    values = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
    return Matrix(_row_versions(version, len(rows)), values, score)


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
