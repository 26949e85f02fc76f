"""Rules for groups of people: no group may lose much, and the gap between groups may not widen much.

In force only where a model is watched for that; which rows are in which group, and what the gap is of, is told from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.messages import Message, message
from core.base.wording import signed
from core.continual.gate.group_evidence import GapChange, GapMeasure, GroupEvidence
from core.continual.gate.rules import GateConfig, Rule
from core.continual.gate.sentences import ROUNDING, decimals_of, limit_shown
from core.statistics.intervals import MINIMUM_ROWS


def judge_groups(evidence: GroupEvidence, rules: GateConfig) -> Rule:
    """The groups, worst first, against their limit."""
    limit = 0.0 - rules.group_tolerance
    judged = sorted(
        (change for change in evidence.groups if change.rows >= MINIMUM_ROWS), key=lambda each: each.difference.value
    )
    few = [change.name for change in evidence.groups if 0 < change.rows < MINIMUM_ROWS]
    note = None
    if few:
        note = message(
            "gate.groups_not_judged",
            "With fewer than {needed} rows in the older tests, these groups are not judged: {groups}.",
            needed=MINIMUM_ROWS,
            groups=few,
        )
    if not judged:
        text = message(
            "gate.groups_too_few",
            "No group of people has {needed} rows in the older tests, so none can be judged.",
            needed=MINIMUM_ROWS,
        )
        return Rule(text, True, None, limit, judged=False, kind="groups", note=note)
    worst = judged[0].difference
    figure = 100 * worst.value
    passed = figure >= limit - ROUNDING
    decimals = decimals_of(figure, limit)
    facts = {
        "group": judged[0].name,
        "points": f"{abs(figure):.{decimals}f}",
        "low": signed(100 * worst.low, decimals),
        "high": signed(100 * worst.high, decimals),
        "rows": judged[0].rows,
        "limit": limit_shown(rules.group_tolerance),
    }
    return Rule(_of_groups(facts, len(judged), figure, passed=passed), passed, figure, limit, kind="groups", note=note)


def _of_groups(facts: Mapping[str, Any], count: int, figure: float, *, passed: bool) -> Message:
    if figure > -ROUNDING:
        return message("gate.groups_kept", "No group of people lost accuracy; judged were {count}.", count=count)
    if passed:
        return message(
            "gate.group_lost",
            "The group “{group}” lost most, {points} points of accuracy on {rows} rows ({low} – {high}); allowed are {limit}.",
            **facts,
        )
    return message(
        "gate.group_lost_too_much",
        "The group “{group}” lost {points} points of accuracy on {rows} rows ({low} – {high}), more than the {limit} allowed.",
        **facts,
    )


def judge_gap(change: GapChange | None, rules: GateConfig) -> Rule:
    """The gap between groups against the widening that is allowed."""
    limit = rules.gap_tolerance
    if change is None:
        text = message(
            "gate.gap_too_few",
            "In the older tests fewer than two groups have {needed} rows that count, so the gap between groups cannot be judged.",
            needed=MINIMUM_ROWS,
        )
        return Rule(text, True, None, limit, judged=False, kind="gap")
    figure = 100 * change.difference.value
    decimals, passed = decimals_of(figure, limit), figure <= limit + ROUNDING
    facts = {
        "before": f"{100 * change.before:.{decimals}f}",
        "after": f"{100 * change.after:.{decimals}f}",
        "low": signed(100 * change.difference.low, decimals),
        "high": signed(100 * change.difference.high, decimals),
        "groups": change.groups,
    }
    text = _of_gap(change.measure, facts)
    note = None
    if not passed:
        note = message(
            "gate.gap_widened_too_much",
            "It may widen by at most {limit} points; an update that treats groups so differently needs a reason.",
            limit=limit_shown(limit),
        )
    return Rule(text, passed, figure, limit, kind="gap", note=note)


def _of_gap(measure: GapMeasure, facts: Mapping[str, Any]) -> Message:
    match measure:
        case "fpr":
            return message(
                "gate.gap_fpr",
                "Between {groups} groups, false positives were {before} points apart before and {after} after ({low} – {high}).",
                **facts,
            )
        case "tpr":
            return message(
                "gate.gap_tpr",
                "Between {groups} groups, true positives were {before} points apart before and {after} after ({low} – {high}).",
                **facts,
            )
        case "selection":
            return message(
                "gate.gap_selection",
                "Between {groups} groups, positive answers were {before} points apart before and {after} after ({low} – {high}).",
                **facts,
            )
    return message(
        "gate.gap_accuracy",
        "Between {groups} groups, accuracy was {before} points apart before and {after} after ({low} – {high}).",
        **facts,
    )
