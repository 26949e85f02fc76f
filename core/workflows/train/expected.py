"""What is to be expected of *Auto* before it starts: the score of its cheapest model on the table's own validation rows, and
how long its other models take at least. No test row takes part, and nothing is written.

What costlier models have gained on other tables stands in `core.workflows.train.gains`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch

from core.data.dataset.sampling import with_fewer_rows
from core.data.dataset.splitting import split_rows
from core.networks.architectures.encoder import ENCODER
from core.networks.pretrained.known import usual_encoder
from core.serving.onnx.parity import probabilities_of
from core.statistics.additive import estimates
from core.statistics.intervals import Estimate
from core.tasks import task_of
from core.workflows.learn.learning import first_lesson, learn
from core.workflows.requests import TrainRequest, resolve_settings
from core.workflows.train.estimate import check_request, estimate, fewest_rows, least_seconds, prepare
from core.workflows.train.ladder import auto_settings, request_of, rungs_for
from core.workflows.workspace import Workspace

MOST_ROWS = 10_000  # that are learned from: of a larger table a part, taken by chance
MOST_VALIDATION = 2_000


@dataclass(frozen=True)
class Expected:
    """What the first rung of *Auto* is worth on the validation rows of a dataset.

    Parameters
    ----------
    score
        The deciding score of the task, by its name, with its 95 % interval.
    rows, learned
        Validation rows that it was measured on, and training rows that it learned from.
    complete
        Whether it learned from all training rows.
    seconds
        What learning from all of them takes, from texts to a model.
    """

    name: str
    score: Estimate
    rows: int
    learned: int
    complete: bool
    seconds: float


class RungSeconds(NamedTuple):
    """How long a rung takes with all rows, and at least, each with what comes after learning."""

    whole: float
    least: float


def expect(request: TrainRequest, workspace: Workspace) -> Expected:
    """Train the first rung of an *Auto* request on the training rows that the request will have, and score the validation rows.

    Raises
    ------
    CoreError
        When the request could not be trained.
    """
    check_request(request, workspace)
    task = task_of(request.task)
    rung = rungs_for(task)[0]
    asked = request_of(rung, request, task, *auto_settings(request, task))
    settings = resolve_settings(asked.model, asked.settings, task)
    dataset = task.as_read(workspace.datasets.load(request.dataset))
    task.check(dataset.label_names())
    task.check_size(len(dataset))
    shares = settings.data
    whole = split_rows(task.stratified(dataset), fractions=shares.fractions, seed=shares.split_seed)
    split = with_fewer_rows(whole, MOST_ROWS, dataset.label_names(), shares.split_seed)
    train = dataset.take(split.train)
    validation = dataset.take(np.random.default_rng(0).permutation(split.validation)[:MOST_VALIDATION])
    truth, outputs = validation.label_names(), task.outputs(dataset.label_names())
    began = time.monotonic()
    learned_rows, judged_rows = (train.texts, train.label_names()), (validation.texts, truth)
    lesson = first_lesson(asked.model, learned_rows, judged_rows, outputs, settings, workspace.sources)
    for _ in learn(lesson, should_stop=lambda: False):
        pass
    seconds = (time.monotonic() - began) * len(whole.train) / max(1, len(split.train))
    values = task.computed(lesson.learner.model, lesson.learner.pipeline, validation.texts, outputs)
    thresholds = None
    if task.activation:
        values = probabilities_of(torch.from_numpy(values), task.activation).numpy()
        thresholds = task.thresholds(values, task.encode(truth, outputs))
    engine: Any = SimpleNamespace(labels=list(outputs), thresholds=thresholds)
    answers = task.judged(task.read(engine, values), truth)
    score = estimates(task.pairs(truth, answers).rows, (task.score,))[0]
    complete = len(split.train) == len(whole.train)
    return Expected(task.score.name, score, len(validation), len(split.train), complete, seconds)


def rung_seconds(request: TrainRequest, rung: str, workspace: Workspace) -> RungSeconds:
    """How long a rung of an *Auto* request takes on this machine; its first steps are timed.

    Raises
    ------
    CoreError
        When it cannot be trained, as where its encoder is not installed.
    """
    task = task_of(request.task)
    known = next(other for other in rungs_for(task) if other.name == rung)
    auto, shared = auto_settings(request, task)
    if known.model == ENCODER.name and not auto.encoder:
        language = workspace.datasets.info(request.dataset).language
        auto = auto.model_copy(update={"encoder": usual_encoder(workspace.sources.encoders.list(), language)})
    asked = request_of(known, request, task, auto, shared)
    prepared = prepare(asked, workspace)
    learning, after = least_seconds(known, estimate(asked, workspace, prepared), prepared)
    part = 1.0
    if known.settings.get("tuning") == "frozen":
        part = min(1.0, fewest_rows(prepared) / max(1, prepared.train))
    return RungSeconds(learning + after, part * learning + after)
