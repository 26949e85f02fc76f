"""How much a version's figures owe to chance: the same model and settings on other divisions of its rows, or with other seeds.

Makes no version. Only training and validation rows take part; the frozen tests are not read. In each run one fold is held out and
measured on, and part of the others chooses the best epoch.

References
----------
Y. Bengio, Y. Grandvalet (2004), "No unbiased estimator of the variance of k-fold cross-validation", JMLR.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from core.base.errors import DataError
from core.base.events import Advanced, CheckpointDue, Ended, StageStarted
from core.base.messages import message
from core.continual.methods import StrategyConfig
from core.data.dataset.folds import make_folds
from core.registry import VersionInfo
from core.registry.records import FoldStore, about_version
from core.tasks.text_classification.reported import require_labels
from core.tasks.text_classification.scores import evaluate_predictions
from core.tasks.text_classification.tree import numbers_as_known
from core.workflows.learn.learning import Answers, ShouldStop, answers, first_lesson, learned_shares
from core.workflows.repeat.learning_curve import own_settings
from core.workflows.repeat.request import FoldsRequest
from core.workflows.requests import Settings
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

SCORES = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class FoldsDone(Ended):
    """The last event: the version, and the record as it is stored."""

    version: int
    record: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"folds": self.version}


@dataclass
class _Plan:
    """What all runs have in common; ``answers`` of those that are done: class numbers of the rows held out."""

    request: FoldsRequest
    folder: VersionFolder
    settings: Settings
    strategy: tuple[str, StrategyConfig]
    texts: list[str]
    labels: Answers
    groups: list[str]
    share: float  # share of the rows that choose the best epoch
    workspace: Workspace
    folds: list[Answers] = field(default_factory=list)
    answers: dict[int, Answers] = field(default_factory=dict)

    def held_out(self, run: int) -> Answers:
        return self.folds[run if self.request.repeat_by == "folds" else 0]

    def seed(self, run: int) -> int:
        return int(self.settings.training.seed) + (run if self.request.repeat_by == "seeds" else 0)

    def names(self, rows: Answers) -> tuple[list[str], list[str]]:
        """Texts and label names."""
        classes = self.folder.outputs
        return [self.texts[row] for row in rows], [classes[self.labels[row]] for row in rows]


def cross_validate(
    request: FoldsRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn again and again, yielding events; the last one is `FoldsDone`, and there is none when stopped.

    Parameters
    ----------
    resume
        State of the last `CheckpointDue` of the same request: runs that are finished are not learned again.

    Raises
    ------
    CoreError
        When there is no such version, it answers with no labels, its datasets were deleted, or its rows are too few.
    """
    began = time.monotonic()
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    version = workspace.registry.resolve(request.classifier, request.version)
    plan = _plan(request, version, workspace)
    before = 0.0
    if resume is not None:
        before = float(resume["seconds"])
        plan.answers = {earlier["run"]: earlier["answers"].numpy() for earlier in resume["runs"]}
    for run in range(request.repeat_runs):
        if run in plan.answers:
            continue
        for event in _learn(plan, run, should_stop):
            if isinstance(event, float):
                yield _advanced(plan, run, event)
            else:
                plan.answers[run] = event
        if should_stop():
            return
        done = [{"run": number, "answers": torch.from_numpy(answers)} for number, answers in plan.answers.items()]
        yield CheckpointDue({"runs": done, "seconds": before + time.monotonic() - began})
    record = {
        **about_version(version, before + time.monotonic() - began),
        **_figures(plan),
    }
    FoldStore(workspace.home).save(record)
    yield FoldsDone(version.number, record)


