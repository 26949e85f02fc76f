"""What the units of a comparison answered, as figures: matrices, measures, intervals, and tests between strategies.

Knows nothing of training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.continual.matrix import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_stratum,
    forward_transfer,
    intransigence,
    plasticity,
)
from core.statistics.intervals import Floats
from core.statistics.paired import mcnemar_of_runs
from core.statistics.resampling import enclosing, resampled_means
from core.tasks.text_classification.pairs import resampled_macro_f1
from core.tasks.text_classification.scores import macro_f1
from core.workflows.compare.streams import ComparisonStream
from core.workflows.compare.unit import UnitResult

JOINT = "joint"
FIGURES = (
    "average_accuracy",
    "average_macro_f1",
    "forgetting",
    "plasticity",
    "backward_transfer",
    "forward_transfer",
    "intransigence",
)


@dataclass(frozen=True, eq=False)
class Tests:
    """The true class numbers of every frozen test, in the order of the units' answers."""

    # The name is the field's; this keeps pytest from taking the class for a test case.
    __test__ = False

    truth: tuple[np.ndarray, ...]
    classes: tuple[str, ...]

    @staticmethod
    def of(stream: ComparisonStream) -> Tests:
        number = {name: position for position, name in enumerate(stream.classes)}
        truth = (
            np.array([number[name] for name in experience.test[1]], dtype=np.int64) for experience in stream.experiences
        )
        return Tests(tuple(truth), stream.classes)

    def cut(self, answers: np.ndarray) -> list[np.ndarray]:
        """Answers ``(…, rows of all tests)`` as one array for each test."""
        return np.split(answers, np.cumsum([len(true) for true in self.truth])[:-1], axis=-1)

    def right(self, answers: np.ndarray) -> list[np.ndarray]:
        """For each test, whether each answer is right."""
        return [part == true for part, true in zip(self.cut(answers), self.truth, strict=True)]


@dataclass(frozen=True, eq=False)
class Run:
    """One unit's figures: ``matrix`` and ``macro_f1`` are R, shape ``(T, T)``; undefined figures are nan."""

    result: UnitResult
    matrix: Floats
    macro_f1: Floats
    figures: dict[str, float]

    @property
    def seconds(self) -> float:
        """Of all updates."""
        return sum(self.result.seconds)


@dataclass(frozen=True, eq=False)
class MeasuredStrategy:
    """One strategy: its runs in the order of their seeds, and what its figures might have been on other test rows.

    Parameters
    ----------
    figures
        Means over the runs; nan where undefined.
    intervals
        95 % intervals of the figures that are defined.
    resampled
        Average accuracy of each run on redrawn rows, ``(resamples, runs)``; the same rows for all strategies.
    per_class
        Forgetting of each class, mean over the runs; nan where undefined.
    """

    strategy: str
    runs: tuple[Run, ...]
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    resampled: Floats
    per_class: dict[str, float]

    @property
    def numbers(self) -> list[int]:
        return [run.result.number for run in self.runs]

    @property
    def seconds(self) -> float:
        return float(np.mean([run.seconds for run in self.runs]))

    @property
    def memory_bytes(self) -> float:
        return float(np.mean([run.result.memory_bytes for run in self.runs]))


@dataclass(frozen=True)
class Difference:
    """How much higher one strategy's average accuracy is than another's, with its paired 95 % interval and McNemar's p."""

    value: float
    low: float
    high: float
    p: float


def measure(stream: ComparisonStream, results: Sequence[UnitResult]) -> list[MeasuredStrategy]:
    """Figures of all strategies that have a result, in the order of their first one."""
    tests = Tests.of(stream)
    names = list(dict.fromkeys(result.strategy for result in results))
    ordered = {
        name: sorted((result for result in results if result.strategy == name), key=lambda result: result.number)
        for name in names
    }
    references = _references(tests, ordered.get(JOINT, ()))
    return [_measure(tests, ordered[name], references) for name in names]


@dataclass(frozen=True, eq=False)
class _Reference:
    """A joint run's scores on each test just after its experience: ``(T,)``, and on redrawn rows ``(resamples, T)``."""

    scores: Floats
    resampled: Floats


def _references(tests: Tests, joint: Sequence[UnitResult]) -> dict[int, _Reference]:
    references = {}
    for result in joint:
        right = tests.right(result.predicted)
        resampled = resampled_means(right)
        diagonal = np.array([part[number].mean() for number, part in enumerate(right)])
        references[result.number] = _Reference(diagonal, np.diagonal(resampled, axis1=1, axis2=2))
    return references


