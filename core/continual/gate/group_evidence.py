"""How strata of rows, and groups of people, fared by an update: what is known of them, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.statistics.intervals import Estimate

GapMeasure = Literal["fpr", "tpr", "selection", "accuracy"]


@dataclass(frozen=True)
class StratumChange:
    """The score on the rows of one stratum, or of one group of people, of all older tests: after against before, positive is
    better.
    """

    name: str
    rows: int
    difference: Estimate

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "rows": self.rows, "difference": self.difference.to_dict()}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> StratumChange:
        return StratumChange(stored["name"], stored["rows"], Estimate.from_dict(stored["difference"]))


@dataclass(frozen=True)
class GapChange:
    """How far apart groups are, lower is better; ``difference`` is after − before, ``groups`` is how many were compared."""

    measure: GapMeasure
    groups: int
    before: float
    after: float
    difference: Estimate

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("measure", "groups", "before", "after")}
        return {**plain, "difference": self.difference.to_dict()}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> GapChange:
        plain = {name: stored[name] for name in ("measure", "groups", "before", "after")}
        return GapChange(**plain, difference=Estimate.from_dict(stored["difference"]))


@dataclass(frozen=True)
class GroupEvidence:
    """What is known of the groups; the gap is None where fewer than two groups have enough rows."""

    groups: tuple[StratumChange, ...]
    gap: GapChange | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "groups": [group.to_dict() for group in self.groups],
            "gap": None if self.gap is None else self.gap.to_dict(),
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> GroupEvidence:
        gap = stored["gap"]
        groups = tuple(StratumChange.from_dict(group) for group in stored["groups"])
        return GroupEvidence(groups, None if gap is None else GapChange.from_dict(gap))
