"""One model, trained without and with each mitigation on the same rows: what is gained, and what it costs.

Everything happens in memory: no version is stored. Epochs are chosen on the validation rows; the test rows are answered once by
each training, and nothing is chosen by them. An interrupted comparison goes on with the trainings that were finished.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from core.base.errors import ConfigError, DataError
from core.base.events import Advanced, CheckpointDue, Ended, RunStarted, StageStarted
from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.sampling import with_fewer_rows
from core.data.dataset.splitting import split_rows
from core.data.loading.load import remarks_of
from core.fairness.rows import grouping_of, terms_of
from core.fairness.treatment import described
from core.registry.records import MitigationStore, new_id
from core.statistics.intervals import MINIMUM_ROWS
from core.tasks import DEFAULT, TASKS
from core.workflows.learn.learning import Answers, ShouldStop, answers, first_lesson, learned_shares
from core.workflows.learn.running import parts_of
from core.workflows.mitigation.figures import MeasuredRows, measured, with_rest
from core.workflows.mitigation.request import NONE, MitigationRequest, resolved
from core.workflows.requests import Settings
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class Mitigated(Ended):
    """The last event: the record's id in the `MitigationStore`, and all of it."""

    mitigation: str
    record: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"mitigation": self.mitigation}


@dataclass(frozen=True)
class Training:
    """One training that is finished: which, and what it answers to the test rows, numbers of labels (rows)."""

    mitigation: str
    seed: int
    answers: Answers
    seconds: float


@dataclass(frozen=True, eq=False)
class Plan:
    """What all trainings have in common."""

    settings: dict[str, Settings]
    model: str
    train: TextDataset
    validation: TextDataset
    outputs: tuple[str, ...]
    test: MeasuredRows
    texts: Sequence[str]
    sources: Any

    def learn(self, mitigation: str, seed: int, should_stop: ShouldStop) -> Iterator[float | Training]:
        """Train once; how much is done, 0 to 1, and at the end the training; none when stopped."""
        began, settings = time.monotonic(), self.settings[mitigation]
        own = settings.training.model_copy(update={"seed": settings.training.seed + seed})
        lesson = first_lesson(
            self.model,
            (self.train.texts, self.train.label_names()),
            (self.validation.texts, self.validation.label_names()),
            self.outputs,
            replace(settings, training=own),
            self.sources,
        )
        yield from learned_shares(lesson, should_stop)
        if not should_stop():
            yield Training(mitigation, seed, answers(lesson.learner, self.texts), time.monotonic() - began)