def _measure(tests: Tests, results: Sequence[UnitResult], references: Mapping[int, _Reference]) -> MeasuredStrategy:
    runs = tuple(_run(tests, result, references) for result in results)
    figures = {figure: float(np.mean([run.figures[figure] for run in runs])) for figure in FIGURES}
    samples = [_resample(tests, result, references) for result in results]
    intervals = {}
    for figure, value in figures.items():
        drawn = np.mean([sample[figure] for sample in samples], axis=0)
        if not np.isnan(drawn).any():
            intervals[figure] = enclosing(value, drawn)
    classes = np.mean([_per_class(tests, result) for result in results], axis=0)
    return MeasuredStrategy(
        strategy=results[0].strategy,
        runs=runs,
        figures=figures,
        intervals=intervals,
        resampled=np.stack([sample["average_accuracy"] for sample in samples], axis=1),
        per_class=dict(zip(tests.classes, classes.tolist(), strict=True)),
    )


def _run(tests: Tests, result: UnitResult, references: Mapping[int, _Reference]) -> Run:
    matrix = np.stack([part.mean(axis=1) for part in tests.right(result.predicted)], axis=1)
    start = np.array([part.mean() for part in tests.right(result.start)])
    count = len(tests.classes)
    f1 = [
        [macro_f1(true, row, count) for row in part]
        for part, true in zip(tests.cut(result.predicted), tests.truth, strict=True)
    ]
    reference = references.get(result.number)
    figures = _figures(matrix, start, reference.scores if reference is not None else None)
    macro = np.array(f1).T
    measured = {**figures, "average_macro_f1": average_accuracy(macro)}
    return Run(result, matrix, macro, {figure: float(value) for figure, value in measured.items()})


def _resample(tests: Tests, result: UnitResult, references: Mapping[int, _Reference]) -> dict[str, Floats]:
    """Every figure of one run on redrawn rows, each ``(resamples,)``."""
    answers = np.concatenate([result.start[None], result.predicted])
    accuracy = resampled_means(tests.right(answers))  # (resamples, random start and experiences, tests)
    reference = references.get(result.number)
    resampled = _figures(accuracy[:, 1:], accuracy[:, 0], reference.resampled if reference is not None else None)
    last = resampled_macro_f1(tests.truth, tests.cut(result.predicted[-1:]), len(tests.classes))
    return {**resampled, "average_macro_f1": last[:, 0].mean(axis=1)}


def _figures(matrix: Floats, start: Floats, reference: Floats | None) -> dict[str, Floats]:
    """Every figure of a matrix, or of each of a stack."""
    return {
        "average_accuracy": average_accuracy(matrix),
        "forgetting": forgetting(matrix),
        "plasticity": plasticity(matrix),
        "backward_transfer": backward_transfer(matrix),
        "forward_transfer": forward_transfer(matrix, start),
        "intransigence": intransigence(matrix, reference)
        if reference is not None
        else np.full(matrix.shape[:-2], np.nan),
    }


def _per_class(tests: Tests, result: UnitResult) -> Floats:
    count = len(tests.classes)
    rows = np.stack([np.bincount(true, minlength=count) for true in tests.truth])
    hits = np.stack(
        [
            [np.bincount(true[answer], minlength=count) for answer in part]
            for part, true in zip(tests.right(result.predicted), tests.truth, strict=True)
        ],
        axis=1,
    )  # (experiences, tests, classes)
    recall = np.divide(hits, rows, out=np.full(hits.shape, np.nan), where=rows > 0)
    return forgetting_per_stratum(recall, rows)


def difference(tests: Tests, first: MeasuredStrategy, second: MeasuredStrategy) -> Difference | None:
    """One strategy minus the other, over the seeds that both have finished; None when there is no such seed."""
    shared = [number for number in first.numbers if number in second.numbers]
    if not shared:
        return None
    mine, theirs = ([own.numbers.index(number) for number in shared] for own in (first, second))
    value = np.mean([first.runs[a].figures["average_accuracy"] for a in mine]) - np.mean(
        [second.runs[b].figures["average_accuracy"] for b in theirs]
    )
    drawn = first.resampled[:, mine].mean(axis=1) - second.resampled[:, theirs].mean(axis=1)
    low, high = enclosing(float(value), drawn)
    before, after = (
        np.stack([np.concatenate(tests.right(own.runs[run].result.predicted[-1])) for run in runs])
        for own, runs in ((second, theirs), (first, mine))
    )
    return Difference(float(value), low, high, mcnemar_of_runs(before, after))


def known(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None in the place of nan, which JSON does not have."""
    return {name: None if math.isnan(value) else float(value) for name, value in figures.items()}