def _plan(request: FoldsRequest, version: VersionInfo, workspace: Workspace) -> _Plan:
    folder = VersionFolder(workspace.registry.folder_of(version))
    require_labels(folder.report())
    number = {name: index for index, name in enumerate(folder.outputs)}
    texts: list[str] = []
    names: list[str] = []
    groups: list[str] = []
    validation, missing = 0, []
    for record in folder.experiences():
        try:
            dataset = workspace.datasets.load(record.dataset)
        except DataError:
            missing.append(record.name)
            continue
        kept = [folder.rows_of(record.number, part) for part in ("train", "validation")]
        rows = dataset.take(np.concatenate(kept))
        texts += rows.texts
        names += rows.label_names()
        groups += rows.groups or [""] * len(rows)
        validation += len(kept[1])
    if missing:
        raise DataError(
            "folds.past_missing",
            "This needs the rows that the version learned from, but these datasets were deleted: {missing}. "
            "Upload them and train again.",
            missing=missing,
        )
    settings, strategy = own_settings(folder)
    labels = np.array([number[name] for name in names], dtype=np.int64)
    share = min(max(validation / max(len(texts), 1), 0.05), 0.5)
    plan = _Plan(request, folder, settings, strategy, texts, labels, groups, share, workspace)
    plan.folds = make_folds(texts, labels, groups, request.repeat_runs if request.repeat_by == "folds" else 5)
    _check(plan)
    return plan


def _check(plan: _Plan) -> None:
    if len(np.unique(plan.labels)) < 2:
        raise DataError(
            "folds.one_label", "All {rows:,} rows have the same label; there is nothing to learn.", rows=len(plan.texts)
        )
    smallest = min(map(len, plan.folds))
    if smallest < len(np.unique(plan.labels)):
        raise DataError(
            "folds.too_few",
            "{rows:,} rows make {folds} parts of which the smallest has {smallest}, fewer than there are labels. "
            "Choose fewer runs, add rows, or use a finer group column.",
            rows=len(plan.texts),
            folds=len(plan.folds),
            smallest=smallest,
        )


def _learn(plan: _Plan, run: int, should_stop: ShouldStop) -> Iterator[float | Answers]:
    """Learn one run: how much of it is done, 0 to 1, and at the end the answers; none when stopped."""
    held_out = plan.held_out(run)
    rest = np.setdiff1d(np.arange(len(plan.texts)), held_out)
    inner = make_folds(
        [plan.texts[row] for row in rest],
        plan.labels[rest],
        [plan.groups[row] for row in rest],
        max(2, round(1 / plan.share)),
        seed=1,
    )
    validation = plan.names(rest[inner[0]])
    train = plan.names(np.delete(rest, inner[0]))
    settings = replace(plan.settings, training=plan.settings.training.model_copy(update={"seed": plan.seed(run)}))
    folder = plan.folder
    lesson = first_lesson(
        folder.model_name, train, validation, folder.outputs, settings, plan.workspace.sources, plan.strategy
    )
    yield from learned_shares(lesson, should_stop)
    if not should_stop():
        yield answers(lesson.learner, plan.names(held_out)[0])


def _figures(plan: _Plan) -> dict[str, Any]:
    """Each run with its intervals, mean and standard deviation over runs; with folds also all rows as one test."""
    classes, runs = plan.folder.outputs, []
    known = {
        run: numbers_as_known(given, plan.labels[plan.held_out(run)], classes) for run, given in plan.answers.items()
    }
    for run in sorted(known):
        rows = plan.held_out(run)
        report = evaluate_predictions(plan.labels[rows], known[run], classes)
        scores = {name: getattr(report, name).to_dict() for name in SCORES}
        runs.append({"run": run + 1, "seed": plan.seed(run), "rows": len(rows), **scores})
    summary = {}
    for name in SCORES:
        values = [figures[name]["value"] for figures in runs]
        summary[name] = {"mean": float(np.mean(values)), "deviation": float(np.std(values, ddof=1))}
    pooled = None
    if plan.request.repeat_by == "folds":
        order = sorted(known)
        truth = np.concatenate([plan.labels[plan.held_out(run)] for run in order])
        whole = evaluate_predictions(truth, np.concatenate([known[run] for run in order]), classes)
        pooled = {name: getattr(whole, name).to_dict() for name in SCORES}
    facts = {"how": plan.request.repeat_by, "rows": len(plan.texts), "classes": len(classes)}
    return {**facts, "runs": runs, "summary": summary, "pooled": pooled}


def _advanced(plan: _Plan, run: int, part: float) -> Advanced:
    progress = message(
        "folds.learning",
        "Run {run} of {runs}: learning, {held:,} rows held out.",
        run=run + 1,
        runs=plan.request.repeat_runs,
        held=len(plan.held_out(run)),
    )
    return Advanced(progress, 0.02 + 0.97 * (len(plan.answers) + part) / plan.request.repeat_runs)
