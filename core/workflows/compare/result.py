"""The result of a comparison as plain values: what is stored, shown on screen and printed by the command line.

The best trade-off: of all strategies whose average of the deciding score, such as accuracy, is not significantly below the
highest one (the paired 95 % interval of the difference includes 0), the one whose updates take the least time; of those within a
tenth of that, the one that keeps the fewest bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.base.messages import Message, message
from core.base.wording import points
from core.continual.families import family_of
from core.continual.methods import STRATEGIES
from core.registry.records.comparisons import average_of
from core.statistics.additive import Score
from core.statistics.intervals import Floats
from core.workflows.compare.figures import (
    JOINT,
    Difference,
    MeasuredStrategy,
    Run,
    Tests,
    difference,
    known,
    measure,
)
from core.workflows.compare.unit import Plan, UnitResult

ALIKE = 1.1  # seconds that differ by less than a tenth are no difference on a machine that does other things, too


def best_trade_off(
    measured: Sequence[MeasuredStrategy], differences: Mapping[tuple[str, str], Difference], score: Score
) -> tuple[str, Message]:
    """The strategy's name, and why.

    Parameters
    ----------
    differences
        (one, other) → how much higher the first one's average score is.
    score
        The score that decides.
    """
    top = max(measured, key=lambda candidate: candidate.figures[average_of(score.name)])
    level = [
        candidate
        for candidate in measured
        if candidate is top or _level(differences.get((candidate.strategy, top.strategy)))
    ]
    fastest = min(candidate.seconds for candidate in level)
    quick = [candidate for candidate in level if candidate.seconds <= ALIKE * fastest]
    best = min(quick, key=lambda candidate: (candidate.memory_bytes, candidate.seconds))
    return best.strategy, _why(best, top, len(level), len(measured), differences, score)


def _level(difference: Difference | None) -> bool:
    return difference is not None and difference.high >= 0


def _why(
    best: MeasuredStrategy,
    top: MeasuredStrategy,
    level: int,
    compared: int,
    differences: Mapping[tuple[str, str], Difference],
    score: Score,
) -> Message:
    facts = {"strategy": best.strategy, "score": score.name, **_facts(best, score)}
    if compared == 1:
        return message(
            "compare.best_only",
            "{strategy}: average {score} {value} %, forgetting {forgetting} points, updates {seconds} s. "
            "Nothing else was compared.",
            **facts,
        )
    if best is top and level == 1:
        return message(
            "compare.best_alone",
            "{strategy} is the best choice here: its average {score} of {value} % is clearly higher than that of "
            "all others (forgetting {forgetting} points, updates {seconds} s).",
            **facts,
        )
    if best is top:
        return message(
            "compare.best_top",
            "{strategy} is the best trade-off: it has the highest average {score}, {value} %, and of the {level} "
            "strategies that are level by their intervals none has notably faster updates ({seconds} s; forgetting "
            "{forgetting} points).",
            **facts,
            level=level,
        )
    gap = differences[(best.strategy, top.strategy)]
    return message(
        "compare.best_cheaper",
        "{strategy} is the best trade-off: its average {score} of {value} % is not clearly below the highest one "
        "({other}, {other_value} %; difference {low} – {high} points), and its updates take {seconds} s instead of "
        "{other_seconds} s (forgetting {forgetting} points).",
        **facts,
        other=top.strategy,
        other_value=_facts(top, score)["value"],
        other_seconds=_facts(top, score)["seconds"],
        low=points(gap.low),
        high=points(gap.high),
    )


def _facts(measured: MeasuredStrategy, score: Score) -> dict[str, str]:
    return {
        "value": f"{100 * measured.figures[average_of(score.name)]:.1f}",
        "forgetting": points(measured.figures["forgetting"]).removeprefix("+"),
        "seconds": f"{measured.seconds:.1f}" if measured.seconds < 100 else f"{measured.seconds:.0f}",
    }


def assemble(plan: Plan, results: Sequence[UnitResult], findings: Sequence[Message]) -> dict[str, Any]:
    """Everything that the units of a comparison say, without its id, name and request."""
    stream, tests = plan.stream, Tests.of(plan.stream)
    order = {name: number for number, name in enumerate(plan.own)}
    measured = measure(stream, sorted(results, key=lambda result: order[result.strategy]))
    differences = {
        (first.strategy, second.strategy): gap
        for first in measured
        for second in measured
        if first is not second and (gap := difference(tests, first, second)) is not None
    }
    joint = next((strategy for strategy in measured if strategy.strategy == JOINT), None)
    best, why = best_trade_off(measured, differences, stream.task.score)
    return {
        "task": stream.task.name,
        "score": stream.task.score.name,
        "model": plan.model,
        "language": stream.language,
        "classes": list(stream.classes),
        "settings": plan.settings.flat(),
        "experiences": [
            {
                "name": experience.name,
                "train": len(experience.train[0]),
                "validation": len(experience.validation[0]),
                "test": len(experience.test[0]),
                "labels": experience.labels,
            }
            for experience in stream.experiences
        ],
        "strategies": [_strategy(plan, strategy, joint, differences) for strategy in measured],
        "best": {"strategy": best, "message": why.to_dict()},
        "findings": [finding.to_dict() for finding in findings],
    }


def _strategy(
    plan: Plan,
    measured: MeasuredStrategy,
    joint: MeasuredStrategy | None,
    differences: Mapping[tuple[str, str], Difference],
) -> dict[str, Any]:
    return {
        "strategy": measured.strategy,
        "family": family_of(STRATEGIES[measured.strategy]),
        "settings": plan.own[measured.strategy].model_dump(),
        **known(measured.figures),
        "seconds": measured.seconds,
        "seconds_ratio": measured.seconds / joint.seconds if joint is not None else None,
        "memory_rows": float(np.mean([run.result.memory_rows for run in measured.runs])),
        "memory_bytes": measured.memory_bytes,
        **_matrices(
            {name: np.mean([run.matrices[name] for run in measured.runs], axis=0) for name in measured.runs[0].matrices}
        ),
        "spread": _spread(measured),
        "intervals": {figure: list(ends) for figure, ends in measured.intervals.items()},
        "per_class_forgetting": known(measured.per_class),
        "against": {
            other: {"difference": [gap.value, gap.low, gap.high], "p": gap.p}
            for (name, other), gap in differences.items()
            if name == measured.strategy
        },
        "runs": [_run(plan, run) for run in measured.runs],
    }


def _spread(measured: MeasuredStrategy) -> dict[str, float | None]:
    """Standard deviation over the seeds; None for a single seed."""
    if len(measured.runs) < 2:
        return dict.fromkeys((*measured.figures, "seconds"))
    values = {figure: [run.figures[figure] for run in measured.runs] for figure in measured.figures}
    values["seconds"] = [run.seconds for run in measured.runs]
    return known({name: float(np.std(several, ddof=1)) for name, several in values.items()})


def _run(plan: Plan, run: Run) -> dict[str, Any]:
    return {
        "seed": plan.seeded(run.result.number).training.seed,
        **known(run.figures),
        "seconds": run.seconds,
        "seconds_per_experience": list(run.result.seconds),
        "memory_rows": run.result.memory_rows,
        "memory_bytes": run.result.memory_bytes,
        **_matrices(run.matrices),
    }


def _matrices(matrices: Mapping[str, Floats]) -> dict[str, Any]:
    """``R`` is of the deciding score; that of any other bears its name, as in ``R_macro_f1``."""
    decisive, *further = matrices.items()
    return {"R": decisive[1].tolist(), **{f"R_{name}": matrix.tolist() for name, matrix in further}}
