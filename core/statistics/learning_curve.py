"""Would more rows help? Scores against the number of rows learned from, and what they say. Knows nothing of models.

References
----------
Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically" (the error falls as a power of the rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.base import wording
from core.base.messages import Message, message
from core.statistics.additive import Patterns, Score, estimates
from core.statistics.intervals import MINIMUM_ROWS, Z95, Estimate, estimate
from core.statistics.paired import paired_score_difference

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
FEWEST_PER_STRATUM = 2  # rows of each stratum, on average, that a share must have to be worth a training
FEWEST_POINTS = 3
SMALL = 0.01  # a gain of less than a point for twice the rows is hardly one
A_MINUTE = 60.0  # trainings that take less are repeated with other rows


@dataclass(frozen=True)
class Point:
    """What was reached with so many rows: of each score by name the mean over runs, and of the ends of its 95 % interval."""

    share: float
    rows: int
    scores: Mapping[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        plain = {"share": self.share, "rows": self.rows}
        return {**plain, **{name: score.to_dict() for name, score in self.scores.items()}}


@dataclass(frozen=True)
class CurveVerdict:
    """Whether more rows would help.

    Parameters
    ----------
    answer
        ``"yes"``, ``"hardly"``, ``"unclear"`` or ``"too_few"``.
    gain
        The score's gain in the last doubling, positive is better, with its 95 % interval; None where not measured.
    estimate
        The score with twice the rows, if a power law fits; a guess, not a measurement.
    """

    answer: str
    message: Message
    gain: Estimate | None
    estimate: float | None

    def to_dict(self) -> dict[str, Any]:
        gain = self.gain.to_dict() if self.gain is not None else None
        return {"answer": self.answer, "message": self.message.to_dict(), "gain": gain, "estimate": self.estimate}


def worthwhile_shares(rows: int, strata: int) -> tuple[float, ...]:
    """Which of the shares have rows enough to learn anything from; all of the rows always."""
    return tuple(share for share in SHARES if share == 1 or rows * share >= FEWEST_PER_STRATUM * strata)


def runs_for(seconds: float) -> int:
    """How often each share is learned, when one training on all rows takes so long."""
    return 3 if seconds < A_MINUTE / 6 else 2 if seconds < A_MINUTE else 1


def expected_seconds(report: Mapping[str, Any]) -> float:
    """What one training on all rows of a version takes, about: its report says how long the newest of them took."""
    rows = [int(experience["train"]) for experience in report["experiences"]]
    return float(report["seconds"]) * sum(rows) / max(rows[-1], 1)


def measure_point(share: float, rows: int, runs: Sequence[Patterns], scores: Sequence[Score]) -> Point:
    """Score the answers to the test's rows of each run with this share of the rows."""
    measured = zip(*(estimates(answers, scores) for answers in runs), strict=True)
    return Point(
        share,
        rows,
        {
            score.name: _mean(each, smallest=score.smallest, largest=score.largest)
            for score, each in zip(scores, measured, strict=True)
        },
    )


def last_gain(runs: Sequence[Patterns], score: Score) -> Estimate:
    """How much better a score got on the same test rows, mean over runs; positive is better.

    The interval of the test's rows is widened by how much the runs differ among each other, which is chance in the rows
    that were learned from.

    Parameters
    ----------
    runs
        The test's rows of each run, with two answers: before and after.
    """
    each = [score.gain(paired_score_difference(pairs, score)) for pairs in runs]
    mean = _mean(each, smallest=-score.span, largest=score.span)
    if len(each) == 1:
        return mean
    spread = float(np.var([gain.value for gain in each], ddof=1)) / len(each) * Z95**2
    down, up = (float(np.sqrt(side**2 + spread)) for side in (mean.value - mean.low, mean.high - mean.value))
    return estimate(mean.value, mean.value - down, mean.value + up, smallest=-score.span, largest=score.span)


def extrapolate(points: Sequence[Point], score: Score) -> float | None:
    """The score with twice the rows of the last point; None unless a power law has shown that it fits.

    Error = a · rows^−b with b > 0, fitted to the logarithms; the error is how far a value is from the best one. It fits if
    the law drawn through all points but the last meets the last within its interval; at least four points are needed for
    that.
    """
    rows = np.array([point.rows for point in points], dtype=np.float64)
    best, sign = (score.largest, -1) if score.higher_is_better else (score.smallest, 1)
    errors = np.array([sign * (point.scores[score.name].value - best) for point in points])
    if len(points) < FEWEST_POINTS + 1 or not np.isfinite(errors).all() or (errors <= 0).any():
        return None
    slope, level = np.polyfit(np.log(rows[:-1]), np.log(errors[:-1]), 1)
    foreseen = best + sign * float(np.exp(level + slope * np.log(rows[-1])))
    last = points[-1].scores[score.name]
    if slope >= 0 or not last.low <= foreseen <= last.high:
        return None
    slope, level = np.polyfit(np.log(rows), np.log(errors), 1)
    return None if slope >= 0 else best + sign * float(np.exp(level + slope * np.log(2 * rows[-1])))


def judge_curve(points: Sequence[Point], gain: Estimate | None, test_rows: int, score: Score) -> CurveVerdict:
    """Whether more rows would help, by the gain of the last doubling."""
    if gain is None or len(points) < FEWEST_POINTS or test_rows < MINIMUM_ROWS:
        return CurveVerdict("too_few", _too_few(points[-1].rows, test_rows), gain, None)
    facts: dict[str, Any] = {
        "before": points[-2].rows,
        "rows": points[-1].rows,
        "gain": wording.points(gain.value),
        "low": wording.points(gain.low),
        "high": wording.points(gain.high),
    }
    if gain.low > 0:
        sentence = message(
            "curve.yes",
            "Yes: the last doubling, from {before:,} to {rows:,} rows, gained {gain} points of accuracy ({low} – {high}).",
            **facts,
        )
        return CurveVerdict("yes", sentence, gain, extrapolate(points, score))
    if gain.value < SMALL:
        sentence = message(
            "curve.hardly",
            "Hardly: the last doubling, from {before:,} to {rows:,} rows, changed accuracy by {gain} points "
            "({low} – {high}). Better or other texts may do more than more of the same.",
            **facts,
        )
        return CurveVerdict("hardly", sentence, gain, extrapolate(points, score))
    sentence = message(
        "curve.unclear",
        "Perhaps: the last doubling, from {before:,} to {rows:,} rows, gained {gain} points of accuracy, but with "
        "{low} – {high} that may be chance. A larger test would tell.",
        **facts,
    )
    return CurveVerdict("unclear", sentence, gain, extrapolate(points, score))


def _mean(parts: Sequence[Estimate], *, smallest: float, largest: float) -> Estimate:
    value, low, high = (float(np.mean([getattr(part, name) for part in parts])) for name in ("value", "low", "high"))
    return estimate(value, low, high, smallest=smallest, largest=largest)


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
