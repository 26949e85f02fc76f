"""What the units of a comparison answered, as figures: matrices, measures, intervals, and tests between strategies.

Knows nothing of training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.continual.matrix import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_stratum,
    forward_transfer,
    intransigence,
    plasticity,
)
from core.registry.records.comparisons import average_of
from core.statistics.additive import Score
from core.statistics.intervals import Floats
from core.statistics.paired import mcnemar_of_runs
from core.statistics.permutation import exchanged_runs
from core.statistics.resampling import enclosing, resampled_means, resampled_scores
from core.tasks import Task
from core.workflows.compare.streams import ComparisonStream
from core.workflows.compare.unit import UnitResult

JOINT = "joint"
CHANGES = ("forgetting", "plasticity", "backward_transfer", "forward_transfer", "intransigence")


def figures_of(task: Task) -> tuple[str, ...]:
    """The names of all figures of a comparison; the first, by which strategies are compared, is of the deciding score."""
    return (*(average_of(score.name) for score in task.scores), *CHANGES)


@dataclass(frozen=True, eq=False)
class Tests:
    """The targets of every frozen test, in the order of the units' answers; ``classes`` are the models' outputs."""

    # The name is the field's; this keeps pytest from taking the class for a test case.
    __test__ = False

    task: Task
    truth: tuple[list[str], ...]
    classes: tuple[str, ...]

    @staticmethod
    def of(stream: ComparisonStream) -> Tests:
        return Tests(stream.task, tuple(list(each.test[1]) for each in stream.experiences), stream.classes)

    def answered(self, result: UnitResult) -> list[list[list[str]]]:
        """For each test, what is answered to its rows at random start and after each experience, as far as it can judge that."""
        names = result.answers or self.classes
        table = np.concatenate([result.start[None], result.predicted])
        ends = np.cumsum([len(truth) for truth in self.truth])[:-1]
        return [
            [self.task.judged([names[number] for number in row], truth) for row in part.tolist()]
            for part, truth in zip(np.split(table, ends, axis=1), self.truth, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Run:
    """One unit's figures; undefined ones are nan.

    Parameters
    ----------
    matrices
        R by its score, ``(T, T)`` each; the first is of the deciding score.
    worth
        For each test what its rows are worth (`Task.worth`) at random start and after each experience, ``(1 + T, rows, …)``.
    last
        For each test the answers to its rows after the last experience.
    """

    result: UnitResult
    matrices: dict[str, Floats]
    figures: dict[str, float]
    worth: list[NDArray[Any]]
    last: list[list[str]]

    @property
    def matrix(self) -> Floats:
        """R of the deciding score."""
        return next(iter(self.matrices.values()))

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
        The deciding score's average of each run on redrawn rows, ``(resamples, runs)``; the same rows for all strategies.
    per_class
        Forgetting of each label or type of entities, mean over the runs; nan where undefined.
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
    """How much higher one strategy's average score is than another's, with its paired 95 % interval and the p-value of
    McNemar's test, or where the score is no rate of a test by exchange.
    """

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
        run = _run(tests, result, {})
        resampled = _redrawn([part[1:] for part in run.worth], tests.task.score)
        references[result.number] = _Reference(np.diagonal(run.matrix), np.diagonal(resampled, axis1=1, axis2=2))
    return references


def _measure(tests: Tests, results: Sequence[UnitResult], references: Mapping[int, _Reference]) -> MeasuredStrategy:
    runs = tuple(_run(tests, result, references) for result in results)
    names = figures_of(tests.task)
    figures = {figure: float(np.mean([run.figures[figure] for run in runs])) for figure in names}
    samples = [_resample(tests, run, references) for run in runs]
    intervals = {}
    for figure, value in figures.items():
        drawn = np.mean([sample[figure] for sample in samples], axis=0)
        if not np.isnan(drawn).any():
            intervals[figure] = enclosing(value, drawn)
    classes = np.mean([_per_class(tests, run) for run in runs], axis=0)
    return MeasuredStrategy(
        strategy=results[0].strategy,
        runs=runs,
        figures=figures,
        intervals=intervals,
        resampled=np.stack([sample[names[0]] for sample in samples], axis=1),
        per_class=dict(zip(tests.task.named(tests.classes), classes.tolist(), strict=True)),
    )


def _run(tests: Tests, result: UnitResult, references: Mapping[int, _Reference]) -> Run:
    task, answered = tests.task, tests.answered(result)
    parts = list(zip(tests.truth, answered, strict=True))
    scores = [[task.scored(truth, row, tests.classes) for row in rows] for truth, rows in parts]
    whole = {
        score.name: np.array([[each[score.name] for each in test] for test in scores]).T for score in task.scores
    }  # (random start and experiences, tests)
    reference = references.get(result.number)
    start = whole[task.score.name][0]
    matrices = {name: table[1:] for name, table in whole.items()}
    changes = _changes(matrices[task.score.name], start, reference.scores if reference is not None else None)
    averages = {average_of(score.name): average_accuracy(matrices[score.name]) for score in task.scores}
    figures = {name: float(value) for name, value in (averages | changes).items()}
    worth = [np.stack([task.worth(truth, row) for row in rows]) for truth, rows in parts]
    return Run(result, matrices, figures, worth, [rows[-1] for rows in answered])


def _resample(tests: Tests, run: Run, references: Mapping[int, _Reference]) -> dict[str, Floats]:
    """Every figure of one run on redrawn rows, each ``(resamples,)``."""
    decisive, *further = tests.task.scores
    scores = _redrawn(run.worth, decisive)  # (resamples, random start and experiences, tests)
    reference = references.get(run.result.number)
    changes = _changes(scores[:, 1:], scores[:, 0], reference.resampled if reference is not None else None)
    averages = {average_of(decisive.name): average_accuracy(scores[:, 1:])}
    if further:
        rows = [
            [tests.task.counted(truth, row, tests.classes)] for truth, row in zip(tests.truth, run.last, strict=True)
        ]
        averages |= {average_of(score.name): resampled_scores(rows, score)[:, 0].mean(axis=1) for score in further}
    return averages | changes


def _redrawn(worth: Sequence[NDArray[Any]], score: Score) -> Floats:
    """The deciding score on redrawn rows, ``(resamples, models, tests)``; see `Run` for ``worth``."""
    if score.rate is not None:
        return resampled_means(worth)
    return resampled_scores([list(part) for part in worth], score)


def _changes(matrix: Floats, start: Floats, reference: Floats | None) -> dict[str, Floats]:
    """`CHANGES` of a matrix, or of each of a stack."""
    return {
        "forgetting": forgetting(matrix),
        "plasticity": plasticity(matrix),
        "backward_transfer": backward_transfer(matrix),
        "forward_transfer": forward_transfer(matrix, start),
        "intransigence": intransigence(matrix, reference)
        if reference is not None
        else np.full(matrix.shape[:-2], np.nan),
    }


def _per_class(tests: Tests, run: Run) -> Floats:
    """Forgetting of each label, or of each type of entities: of its recall."""
    number = {name: position for position, name in enumerate(tests.task.named(tests.classes))}
    recall = np.full((len(tests.truth), len(tests.truth), len(number)), np.nan)  # (experiences, tests, names)
    rows = np.zeros((len(tests.truth), len(number)))
    for test, (truth, worth) in enumerate(zip(tests.truth, run.worth, strict=True)):
        for name, support, hits in _found(tests.task, truth, worth[1:]):
            rows[test, number[name]] = support
            recall[:, test, number[name]] = hits / support
    return forgetting_per_stratum(recall, rows)


def _found(task: Task, truth: Sequence[str], worth: NDArray[Any]) -> list[tuple[str, float, NDArray[Any]]]:
    """Each name that the task tells apart in a test's rows, how many have it, and how many of these each model found."""
    recalled = task.found(truth, worth)
    if recalled is None:
        return []
    names, support, hits = recalled
    return list(zip(names, support, hits.T, strict=True))


