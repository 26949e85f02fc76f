"""Names the best trade-off of a comparison in words.

The rule: of all strategies whose average accuracy is not significantly below the highest one (the paired 95 % interval
of the difference includes 0), the one whose updates take the least time; of those within a tenth of that, the one that
keeps the fewest bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.base.messages import Message, message
from core.base.wording import points
from core.workflows.compare.figures import Difference, MeasuredStrategy

ALIKE = 1.1  # seconds that differ by less than a tenth are no difference on a machine that does other things, too


def best_trade_off(
    measured: Sequence[MeasuredStrategy], differences: Mapping[tuple[str, str], Difference]
) -> tuple[str, Message]:
    """The strategy's name, and why.

    Parameters
    ----------
    differences
        (one, other) → how much higher the first one's average accuracy is.
    """
    top = max(measured, key=lambda candidate: candidate.figures["average_accuracy"])
    level = [
        candidate
        for candidate in measured
        if candidate is top or _level(differences.get((candidate.strategy, top.strategy)))
    ]
    fastest = min(candidate.seconds for candidate in level)
    quick = [candidate for candidate in level if candidate.seconds <= ALIKE * fastest]
    best = min(quick, key=lambda candidate: (candidate.memory_bytes, candidate.seconds))
    return best.strategy, _why(best, top, len(level), len(measured), differences)


def _level(difference: Difference | None) -> bool:
    return difference is not None and difference.high >= 0


def _why(
    best: MeasuredStrategy,
    top: MeasuredStrategy,
    level: int,
    compared: int,
    differences: Mapping[tuple[str, str], Difference],
) -> Message:
    facts = {"strategy": best.strategy, **_facts(best)}
    if compared == 1:
        return message(
            "compare.best_only",
            "{strategy}: average accuracy {accuracy} %, forgetting {forgetting} points, updates {seconds} s. "
            "Nothing else was compared.",
            **facts,
        )
    if best is top and level == 1:
        return message(
            "compare.best_alone",
            "{strategy} is the best choice here: its average accuracy of {accuracy} % is clearly higher than that of "
            "all others (forgetting {forgetting} points, updates {seconds} s).",
            **facts,
        )
    if best is top:
        return message(
            "compare.best_top",
            "{strategy} is the best trade-off: it has the highest average accuracy, {accuracy} %, and of the {level} "
            "strategies that are level by their intervals none has notably faster updates ({seconds} s; forgetting "
            "{forgetting} points).",
            **facts,
            level=level,
        )
    gap = differences[(best.strategy, top.strategy)]
    return message(
        "compare.best_cheaper",
        "{strategy} is the best trade-off: its average accuracy of {accuracy} % is not clearly below the highest one "
        "({other}, {other_accuracy} %; difference {low} – {high} points), and its updates take {seconds} s instead of "
        "{other_seconds} s (forgetting {forgetting} points).",
        **facts,
        other=top.strategy,
        other_accuracy=_facts(top)["accuracy"],
        other_seconds=_facts(top)["seconds"],
        low=points(gap.low),
        high=points(gap.high),
    )


def _facts(measured: MeasuredStrategy) -> dict[str, str]:
    return {
        "accuracy": f"{100 * measured.figures['average_accuracy']:.1f}",
        "forgetting": points(measured.figures["forgetting"]).removeprefix("+"),
        "seconds": f"{measured.seconds:.1f}" if measured.seconds < 100 else f"{measured.seconds:.0f}",
    }
