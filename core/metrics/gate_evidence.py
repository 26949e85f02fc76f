"""What the gate looks at: how a candidate changed on frozen tests, on single labels, and in its probabilities.

All of it is measured on the same rows before and after, and all figures lie between −1 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.calibration import Answers, calibration_difference, expected_calibration_error
from core.metrics.intervals import Estimate, rate_estimate
from core.metrics.paired import paired_difference


@dataclass(frozen=True)
class TestChange:
    """Accuracy on one frozen test before and after an update, and the paired difference, all between −1 and 1."""

    # The name is the field's; this keeps pytest from taking the class for a test case.
    __test__ = False

    name: str
    rows: int
    before: Estimate
    after: Estimate
    difference: Estimate


@dataclass(frozen=True)
class LabelChange:
    """Recall of one label over all older tests: after − before, and the rows that carry the label there."""

    name: str
    rows: int
    difference: Estimate

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "rows": self.rows, "difference": self.difference.to_dict()}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> LabelChange:
        return LabelChange(stored["name"], stored["rows"], Estimate.from_dict(stored["difference"]))


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
class Evidence:
    """Everything that a verdict rests on.

    Parameters
    ----------
    older
        Every frozen test of earlier experiences.
    newest
        The test of the experience just learnt.
    labels
        Labels that occur on the older tests; None when they were not measured.
    calibration
        None when it was not measured.
    """

    older: tuple[TestChange, ...]
    newest: TestChange
    labels: tuple[LabelChange, ...] | None = None
    calibration: CalibrationChange | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values of what is known of labels and calibration; a report has the tests elsewhere."""
        return {
            "labels": None if self.labels is None else [change.to_dict() for change in self.labels],
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
        }


def measure_change(name: str, truth: ArrayLike, before: ArrayLike, after: ArrayLike) -> TestChange:
    """Measure one test from the class numbers that the old and the new version predict for its rows."""
    true, old, new = (np.asarray(values, dtype=np.int64) for values in (truth, before, after))
    rows = len(true)
    return TestChange(
        name=name,
        rows=rows,
        before=rate_estimate(int((old == true).sum()), rows),
        after=rate_estimate(int((new == true).sum()), rows),
        difference=paired_difference(true, old, new),
    )


def measure_labels(
    truth: ArrayLike, before: ArrayLike, after: ArrayLike, names: Sequence[str]
) -> tuple[LabelChange, ...]:
    """Measure the recall of every label that has rows here, from class numbers; ``names`` are the labels in their order."""
    true, old, new = (np.asarray(values, dtype=np.int64) for values in (truth, before, after))
    changes = []
    for number in np.unique(true):
        rows = true == number
        # Among the rows of one label, accuracy is its recall.
        difference = paired_difference(true[rows], old[rows], new[rows])
        changes.append(LabelChange(names[number], int(rows.sum()), difference))
    return tuple(changes)


def measure_calibration(before: Answers, after: Answers) -> CalibrationChange:
    """Measure the calibration error of two versions on the same rows; each is ``(confidence, right)``."""
    return CalibrationChange(
        rows=len(np.asarray(after[1])),
        before=expected_calibration_error(*before),
        after=expected_calibration_error(*after),
        difference=calibration_difference(before, after),
    )
