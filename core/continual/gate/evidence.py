"""What the gate looks at: how a candidate changed on frozen tests, on single strata of their rows, and in its probabilities.

All of it is measured on the same rows before and after, by a score of which this module knows no more than `Score` tells; what
is known of the probabilities comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.continual.gate.group_evidence import GroupEvidence, StratumChange
from core.statistics.additive import Patterns, Score, estimates
from core.statistics.intervals import Estimate
from core.statistics.paired import paired_score_difference

Strata = Literal["labels", "types"]


@dataclass(frozen=True)
class TestChange:
    """The score on one frozen test before and after an update, and the paired difference; positive is better.

    The difference of a score without bounds is a share of what it was before.
    """

    # The name is the field's; this keeps pytest from taking the class for a test case.
    __test__ = False

    name: str
    rows: int
    before: Estimate
    after: Estimate
    difference: Estimate


@dataclass(frozen=True)
class CalibrationChange:
    """Expected calibration error over all tests, lower is better; ``difference`` is after − before."""

    rows: int
    before: float
    after: float
    difference: Estimate

    def to_dict(self) -> dict[str, Any]:
        plain = {"rows": self.rows, "before": self.before, "after": self.after}
        return {**plain, "difference": self.difference.to_dict()}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> CalibrationChange:
        difference = Estimate.from_dict(stored["difference"])
        return CalibrationChange(stored["rows"], stored["before"], stored["after"], difference)


@dataclass(frozen=True)
class GateEvidence:
    """Everything that a verdict rests on.

    Parameters
    ----------
    strata
        Strata that occur on the older tests; None when they were not measured.
    calibration
        The calibration of both; None when it was not measured.
    strata_are
        What sentences call the strata.
    privacy
        What the candidate has spent of ε, and its budget; None where nothing was promised.
    groups
        How groups of people fared; None where the model is not watched for that.
    """

    older: tuple[TestChange, ...]
    newest: TestChange
    strata: tuple[StratumChange, ...] | None = None
    calibration: CalibrationChange | None = None
    strata_are: Strata = "labels"
    privacy: tuple[float, float] | None = None
    groups: GroupEvidence | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values of what is known of strata and calibration; a report has the tests elsewhere."""
        return {
            # The key is as old as the reports that have it.
            "labels": None if self.strata is None else [change.to_dict() for change in self.strata],
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "groups": None if self.groups is None else self.groups.to_dict(),
        }


def measure_change(name: str, pairs: Patterns, score: Score) -> TestChange:
    """Measure one test, whose rows were answered by the old and by the new version."""
    before, after = (estimates(pairs.answer(number), [score])[0] for number in range(2))
    return TestChange(name, pairs.rows, before, after, _gain(pairs, score))


def _gain(pairs: Patterns, score: Score) -> Estimate:
    """The paired difference, positive is better; of a score without bounds as a share of what it was before."""
    return score.gain(paired_score_difference(pairs, score), float(score.of(pairs.sums()[0])))


def measure_strata(pairs: Patterns, names: Sequence[str], score: Score) -> tuple[StratumChange, ...]:
    """Measure every stratum that has rows; ``names`` are those of all strata in their order."""
    changes = []
    for number in np.flatnonzero(pairs.sizes).tolist():
        own = pairs.within(number)
        changes.append(StratumChange(names[number], own.rows, _gain(own, score)))
    return tuple(changes)
