"""The sentences of the gate: each rule held against what was measured, and told with its figure.

Figures are points: hundredths of a score, after − before, on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from core.base.messages import Message, message
from core.base.wording import signed
from core.continual.gate.evidence import CalibrationChange, TestChange
from core.continual.gate.rules import GateConfig, Rule, RuleKind
from core.statistics.intervals import MINIMUM_ROWS, Z95, combined

# 0.91 - 0.90 is a little more than 0.01 in floating point; a loss of exactly the limit is still allowed.
ROUNDING = 1e-9
MINIMUM_CALIBRATION_ROWS = 150  # ten for each of the fifteen bins


def judge_older(change: TestChange, rules: GateConfig) -> Rule:
    """One older test against the tolerance."""
    limit = 0.0 - rules.tolerance
    if change.rows < MINIMUM_ROWS:
        return _too_few(change, limit, "older")
    measured = 100 * change.difference.value
    ends = {"measured": measured, "interval": 100 * change.difference.low, "together": 100 * change.difference.high}
    figure = ends[rules.loss_judged_by]
    passed, facts = figure >= limit - ROUNDING, _facts(change, limit)
    if not passed and measured >= limit - ROUNDING:
        return _not_sure(change, figure, rules.tolerance)
    if abs(measured) < ROUNDING:
        text = _unchanged(facts)
    elif measured > 0 and change.difference.low < 0:
        text = message(
            "gate.older_test_gained_perhaps",
            "{test} gained {points} points ({low} – {high}); the interval includes zero, so it may be chance.",
            **facts,
        )
    elif measured > 0:
        text = message("gate.older_test_gained", "{test} gained {points} points ({low} – {high}).", **facts)
    elif passed and measured < limit - ROUNDING:
        text = message(
            "gate.older_test_may_be_chance",
            "{test} lost {points} points ({low} – {high}), which may be chance; all older tests together decide.",
            **facts,
        )
    elif passed:
        text = message(
            "gate.older_test_lost",
            "{test} lost {points} points ({low} – {high}); allowed are {limit}.",
            **facts,
            limit=limit_shown(rules.tolerance),
        )
    else:
        text = message(
            "gate.older_test_lost_too_much",
            "{test} lost {points} points ({low} – {high}), more than the {limit} allowed.",
            **facts,
            limit=limit_shown(rules.tolerance),
        )
    return Rule(text, passed, figure, limit)


def judge_together(changes: Sequence[TestChange], rules: GateConfig) -> Rule | None:
    """All older tests as one against the tolerance, each by its rows; None where there is none."""
    rows = np.array([change.rows for change in changes], dtype=np.float64)
    if not len(rows):
        return None
    ends = np.array([[change.difference.low, change.difference.value, change.difference.high] for change in changes])
    shares = rows / rows.sum()
    low, high = combined(ends[:, 1], ends[:, 0], ends[:, 2], shares)
    figure, limit = 100 * float(shares @ ends[:, 1]), 0.0 - rules.tolerance
    text = message(
        "gate.older_tests_together",
        "All older tests together ({rows:,} rows) changed by {change} points ({low} – {high}); allowed is a loss of {limit}.",
        rows=int(rows.sum()),
        change=signed(figure, decimals_of(figure, limit)),
        low=signed(100 * low, 1),
        high=signed(100 * high, 1),
        limit=limit_shown(rules.tolerance),
    )
    return Rule(text, figure >= limit - ROUNDING, figure, limit)


def _not_sure(change: TestChange, figure: float, tolerance: float) -> Rule:
    """Measured, the loss would be allowed; its interval reaches beyond the limit."""
    text = message(
        "gate.older_test_not_sure",
        "{test} changed by {change} points, but its {rows} rows cannot rule out a loss of {worst} ({low} – {high}); "
        "allowed are {limit}.",
        test=change.name,
        change=signed(100 * change.difference.value, 1),
        rows=change.rows,
        worst=f"{-figure:.1f}",
        low=signed(100 * change.difference.low, 1),
        high=signed(100 * change.difference.high, 1),
        limit=limit_shown(tolerance),
    )
    return Rule(text, False, figure, 0.0 - tolerance, note=_what_would_help(change.rows, tolerance))


def _what_would_help(rows: int, tolerance: float) -> Message:
    if tolerance == 0:
        return message(
            "gate.zero_is_never_sure",
            "With a tolerance of 0 only a test that surely gained can pass. Allow some loss, or judge by the measured "
            "value.",
        )
    # The interval is narrowest when not one answer changed; then its half width is Z95 / (rows + 2).
    needed = math.ceil(100 * Z95 / tolerance) - 2
    if rows < needed:
        return message(
            "gate.test_too_small_to_be_sure",
            "A test of {rows} rows cannot be so sure even when not one answer changes; that takes at least {needed} "
            "rows. Allow a larger loss, or judge by the measured value.",
            rows=rows,
            needed=needed,
        )
    return message(
        "gate.more_rows_would_help",
        "More test rows would make it surer. Until there are some, allow a larger loss, or judge by the measured value.",
    )


def judge_newest(change: TestChange, rules: GateConfig) -> Rule:
    """The newest test against the least gain."""
    figure, limit = 100 * change.difference.value, rules.minimum_gain
    if change.rows < MINIMUM_ROWS:
        return _too_few(change, limit, "newest")
    passed, facts = figure >= limit - ROUNDING, _facts(change, limit)
    if not passed and limit > 0:
        text = message(
            "gate.newest_test_gained_too_little",
            "{test} changed by {change} points ({low} – {high}); it must gain at least {limit}.",
            test=change.name,
            change=signed(figure, decimals_of(figure, limit)),
            low=facts["low"],
            high=facts["high"],
            limit=limit_shown(limit),
        )
    elif abs(figure) < ROUNDING:
        text = _unchanged(facts)
    elif figure < 0:
        text = message(
            "gate.newest_test_lost",
            "{test} lost {points} points ({low} – {high}); the newest test must not lose.",
            **facts,
        )
    elif change.difference.low > 0:
        text = message("gate.newest_test_gained", "{test} gained {points} points ({low} – {high}).", **facts)
    else:
        text = message(
            "gate.newest_test_gained_perhaps",
            "{test} gained {points} points ({low} – {high}); the interval includes zero, so it may be chance.",
            **facts,
        )
    return Rule(text, passed, figure, limit, kind="newest")


def judge_calibration(change: CalibrationChange | None, rules: GateConfig) -> Rule:
    """The calibration error over all tests against its limit."""
    limit = rules.calibration_tolerance
    if change is None:
        text = message("gate.calibration_not_measured", "Calibration was not measured when this version was made.")
        return Rule(text, True, None, limit, judged=False, kind="calibration")
    if change.rows < MINIMUM_CALIBRATION_ROWS:
        text = message(
            "gate.calibration_too_few",
            "Calibration: too few test rows to judge ({rows}; at least {needed} are needed).",
            rows=change.rows,
            needed=MINIMUM_CALIBRATION_ROWS,
        )
        return Rule(text, True, 100 * change.difference.value, limit, judged=False, kind="calibration")
    figure = 100 * change.difference.value
    decimals = decimals_of(figure, limit)
    facts = {"before": f"{100 * change.before:.{decimals}f}", "after": f"{100 * change.after:.{decimals}f}"}
    facts |= {
        "low": signed(100 * change.difference.low, decimals),
        "high": signed(100 * change.difference.high, decimals),
    }
    passed = figure <= limit + ROUNDING
    if figure <= ROUNDING:
        text = message(
            "gate.calibration_kept",
            "The calibration error went from {before} to {after} points (change {low} – {high}).",
            **facts,
        )
    elif passed:
        text = message(
            "gate.calibration_worse",
            "The calibration error rose from {before} to {after} points (change {low} – {high}); allowed are {limit} more.",
            **facts,
            limit=limit_shown(limit),
        )
    else:
        text = message(
            "gate.calibration_too_much_worse",
            "The calibration error rose from {before} to {after} points (change {low} – {high}), by more than the "
            "{limit} allowed.",
            **facts,
            limit=limit_shown(limit),
        )
    return Rule(text, passed, figure, limit, kind="calibration")


def _unchanged(facts: Mapping[str, str]) -> Message:
    kept = {name: facts[name] for name in ("test", "low", "high")}
    return message("gate.unchanged", "{test} is as accurate as before (change {low} – {high} points).", **kept)


def _too_few(change: TestChange, limit: float, kind: RuleKind) -> Rule:
    facts = _facts(change, limit)
    text = message(
        "gate.too_few",
        "{test}: too few rows to judge ({rows}; at least {needed} are needed). It changed by {change} points "
        "({low} – {high}).",
        test=change.name,
        rows=change.rows,
        needed=MINIMUM_ROWS,
        change=signed(100 * change.difference.value, 1),
        low=facts["low"],
        high=facts["high"],
    )
    return Rule(text, True, 100 * change.difference.value, limit, judged=False, kind=kind)


def _facts(change: TestChange, limit: float) -> dict[str, str]:
    """The facts of a sentence: the size of the change without its sign, the ends of the interval with theirs."""
    points = 100 * change.difference.value
    decimals = decimals_of(points, limit)
    return {
        "test": change.name,
        "points": f"{abs(points):.{decimals}f}",
        "low": signed(100 * change.difference.low, decimals),
        "high": signed(100 * change.difference.high, decimals),
    }


def decimals_of(points: float, limit: float) -> int:
    """Fewest decimals that still show which side of the limit the figure is on, and that it is not zero."""
    for decimals in (1, 2, 3):
        shown = round(points, decimals)
        same_side = (shown >= round(limit, decimals)) == (points >= limit - ROUNDING)
        if same_side and (shown != 0 or abs(points) < ROUNDING):
            return decimals
    return 4


def limit_shown(limit: float) -> str:
    return f"{limit:.1f}" if round(limit, 1) == limit else f"{limit:g}"
