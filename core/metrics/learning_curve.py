"""Would more labels help? Scores against the number of rows learned from, and what they say. Knows nothing of models.

References
----------
Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically" (the error falls as a power of the rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import wording
from core.messages import Message, message
from core.metrics.classification import MINIMUM_ROWS, evaluate_predictions
from core.metrics.intervals import Z95, Estimate, estimate
from core.metrics.paired import paired_difference

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
FEWEST_PER_LABEL = 2  # rows of each label, on average, that a share must have to be worth a training
FEWEST_POINTS = 3
SMALL = 0.01  # a gain of less than a point for twice the labels is hardly one
A_MINUTE = 60.0  # trainings that take less are repeated with other rows

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """What was reached with so many rows: mean over runs of the score and of the ends of its 95 % interval, 0 to 1."""

    share: float
    rows: int
    accuracy: Estimate
    macro_f1: Estimate

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """Whether more labels would help.

    Parameters
    ----------
    answer
        ``"yes"``, ``"hardly"``, ``"unclear"`` or ``"too_few"``.
    gain
        Of accuracy in the last doubling, −1 to 1, with its 95 % interval; None where it was not measured.
    estimate
        Accuracy with twice the rows, 0 to 1, if a power law fits; a guess, not a measurement.
    """

    answer: str
    message: Message
    gain: Estimate | None
    estimate: float | None

    def to_dict(self) -> dict[str, Any]:
        gain = self.gain.to_dict() if self.gain is not None else None
        return {"answer": self.answer, "message": self.message.to_dict(), "gain": gain, "estimate": self.estimate}


def worthwhile_shares(rows: int, classes: int) -> tuple[float, ...]:
    """Which of the shares have rows enough to learn anything from; all of the rows always."""
    return tuple(share for share in SHARES if share == 1 or rows * share >= FEWEST_PER_LABEL * classes)


def runs_for(seconds: float) -> int:
    """How often each share is learned, when one training on all rows takes so long."""
    return 3 if seconds < A_MINUTE / 6 else 2 if seconds < A_MINUTE else 1


def expected_seconds(report: Mapping[str, Any]) -> float:
    """What one training on all rows of a version takes, about: its report says how long the newest of them took."""
    rows = [int(one["train"]) for one in report["experiences"]]
    return float(report["seconds"]) * sum(rows) / max(rows[-1], 1)


def measure_point(share: float, rows: int, truth: Integers, answers: Sequence[Integers], classes: int) -> Point:
    """Score the answers (rows of the test) of each run with this share of the rows."""
    names = tuple(map(str, range(classes)))
    reports = [evaluate_predictions(truth, predicted, names) for predicted in answers]
    return Point(
        share, rows, _mean([one.accuracy for one in reports]), _mean([one.macro_f1 for one in reports], smallest=0.0)
    )


def last_gain(truth: Integers, before: Sequence[Integers], after: Sequence[Integers]) -> Estimate:
    """Accuracy of ``after`` − ``before`` on the same test rows, mean over runs, −1 to 1.

    The interval of the test's rows is widened by how much the runs differ among each other, which is chance in the rows
    that were learned from.
    """
    pairs = zip(before, after, strict=True)
    each = [paired_difference(truth, old, new) for old, new in pairs]
    mean = _mean(each, smallest=-1.0)
    if len(each) == 1:
        return mean
    spread = float(np.var([one.value for one in each], ddof=1)) / len(each) * Z95**2
    down, up = (float(np.sqrt(side**2 + spread)) for side in (mean.value - mean.low, mean.high - mean.value))
    return estimate(mean.value, mean.value - down, mean.value + up, smallest=-1.0)


def extrapolate(points: Sequence[Point]) -> float | None:
    """Accuracy with twice the rows of the last point, 0 to 1; None unless a power law has shown that it fits.

    Error = a · rows^−b with b > 0, fitted to the logarithms. It fits if the law drawn through all points but the last
    meets the last within its interval; at least four points are needed for that.
    """
    rows = np.array([point.rows for point in points], dtype=np.float64)
    errors = np.array([1 - point.accuracy.value for point in points])
    if len(points) < FEWEST_POINTS + 1 or (errors <= 0).any():
        return None
    slope, level = np.polyfit(np.log(rows[:-1]), np.log(errors[:-1]), 1)
    foreseen = 1 - float(np.exp(level + slope * np.log(rows[-1])))
    last = points[-1].accuracy
    if slope >= 0 or not last.low <= foreseen <= last.high:
        return None
    slope, level = np.polyfit(np.log(rows), np.log(errors), 1)
    return None if slope >= 0 else 1 - float(np.exp(level + slope * np.log(2 * rows[-1])))


def judge_curve(points: Sequence[Point], gain: Estimate | None, test_rows: int) -> Verdict:
    """Whether more labels would help, by the gain of the last doubling."""
    if gain is None or len(points) < FEWEST_POINTS or test_rows < MINIMUM_ROWS:
        return Verdict("too_few", _too_few(points[-1].rows, test_rows), gain, None)
    facts: dict[str, Any] = {
        "before": points[-2].rows,
        "rows": points[-1].rows,
        "gain": wording.points(gain.value),
        "low": wording.points(gain.low),
        "high": wording.points(gain.high),
    }
    if gain.low > 0:
        found = message(
            "curve.yes",
            "Yes: the last doubling, from {before:,} to {rows:,} rows, gained {gain} points of accuracy ({low} – {high}).",
            **facts,
        )
        return Verdict("yes", found, gain, extrapolate(points))
    if gain.value < SMALL:
        found = message(
            "curve.hardly",
            "Hardly: the last doubling, from {before:,} to {rows:,} rows, changed accuracy by {gain} points "
            "({low} – {high}). Better or other texts may do more than more of the same.",
            **facts,
        )
        return Verdict("hardly", found, gain, extrapolate(points))
    found = message(
        "curve.unclear",
        "Perhaps: the last doubling, from {before:,} to {rows:,} rows, gained {gain} points of accuracy, but with "
        "{low} – {high} that may be chance. A larger test would tell.",
        **facts,
    )
    return Verdict("unclear", found, gain, extrapolate(points))


def _mean(parts: Sequence[Estimate], *, smallest: float = 0.0) -> Estimate:
    value, low, high = (float(np.mean([getattr(part, name) for part in parts])) for name in ("value", "low", "high"))
    return estimate(value, low, high, smallest=smallest)


def _too_few(rows: int, test_rows: int) -> Message:
    if test_rows < MINIMUM_ROWS:
        return message(
            "curve.too_few_tests",
            "Too few rows to judge: {tests} test rows cannot tell a gain from chance. It takes at least {needed}.",
            tests=test_rows,
            needed=MINIMUM_ROWS,
        )
    return message(
        "curve.too_few",
        "Too few rows to judge: {rows:,} training rows cannot be halved often enough to see where the curve is going.",
        rows=rows,
    )
