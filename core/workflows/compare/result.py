"""The result of a comparison as plain values: what is stored, shown on screen and printed by the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.base.messages import Message
from core.continual.families import family_of
from core.continual.strategies import STRATEGIES
from core.workflows.compare.best import best_trade_off
from core.workflows.compare.figures import FIGURES, JOINT, Difference, Measured, Run, Tests, difference, known, measure
from core.workflows.compare.unit import Plan, UnitResult


def assemble(plan: Plan, results: Sequence[UnitResult], findings: Sequence[Message]) -> dict[str, Any]:
    """Everything that the units of a comparison say, without its id, name and request."""
    stream, tests = plan.stream, Tests.of(plan.stream)
    place = {name: number for number, name in enumerate(plan.own)}
    measured = measure(stream, sorted(results, key=lambda one: place[one.strategy]))
    differences = {
        (one.strategy, other.strategy): found
        for one in measured
        for other in measured
        if one is not other and (found := difference(tests, one, other)) is not None
    }
    joint = next((one for one in measured if one.strategy == JOINT), None)
    best, why = best_trade_off(measured, differences)
    return {
        "model": plan.model,
        "language": stream.language,
        "classes": list(stream.classes),
        "settings": plan.settings.flat(),
        "experiences": [
            {
                "name": one.name,
                "train": len(one.train[0]),
                "validation": len(one.validation[0]),
                "test": len(one.test[0]),
                "labels": one.labels,
            }
            for one in stream.experiences
        ],
        "strategies": [_strategy(plan, one, joint, differences) for one in measured],
        "best": {"strategy": best, "message": why.to_dict()},
        "findings": [finding.to_dict() for finding in findings],
    }


def _strategy(
    plan: Plan, one: Measured, joint: Measured | None, differences: Mapping[tuple[str, str], Difference]
) -> dict[str, Any]:
    return {
        "strategy": one.strategy,
        "family": family_of(STRATEGIES[one.strategy]),
        "settings": plan.own[one.strategy].model_dump(),
        **known(one.figures),
        "seconds": one.seconds,
        "seconds_ratio": one.seconds / joint.seconds if joint is not None else None,
        "memory_rows": float(np.mean([run.result.memory_rows for run in one.runs])),
        "memory_bytes": one.memory_bytes,
        "R": np.mean([run.matrix for run in one.runs], axis=0).tolist(),
        "R_macro_f1": np.mean([run.macro_f1 for run in one.runs], axis=0).tolist(),
        "spread": _spread(one),
        "intervals": {figure: list(ends) for figure, ends in one.intervals.items()},
        "per_class_forgetting": known(one.per_class),
        "against": {
            other: {"difference": [found.value, found.low, found.high], "p": found.p}
            for (name, other), found in differences.items()
            if name == one.strategy
        },
        "runs": [_run(plan, run) for run in one.runs],
    }


def _spread(one: Measured) -> dict[str, float | None]:
    """Standard deviation over the seeds; None for a single seed."""
    if len(one.runs) < 2:
        return dict.fromkeys((*FIGURES, "seconds"))
    values = {figure: [run.figures[figure] for run in one.runs] for figure in FIGURES}
    values["seconds"] = [run.seconds for run in one.runs]
    return known({name: float(np.std(several, ddof=1)) for name, several in values.items()})


def _run(plan: Plan, run: Run) -> dict[str, Any]:
    return {
        "seed": plan.seeded(run.result.number).training.seed,
        **known(run.figures),
        "seconds": run.seconds,
        "seconds_per_experience": list(run.result.seconds),
        "memory_rows": run.result.memory_rows,
        "memory_bytes": run.result.memory_bytes,
        "R": run.matrix.tolist(),
        "R_macro_f1": run.macro_f1.tolist(),
    }
