"""What a report is written from, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.data.dataset.store import StoredDataset
from core.registry import Statements, VersionInfo
from core.statistics.slices import WorseSlice
from core.tasks.text_classification.behaviour import Result
from core.workflows.standings import SameTests
from core.workflows.versions.folder import VersionFolder


@dataclass(frozen=True, eq=False)
class Checks:
    """What was looked at for a report.

    Parameters
    ----------
    slices
        Number of slices that were tested.
    runs
        Records of cross-validation and of repeated seeds, where there are any.
    """

    slices: int
    worse: tuple[WorseSlice, ...]
    abilities: tuple[Result, ...]
    runs: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class ReportInputs:
    """What a report is written from.

    Parameters
    ----------
    line
        The version and those that it comes from, the first one first.
    same
        All of them on this version's frozen tests.
    datasets
        Those that are still there, and their parents.
    """

    version: VersionInfo
    champion: int | None
    line: tuple[VersionInfo, ...]
    same: SameTests
    folder: VersionFolder
    report: dict[str, Any]
    datasets: dict[str, StoredDataset]
    checks: Checks
    statements: Statements = field(default_factory=Statements)
