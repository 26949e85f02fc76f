"""How long an update will take, going by what learning the newest version of the same kind took."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.base.errors import CoreError
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
    version
        Its number.
    seconds
        All of it, with reading, measuring and storing.
    learning
        Those of them spent on epochs.
    rows
        Rows that an epoch read.
    epochs, most
        How many epochs there were, and how many there could have been.
    """

    version: int
    seconds: float
    learning: float
    rows: int
    epochs: int
    most: int

    def scaled(self, rows: int, most: int | None = None) -> float:
        """Seconds for so many rows an epoch; it probably ends after as many epochs as it did then, or after the most."""
        most = self.most if most is None else most
        epochs = most if self.epochs >= self.most else min(most, self.epochs)
        return self.seconds - self.learning + self.learning / (self.rows * self.epochs) * rows * epochs


def basis(champion: VersionInfo, strategy: str) -> Basis | None:
    """What is known of learning the newest version that tells of an update of this one by a strategy; None without any."""
    kin = [
        version
        for version in state.versions(champion.classifier)
        if version.number == champion.number or version.parent == champion.number
    ]
    for version in reversed(kin):
        with suppress(CoreError, OSError):  # its files are gone
            report = state.report(version)
            if _cost(str(report.get("updates_by", report["strategy"]))) == _cost(strategy):
                return _basis(report, version.number)
    return None


def _cost(strategy: str) -> str:
    """What makes an epoch of so many rows equally dear: plain learning, reading them once for sums, or a method's own way."""
    kind = STRATEGIES.get(strategy)
    if kind is None or kind.only_chooses:
        return "plain"
    return "sums" if kind.freezes_encoder else strategy


def _basis(report: Mapping[str, Any], version: int) -> Basis | None:
    if report["model"] == BLEND.name and report.get("parent") is None:  # only its weights were fitted
        return None
    learning = sum(float(epoch.get("seconds") or 0.0) for epoch in report["epochs"])
    rows, epochs = _rows_read(report), len(report["epochs"])
    if not learning or not rows:
        return None
    once = is_solved(report) or _cost(str(report.get("updates_by", report["strategy"]))) == "sums"
    most = epochs if once else int(report["settings"].get("epochs") or epochs)
    return Basis(version, float(report["seconds"]), learning, rows, epochs, most)


def _rows_read(report: Mapping[str, Any]) -> int:
    """Rows that an epoch read when the version of a report was learned."""
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