def difference(tests: Tests, first: MeasuredStrategy, second: MeasuredStrategy) -> Difference | None:
    """One strategy minus the other, over the seeds that both have finished; None when there is no such seed."""
    shared = [number for number in first.numbers if number in second.numbers]
    if not shared:
        return None
    score = tests.task.score
    average = average_of(score.name)
    mine, theirs = ([own.numbers.index(number) for number in shared] for own in (first, second))
    value = np.mean([first.runs[a].figures[average] for a in mine]) - np.mean(
        [second.runs[b].figures[average] for b in theirs]
    )
    drawn = first.resampled[:, mine].mean(axis=1) - second.resampled[:, theirs].mean(axis=1)
    low, high = enclosing(float(value), drawn)
    before, after = (
        [[part[-1] for part in own.runs[run].worth] for run in runs] for own, runs in ((second, theirs), (first, mine))
    )  # for each run and each test, what its rows are worth after the last experience
    if score.rate is not None:
        chance = mcnemar_of_runs(*(np.stack([np.concatenate(run) for run in runs]) for runs in (before, after)))
    else:
        chance = exchanged_runs(before, after, score)
    return Difference(float(value), low, high, chance)


def known(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None in the place of nan, which JSON does not have."""
    return {name: None if math.isnan(value) else float(value) for name, value in figures.items()}
