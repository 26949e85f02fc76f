"""A learning curve: what a version's model and settings reach with a part of its rows, measured on its frozen tests.

Makes no version. Every point is a training from the beginning on rows drawn alike from each label, smaller draws being
part of larger ones; the validation rows, which choose the best epoch, are the version's own for all points.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from core.base.errors import DataError, ModelError
from core.base.events import Advanced, CheckpointDue, Ended, StageStarted
from core.base.messages import Message, message
from core.continual.methods import FINETUNE, STRATEGIES, StrategyConfig
from core.continual.strategies import ClosedForm
from core.networks.architectures.blend import BLEND
from core.registry import VersionInfo
from core.registry.records import CurveStore, about_version
from core.statistics.learning_curve import (
    Point,
    expected_seconds,
    judge_curve,
    last_gain,
    measure_point,
    runs_for,
    worthwhile_shares,
)
from core.tasks.text_classification.reported import require_labels
from core.tasks.text_classification.row_statistics import ACCURACY, answered, averages
from core.tasks.text_classification.tree import numbers_as_known
from core.workflows.learn.learning import Answers, ShouldStop, answers, first_lesson, learned_shares
from core.workflows.repeat.request import CurveRequest
from core.workflows.requests import Settings, resolve_settings, resolve_update
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Labelled, read_past
from core.workflows.workspace import Workspace

LEARNING_BEGINS, LEARNING_ENDS = 0.02, 0.99  # of the whole job


@dataclass(frozen=True)
class CurveDone(Ended):
    """The last event: the version whose curve it is, and the curve as it is stored."""

    version: int
    curve: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"curve": self.version}


@dataclass
class _Plan:
    """What all points have in common, and the answers so far, by run and share: class numbers (test rows)."""

    folder: VersionFolder
    settings: Settings
    strategy: tuple[str, StrategyConfig]
    train: Labelled
    validation: Labelled
    tests: Labelled
    shares: tuple[float, ...]
    runs: int
    workspace: Workspace
    answers: dict[tuple[int, int], Answers] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.folder.outputs

    def numbers(self, names: Any) -> np.ndarray:
        known = {name: number for number, name in enumerate(self.classes)}
        return np.array([known[name] for name in names], dtype=np.int64)

    def missing(self) -> list[tuple[int, int]]:
        """Runs and shares that are still to be learned; a whole curve before the next one."""
        every = [(run, size) for run in range(self.runs) for size in range(len(self.shares))]
        return [point for point in every if point not in self.answers]

    def done(self) -> float:
        """How much of all learning is done, 0 to 1."""
        return sum(self.shares[size] for _, size in self.answers) / (self.runs * sum(self.shares))

    def rows(self, size: int) -> int:
        return len(nested_rows(self.numbers(self.train[1]), self.shares[size], 0))


def draw_curve(
    request: CurveRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn from ever more rows, yielding events; the last one is `CurveDone`, and there is none when stopped.

    Parameters
    ----------
    resume
        State of the last `CheckpointDue` of the same request: points that are finished are not learned again.

    Raises
    ------
    CoreError
        When there is no such version, it answers with no labels, or datasets that it learned from were deleted.
    """
    began = time.monotonic()
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    version = workspace.registry.resolve(request.classifier, request.version)
    plan = _plan(request, version, workspace)
    before = 0.0
    if resume is not None:
        before = float(resume["seconds"])
        plan.answers = {(point["run"], point["place"]): point["answers"].numpy() for point in resume["points"]}
    for run, size in plan.missing():
        yield _advanced(plan, run, size, 0.0)
        for event in _learn(plan, run, size, should_stop):
            if isinstance(event, float):
                yield _advanced(plan, run, size, event)
            else:
                plan.answers[run, size] = event
        if should_stop():
            return
        yield CheckpointDue({"points": _state(plan), "seconds": before + time.monotonic() - began})
    curve = {
        **about_version(version, before + time.monotonic() - began),
        **_figures(plan),
    }
    CurveStore(workspace.home).save(curve)
    yield CurveDone(version.number, curve)