def compare_mitigations(
    request: MitigationRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Train each with every seed, yielding events; the last one is `Mitigated`, and there is none when stopped.

    Raises
    ------
    CoreError
        When the request cannot be fulfilled.
    """
    began = time.monotonic()
    run_id, learned = parts_of(resume)
    identity = run_id or new_id()
    yield RunStarted(identity)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    settings, refused = resolved(request)
    stored = workspace.datasets.info(request.dataset)
    stored.check_for(TASKS[DEFAULT].reads, single=True)
    plan, findings = plan_of(request, settings, workspace.datasets.load(stored.id), workspace.sources)
    done = [_restored(state) for state in learned["units"]] if learned is not None else []
    before = float(learned["seconds"]) if learned is not None else 0.0
    units = [(name, seed) for seed in range(request.seeds) for name in plan.settings]
    for name, seed in units:
        if any((training.mitigation, training.seed) == (name, seed) for training in done):
            continue
        told = message(
            "mitigation.learning",
            "{done} of {runs} trainings done. Learning with '{mitigation}', seed {seed} of {seeds}.",
            done=len(done),
            runs=len(units),
            mitigation=name,
            seed=seed + 1,
            seeds=request.seeds,
        )
        for event in plan.learn(name, seed, should_stop):
            if isinstance(event, Training):
                done.append(event)
            else:
                yield Advanced(told, 0.02 + 0.95 * (len(done) + event) / len(units))
        if should_stop():
            return
        spent = before + time.monotonic() - began
        yield CheckpointDue({"units": [_state(training) for training in done], "seconds": spent})
    yield StageStarted(message("stage.figures", "Computing the figures and their intervals."), 0.97)
    record = {
        "id": identity,
        "name": request.name or stored.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(before + time.monotonic() - began, 2),
        "request": request.model_dump(),
        "model": request.model,
        "dataset": stored.name,
        **assembled(plan, done),
        "findings": [
            each.to_dict() for each in [*remarks_of(stored.source), *findings, *(error.message for error in refused)]
        ],
    }
    MitigationStore(workspace.home).save(record)
    yield Mitigated(identity, record)


def plan_of(
    request: MitigationRequest, settings: dict[str, Settings], dataset: TextDataset, sources: Any
) -> tuple[Plan, list[Message]]:
    """The rows of all trainings, divided as a training of a version divides them, and what is to be said of them.

    Raises
    ------
    DataError
        When rows have no groups, or fewer than two groups have test rows enough.
    """
    task, first = TASKS[DEFAULT], settings[NONE]
    task.check(dataset.label_names())
    task.check_size(len(dataset))
    shares = first.data
    split = split_rows(task.stratified(dataset), fractions=shares.fractions, seed=shares.split_seed)
    split = with_fewer_rows(task.remarked(split, dataset), request.most_rows, dataset.label_names(), shares.split_seed)
    train, validation, test = (dataset.take(rows) for rows in (split.train, split.validation, split.test))
    outputs = task.outputs(dataset.label_names())
    positive = request.positive or min(outputs, key=dataset.label_names().count)
    if positive not in outputs:
        raise ConfigError(
            "mitigation.positive",
            "There is no label '{label}' in these rows. Their labels are: {known}. Choose the one whose wrong answers do harm.",
            label=positive,
            known=list(outputs),
        )
    fairness = first.fairness
    grouping = with_rest(grouping_of(fairness, test.texts, terms_of(fairness, train.texts)))
    truth = task.encode(test.label_names(), outputs)
    rows = MeasuredRows(truth, len(outputs), outputs.index(positive), grouping)
    if all(counted.sum() < 2 for counted in rows.counted.values()):
        raise DataError(
            "mitigation.too_few",
            "Fewer than two groups have {least} test rows with and without the label '{label}', so no gap between groups can be "
            "measured. Add rows, or group them otherwise. Groups and their test rows: {groups}.",
            least=MINIMUM_ROWS,
            label=positive,
            groups=[f"{group['name']} ({group['rows']})" for group in rows.table()],
        )
    findings: list[Message] = [*split.findings]
    for name, own in settings.items():
        _, remarks = described(own.fairness, train.texts, train.label_names(), own.training.seed, first=True)
        findings += [remark for remark in remarks if remark.key not in ("mitigation.grouped", "mitigation.small")]
        if name != NONE and not any(finding.key == "mitigation.small" for finding in findings):
            findings += [remark for remark in remarks if remark.key == "mitigation.small"]
    return Plan(settings, request.model, train, validation, outputs, rows, test.texts, sources), findings


def assembled(plan: Plan, done: Sequence[Training]) -> dict[str, Any]:
    """All figures of the trainings."""
    by_name = {
        name: sorted((each for each in done if each.mitigation == name), key=lambda each: each.seed)
        for name in plan.settings
    }
    before = [training.answers for training in by_name[NONE]]
    return {
        "labels": list(plan.outputs),
        "positive": plan.outputs[plan.test.positive],
        "rows": {"train": len(plan.train), "validation": len(plan.validation), "test": len(plan.texts)},
        "groups": plan.test.table(),
        "results": [
            {
                "mitigation": name,
                "seconds": round(float(np.mean([training.seconds for training in own])), 2),
                **measured(plan.test, [each.answers for each in own], None if name == NONE else before),
            }
            for name, own in by_name.items()
            if own
        ],
    }


def _state(training: Training) -> dict[str, Any]:
    """For a checkpoint."""
    return {**vars(training), "answers": torch.from_numpy(training.answers)}


def _restored(state: dict[str, Any]) -> Training:
    return Training(**{**state, "answers": state["answers"].numpy()})
