"""The gate: may a candidate version become champion? Every rule is a sentence with its figure.

- An older test may lose at most ``tolerance`` points of accuracy.
- The newest test must not lose.
- A test with fewer than 30 rows cannot be judged either way: that is said, and blocks nothing.

Figures are points: hundredths of accuracy, after − before, measured on the same rows. The measured value is held
against the limit; its 95 % interval stands in the sentence, for the reader to weigh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.messages import Message, message
from core.metrics.classification import MINIMUM_ROWS
from core.metrics.intervals import Estimate, rate_estimate
from core.metrics.paired import paired_difference

# 0.91 - 0.90 is a little more than 0.01 in floating point; a loss of exactly the limit is still allowed.
_ROUNDING = 1e-9


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
class Rule:
    """One rule and how the candidate did.

    Parameters
    ----------
    figure
        Change in points, after − before.
    limit
        Passed when ``figure >= limit`` (0 or less).
    judged
        False when the test has too few rows: the rule then counts as passed, and its sentence says so.
    """

    message: Message
    passed: bool
    figure: float
    limit: float
    judged: bool = True

    def to_dict(self) -> dict[str, Any]:
        plain = {"passed": self.passed, "figure": self.figure, "limit": self.limit, "judged": self.judged}
        return {"message": self.message.to_dict(), **plain}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Rule:
        plain = {name: stored[name] for name in ("passed", "figure", "limit", "judged")}
        return Rule(message=Message.from_dict(stored["message"]), **plain)


@dataclass(frozen=True)
class Verdict:
    """Whether to promote: True when every rule is passed. Rules of older tests in order, the newest test last."""

    promote: bool
    rules: tuple[Rule, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"promote": self.promote, "rules": [rule.to_dict() for rule in self.rules]}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Verdict:
        return Verdict(stored["promote"], tuple(Rule.from_dict(rule) for rule in stored["rules"]))


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


def judge(older: Sequence[TestChange], newest: TestChange, *, tolerance: float) -> Verdict:
    """Hold a candidate against the rules.

    Parameters
    ----------
    older
        Every frozen test of earlier experiences.
    newest
        The test of the experience just learnt.
    tolerance
        Points of accuracy that each older test may lose, 0 or more.
    """
    rules = (*(_judge_older(change, tolerance) for change in older), _judge_newest(newest))
    return Verdict(all(rule.passed for rule in rules), rules)


def _judge_older(change: TestChange, tolerance: float) -> Rule:
    figure, limit = 100 * change.difference.value, 0.0 - tolerance
    if change.rows < MINIMUM_ROWS:
        return _too_few(change, limit)
    passed, facts = figure >= limit - _ROUNDING, _facts(change, limit)
    if abs(figure) < _ROUNDING:
        return Rule(_unchanged(facts), passed, figure, limit)
    if figure > 0:
        text = message("gate.older_test_gained", "{test} gained {points} points ({low} to {high}).", **facts)
        return Rule(text, passed, figure, limit)
    facts["limit"] = f"{tolerance:.1f}" if round(tolerance, 1) == tolerance else f"{tolerance:g}"
    if passed:
        text = message(
            "gate.older_test_lost", "{test} lost {points} points ({low} to {high}); allowed are {limit}.", **facts
        )
    else:
        text = message(
            "gate.older_test_lost_too_much",
            "{test} lost {points} points ({low} to {high}), more than the {limit} allowed.",
            **facts,
        )
    return Rule(text, passed, figure, limit)


def _judge_newest(change: TestChange) -> Rule:
    figure, limit = 100 * change.difference.value, 0.0
    if change.rows < MINIMUM_ROWS:
        return _too_few(change, limit)
    facts = _facts(change, limit)
    if abs(figure) < _ROUNDING:
        return Rule(_unchanged(facts), True, figure, limit)
    if figure < 0:
        text = message(
            "gate.newest_test_lost",
            "{test} lost {points} points ({low} to {high}); the newest test must not lose.",
            **facts,
        )
    elif change.difference.low > 0:
        text = message("gate.newest_test_gained", "{test} gained {points} points ({low} to {high}).", **facts)
    else:
        text = message(
            "gate.newest_test_gained_perhaps",
            "{test} gained {points} points ({low} to {high}); the interval includes zero, so it may be chance.",
            **facts,
        )
    return Rule(text, figure > 0, figure, limit)


def _unchanged(facts: Mapping[str, str]) -> Message:
    kept = {name: facts[name] for name in ("test", "low", "high")}
    return message("gate.unchanged", "{test} is as accurate as before (change {low} to {high} points).", **kept)


def _too_few(change: TestChange, limit: float) -> Rule:
    facts = _facts(change, limit)
    text = message(
        "gate.too_few",
        "{test}: too few rows to judge ({rows}; at least {needed} are needed). It changed by {change} points "
        "({low} to {high}).",
        test=change.name,
        rows=change.rows,
        needed=MINIMUM_ROWS,
        change=_signed(100 * change.difference.value, 1),
        low=facts["low"],
        high=facts["high"],
    )
    return Rule(text, True, 100 * change.difference.value, limit, judged=False)


def _facts(change: TestChange, limit: float) -> dict[str, str]:
    """The facts of a sentence: the size of the change without its sign, the ends of the interval with theirs."""
    points = 100 * change.difference.value
    decimals = _decimals(points, limit)
    return {
        "test": change.name,
        "points": f"{abs(points):.{decimals}f}",
        "low": _signed(100 * change.difference.low, decimals),
        "high": _signed(100 * change.difference.high, decimals),
    }


def _decimals(points: float, limit: float) -> int:
    """Fewest decimals that still show which side of the limit the figure is on, and that it is not zero."""
    for decimals in (1, 2, 3):
        shown = round(points, decimals)
        same_side = (shown >= round(limit, decimals)) == (points >= limit - _ROUNDING)
        if same_side and (shown != 0 or abs(points) < _ROUNDING):
            return decimals
    return 4


def _signed(points: float, decimals: int) -> str:
    shown = round(points, decimals)
    sign = "−" if shown < 0 else "+" if shown > 0 else ""
    return f"{sign}{abs(shown):.{decimals}f}"