def nested_rows(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Row numbers, ascending, of about this share of each label, one row at least.

    With the same seed, those of a smaller share are among those of a larger one.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        parts.append(rows[: max(1, round(share * len(rows)))])
    return np.sort(np.concatenate(parts))


def _plan(request: CurveRequest, version: VersionInfo, workspace: Workspace) -> _Plan:
    folder = VersionFolder(workspace.registry.folder_of(version))
    require_labels(folder.report())
    past = read_past(folder, workspace)
    if past.missing:
        raise DataError(
            "curve.past_missing",
            "A learning curve needs the rows that the version learned from, but these datasets were deleted: {missing}. "
            "Upload them and train again.",
            missing=list(past.missing),
        )
    settings, strategy = own_settings(folder)
    tables = [folder.predictions(record.number) for record in folder.experiences()]
    texts, truth = ([value for table in tables for value in table[column]] for column in ("text", "truth"))
    shares = worthwhile_shares(len(past.train[0]), len(folder.outputs))
    runs = request.runs or runs_for(expected_seconds(folder.report()))
    return _Plan(folder, settings, strategy, past.train, past.validation, (texts, truth), shares, runs, workspace)


def own_settings(folder: VersionFolder) -> tuple[Settings, tuple[str, StrategyConfig]]:
    """The version's own, without a memory; its strategy only where that computes the head in closed form.

    Raises
    ------
    ModelError
        When it is a blend, which is made of versions and not learned from rows.
    """
    if folder.model_name == BLEND.name:
        raise ModelError(
            "blend.not_repeated",
            "This version blends two others, so it cannot be learned anew from some of its rows. Choose the version of a single "
            "model.",
        )
    report = folder.report()
    kind = STRATEGIES.get(report["strategy"])
    if kind is not None and issubclass(kind.strategy(), ClosedForm):
        settings, own = resolve_update(folder.model_name, folder.settings, kind.name, report["strategy_settings"])
        strategy = (kind.name, own)
    else:
        settings, strategy = resolve_settings(folder.model_name, folder.settings), (FINETUNE.name, StrategyConfig())
    return replace(settings, data=settings.data.model_copy(update={"memory_size": 0})), strategy


def _learn(plan: _Plan, run: int, size: int, should_stop: ShouldStop) -> Iterator[float | Answers]:
    """Learn one point: how much of it is done, 0 to 1, and at the end the answers; none when stopped."""
    rows = nested_rows(plan.numbers(plan.train[1]), plan.shares[size], run)
    texts, labels = ([column[row] for row in rows] for column in plan.train)
    training = plan.settings.training
    settings = replace(plan.settings, training=training.model_copy(update={"seed": training.seed + run}))
    lesson = first_lesson(
        plan.folder.model_name,
        (texts, labels),
        plan.validation,
        plan.classes,
        settings,
        plan.workspace.sources,
        plan.strategy,
    )
    yield from learned_shares(lesson, should_stop)
    if not should_stop():
        yield answers(lesson.learner, plan.tests[0])


def _figures(plan: _Plan) -> dict[str, Any]:
    truth, labels = plan.numbers(plan.tests[1]), plan.numbers(plan.train[1])
    points: list[Point] = []
    answers = [
        [numbers_as_known(plan.answers[run, size], truth, plan.classes) for run in range(plan.runs)]
        for size in range(len(plan.shares))
    ]
    classes = len(plan.classes)
    scores = (ACCURACY, averages(np.bincount(truth, minlength=classes))["macro_f1"])
    for size, share in enumerate(plan.shares):
        rows = len(nested_rows(labels, share, 0))
        runs = [answered(truth, predicted, classes=classes) for predicted in answers[size]]
        points.append(measure_point(share, rows, runs, scores))
    gain = None
    if len(points) > 1:
        pairs = zip(answers[-2], answers[-1], strict=True)
        gain = last_gain([answered(truth, *pair, classes=classes) for pair in pairs], ACCURACY)
    return {
        "points": [point.to_dict() for point in points],
        "runs": plan.runs,
        "test_rows": len(truth),
        "verdict": judge_curve(points, gain, len(truth), ACCURACY).to_dict(),
    }


def _state(plan: _Plan) -> list[dict[str, Any]]:
    return [
        {"run": run, "place": size, "answers": torch.from_numpy(answers)}
        for (run, size), answers in plan.answers.items()
    ]


def _advanced(plan: _Plan, run: int, size: int, part: float) -> Advanced:
    learned = plan.done() + part * plan.shares[size] / (plan.runs * sum(plan.shares))
    progress: Message = message(
        "curve.learning",
        "Learning from {rows:,} of {all:,} rows, run {run} of {runs}.",
        rows=plan.rows(size),
        all=len(plan.train[0]),
        run=run + 1,
        runs=plan.runs,
    )
    return Advanced(progress, LEARNING_BEGINS + (LEARNING_ENDS - LEARNING_BEGINS) * min(1.0, learned))
