"""The rule for strata, in the words of what a task calls them."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.messages import Message, message
from core.base.wording import signed
from core.continual.gate.evidence import Strata
from core.continual.gate.group_evidence import StratumChange
from core.continual.gate.rules import GateConfig, Rule
from core.continual.gate.sentences import ROUNDING, decimals_of, limit_shown
from core.statistics.intervals import MINIMUM_ROWS


def judge_strata(changes: tuple[StratumChange, ...] | None, rules: GateConfig, strata_are: Strata = "labels") -> Rule:
    """The strata of the older tests, worst first, against their limit; what they are called is in the sentences."""
    limit = 0.0 - rules.label_tolerance
    if changes is None:
        return Rule(_not_measured(strata_are), True, None, limit, judged=False, kind="labels")
    judged = sorted(
        (change for change in changes if change.rows >= MINIMUM_ROWS), key=lambda change: change.difference.value
    )
    few = [change.name for change in changes if change.rows < MINIMUM_ROWS]
    if not judged:
        return Rule(_too_few(strata_are), True, None, limit, judged=False, kind="labels")
    figure = 100 * judged[0].difference.value
    failed = [change for change in judged if 100 * change.difference.value < limit - ROUNDING]
    text = _sentence(judged, failed, rules.label_tolerance, strata_are)
    note = _not_judged(few, strata_are) if few else None
    return Rule(text, not failed, figure, limit, kind="labels", note=note)


def _sentence(
    judged: Sequence[StratumChange], failed: Sequence[StratumChange], tolerance: float, strata_are: Strata
) -> Message:
    """How the judged strata did; they stand in order, the worst first."""
    worst = judged[0]
    points = 100 * worst.difference.value
    if len(failed) > 1:
        return _several_lost(failed, limit_shown(tolerance), strata_are)
    if points > -ROUNDING:
        return _kept(len(judged), strata_are)
    decimals = decimals_of(points, -tolerance)
    facts: dict[str, str | int] = {
        "label": worst.name,
        "points": f"{-points:.{decimals}f}",
        "low": signed(100 * worst.difference.low, decimals),
        "high": signed(100 * worst.difference.high, decimals),
        "rows": worst.rows,
        "limit": limit_shown(tolerance),
    }
    return _lost_too_much(facts, strata_are) if failed else _lost_most(facts, strata_are)


def _not_measured(strata_are: Strata) -> Message:
    if strata_are == "types":
        return message("gate.types_not_measured", "Single types were not measured when this version was made.")
    return message("gate.labels_not_measured", "Single labels were not measured when this version was made.")


def _too_few(strata_are: Strata) -> Message:
    if strata_are == "types":
        return message(
            "gate.types_too_few",
            "No type has {needed} entities on the older tests, so none can be judged by itself.",
            needed=MINIMUM_ROWS,
        )
    return message(
        "gate.labels_too_few",
        "No label has {needed} rows on the older tests, so none can be judged by itself.",
        needed=MINIMUM_ROWS,
    )


def _not_judged(names: list[str], strata_are: Strata) -> Message:
    if strata_are == "types":
        return message(
            "gate.types_not_judged",
            "With fewer than {needed} entities there, these types are not judged: {types}.",
            needed=MINIMUM_ROWS,
            types=names,
        )
    return message(
        "gate.labels_not_judged",
        "With fewer than {needed} rows there, these labels are not judged: {labels}.",
        needed=MINIMUM_ROWS,
        labels=names,
    )


def _several_lost(failed: Sequence[StratumChange], limit: str, strata_are: Strata) -> Message:
    names = [f"{change.name} {signed(100 * change.difference.value, 1)}" for change in failed]
    if strata_are == "types":
        return message(
            "gate.types_lost_too_much",
            "{count} types lost more than the {limit} points of recall allowed: {types}.",
            count=len(failed),
            limit=limit,
            types=names,
        )
    return message(
        "gate.labels_lost_too_much",
        "{count} labels lost more than the {limit} points of recall allowed: {labels}.",
        count=len(failed),
        limit=limit,
        labels=names,
    )


def _kept(count: int, strata_are: Strata) -> Message:
    if strata_are == "types":
        return message("gate.types_kept", "No type lost recall on the older tests; judged were {count}.", count=count)
    return message("gate.labels_kept", "No label lost recall on the older tests; judged were {count}.", count=count)


def _lost_too_much(facts: dict[str, str | int], strata_are: Strata) -> Message:
    if strata_are == "types":
        return message(
            "gate.type_lost_too_much",
            "Type “{label}” lost {points} points of recall on {rows} older entities ({low} – {high}), more than the {limit} "
            "allowed.",
            **facts,
        )
    return message(
        "gate.label_lost_too_much",
        "Label “{label}” lost {points} points of recall on {rows} older rows ({low} – {high}), more than the {limit} "
        "allowed.",
        **facts,
    )


def _lost_most(facts: dict[str, str | int], strata_are: Strata) -> Message:
    if strata_are == "types":
        return message(
            "gate.type_lost",
            "Of all types “{label}” lost most: {points} points of recall on {rows} older entities ({low} – {high}); allowed "
            "are {limit}.",
            **facts,
        )
    return message(
        "gate.label_lost",
        "Of all labels “{label}” lost most: {points} points of recall on {rows} older rows ({low} – {high}); allowed are "
        "{limit}.",
        **facts,
    )
