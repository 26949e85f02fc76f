"""How long an update will take, going by what it took to learn the version that serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.continual.methods import STRATEGIES
from core.networks.architectures.blend import BLEND
from core.registry.records.reports import is_solved
from dashboard.shell import state

if TYPE_CHECKING:
    from core.registry import VersionInfo


@dataclass(frozen=True)
class Basis:
    """What learning a version took.

    Parameters
    ----------
    seconds
        All of it, with reading, measuring and storing.
    learning
        Those of them spent on epochs.
    rows
        Rows that an epoch read.
    """

    seconds: float
    learning: float
    rows: int
    epochs: int

    def scaled(self, rows: int, epochs: int) -> float:
        """Seconds that as many epochs of so many rows would take."""
        each = self.learning / (self.rows * self.epochs)
        return self.seconds - self.learning + each * rows * epochs


def basis(champion: VersionInfo, strategy: str) -> Basis | None:
    """What is known of learning the version that serves; None where that says nothing of an update by this strategy."""
    report = state.report(champion)
    if report["model"] == BLEND.name and report.get("parent") is None:  # only its weights were fitted
        return None
    kind = STRATEGIES[strategy]
    if not (kind.only_chooses or kind.freezes_encoder or strategy == report["strategy"]):
        return None  # each of its steps costs more
    learning = sum(float(epoch.get("seconds") or 0.0) for epoch in report["epochs"])
    rows = _rows_read(report)
    if not learning or not rows:
        return None
    return Basis(float(report["seconds"]), learning, rows, len(report["epochs"]))


def epochs_of(champion: VersionInfo, known: Basis, strategy: str, asked: Any) -> int:
    """How many epochs an update probably runs: as many as last time where learning ended by itself, else all."""
    report = state.report(champion)
    if is_solved(report):
        return known.epochs
    if STRATEGIES[strategy].freezes_encoder:
        return 1
    before = int(report["settings"].get("epochs") or known.epochs)
    most = int(asked or before)
    return min(most, known.epochs) if known.epochs < before else most


def _rows_read(report: Mapping[str, Any]) -> int:
    """Rows that an epoch read when the version of this report was learned."""
    learned = [int(record["train"]) for record in report["experiences"]]
    kind = STRATEGIES.get(report["strategy"])
    if kind is None:  # a first training
        return learned[-1]
    if kind.uses_past:
        return sum(learned)
    if kind.starts_fresh:
        return int(report.get("memory_rows") or learned[-1])
    if kind.rehearses:
        ratio = float((report.get("strategy_settings") or {}).get("replay_ratio", 1.0))
        return learned[-1] + round(ratio * learned[-1])
    return learned[-1]
