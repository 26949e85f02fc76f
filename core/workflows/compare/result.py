"""The result of a comparison as plain values: what is stored, shown on screen and printed by the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.base.messages import Message
from core.continual.families import family_of
from core.continual.methods import STRATEGIES
from core.workflows.compare.best import best_trade_off
from core.workflows.compare.figures import (
    FIGURES,
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
    best, why = best_trade_off(measured, differences)
    return {
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
        "R": np.mean([run.matrix for run in measured.runs], axis=0).tolist(),
        "R_macro_f1": np.mean([run.macro_f1 for run in measured.runs], axis=0).tolist(),
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
        return dict.fromkeys((*FIGURES, "seconds"))
    values = {figure: [run.figures[figure] for run in measured.runs] for figure in FIGURES}
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
        "R": run.matrix.tolist(),
        "R_macro_f1": run.macro_f1.tolist(),
    }
