"""What a training would take, measured before it starts: its size, and a few real learning steps on this machine.

Writes nothing; the model that is timed is thrown away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.continual.methods import StrategyConfig
from core.continual.strategies import Strategy
from core.data.dataset.splitting import split_rows
from core.networks.architectures.encoder import ENCODER
from core.networks.encoders.batches import drop_tokens, make_batch, predict_logits
from core.networks.text import Examples, TextPipeline, count_cut
from core.registry import check_name
from core.tasks import task_of
from core.training.batches import shuffled_batches
from core.training.optimiser import Optimizer
from core.workflows.learn.learners import first_learner
from core.workflows.learn.learning import first_lesson, learn, training_device
from core.workflows.learn.personal_checks import check_personal_settings
from core.workflows.learn.private_checks import check_private
from core.workflows.requests import AUTO, Settings, TrainRequest, architecture_of, resolve_update
from core.workflows.train.ladder import AFTERWARDS, Rung, auto_settings, request_of, rungs_for
from core.workflows.train.run import check_task
from core.workflows.workspace import Workspace

MOST_TEXTS = 20_000  # beyond this the vocabulary is learned from a part, and the parameter count is a lower bound
BUDGET = 1.0  # seconds of timed steps
SOLVED = 1000  # texts that a model which is solved is timed with
WITHOUT_LEARNING = 0.35  # of the time that a learning step takes, for the same texts when they are only answered
ENCODED_ONCE = 0.7  # of the time that PyTorch takes for a text, where ONNX Runtime encodes all of them once
OPENED_AGAIN = 12.0  # seconds in which an encoder is loaded to learn with, after it was timed, and exported
PROVED_AS = 500  # texts are answered in the time in which the file of an encoder is compared with PyTorch
TIMED_FORWARD = 32  # texts
EARLY = 0.6  # of all epochs, where it usually ends
FEWEST_ROWS, ROWS_A_LABEL = 1000, 20  # that a frozen encoder learns from, where there is no time for all


@dataclass(frozen=True)
class Prepared:
    """The texts of a request as its model would read them; the costly part, and the same for all models.

    Parameters
    ----------
    architecture
        Architecture of the model, where its settings alone do not tell.
    examples
        Training texts with their tokens; a random part of them when there are very many.
    targets
        Their targets as they were given.
    train, validation
        Number of rows.
    cut
        Share of the texts that are longer than what is read, 0 to 1.
    """

    pipeline: TextPipeline
    architecture: dict[str, Any]
    examples: Examples
    targets: tuple[str, ...]
    outputs: tuple[str, ...]
    train: int
    validation: int
    test: int
    cut: float

    @property
    def complete(self) -> bool:
        """Whether all training texts were looked at."""
        return len(self.examples) == self.train


@dataclass(frozen=True)
class TrainingEstimate:
    """What a training would take.

    Parameters
    ----------
    parameters
        Trainable values; ``exact`` is False when a large vocabulary was only sampled.
    tokens
        Number of tokens that one epoch reads.
    seconds
        Seconds of learning, should all epochs be run; exporting and measuring come on top.
    """

    parameters: int
    exact: bool
    vocabulary: int
    segmentation: str
    tokens: int
    seconds: float
    seconds_per_epoch: float
    epochs: int
    device: str


def check_request(request: TrainRequest, workspace: Workspace) -> Settings:
    """The request's settings, all of them; raises the `CoreError` that its training would end with at once."""
    check_name(request.classifier)
    check_task(request, workspace)
    task = task_of(request.task)
    if request.model == AUTO:
        request = request_of(rungs_for(task)[0], request, task, *auto_settings(request, task))
    settings = _settings(request)
    check_private(settings, request.model, request.strategy, settings.task)
    if workspace.datasets.has(request.dataset):
        stored = workspace.datasets.info(request.dataset)
        stored.check_for(task.reads, single=task.distribution)
        settings.task.check(list(stored.classes))
        check_personal_settings(settings.personal, task, request.model, list(stored.classes))
    with torch.random.fork_rng(devices=[]):
        architecture_of(request.model, settings.task).network().check(settings.model, workspace.sources)
    return settings


def _settings(request: TrainRequest) -> Settings:
    return resolve_update(request.model, {}, request.strategy, request.settings, task_of(request.task))[0]


def prepare(request: TrainRequest, workspace: Workspace) -> Prepared:
    """Split and tokenise the request's dataset, as its training will.

    Raises
    ------
    CoreError
        When the dataset or a setting will not do.
    """
    settings = _settings(request)
    dataset = workspace.datasets.load(request.dataset)
    data = settings.data
    task, targets = settings.task, dataset.label_names()
    task.check(targets)
    task.check_size(len(dataset))
    split = split_rows(task.stratified(dataset), fractions=data.fractions, seed=data.split_seed)
    rows = split.train
    if len(rows) > MOST_TEXTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_TEXTS, replace=False))
    part, outputs = dataset.take(rows), task.outputs(targets)
    learner = first_learner(request.model, part.texts, outputs, settings, workspace.sources)
    examples = task.examples(learner.pipeline, part.texts, part.label_names(), outputs)
    return Prepared(
        learner.pipeline,
        learner.model.architecture(),
        examples,
        tuple(part.label_names()),
        outputs,
        len(split.train),
        len(split.validation),
        len(split.test),
        cut=count_cut(learner.pipeline, examples) / len(examples),
    )


def estimate(
    request: TrainRequest, workspace: Workspace, prepared: Prepared | None = None, *, budget: float = BUDGET
) -> TrainingEstimate:
    """Build the model of a request and time learning steps with it.

    Parameters
    ----------
    prepared
        Prepared rows of a request with the same dataset, text and data settings; made here when not given.
    budget
        Seconds of timed steps; at least one is timed, however long it takes.

    Raises
    ------
    CoreError
        When the request could not be trained.
    """
    settings = check_request(request, workspace)
    prepared = prepared or prepare(request, workspace)
    if architecture_of(request.model, settings.task).solved:
        return _solved(request.model, settings, prepared)
    vocabulary = prepared.pipeline.tokenizer.get_vocab_size()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        model = (
            architecture_of(request.model, settings.task)
            .network()
            .rebuild(settings.model, vocabulary, len(prepared.outputs), prepared.architecture)
        )
        device = training_device()
        learning, checking = _seconds_per_token(model, prepared, settings, device, budget)
    scale = prepared.train / len(prepared.examples)
    padded = scale * _padded_tokens(prepared.examples, settings)
    validation_tokens = prepared.validation * float(np.mean([len(ids) for ids in prepared.examples.ids]))
    per_epoch = learning * padded + checking * validation_tokens
    return TrainingEstimate(
        parameters=model.parameter_count(),
        exact=prepared.complete,
        vocabulary=vocabulary,
        segmentation=prepared.pipeline.options["segmentation"],
        tokens=_tokens(prepared),
        seconds=per_epoch * (model.pair_readings or (1 if model.encodes_once else settings.training.epochs)),
        seconds_per_epoch=per_epoch,
        epochs=settings.training.epochs,
        device=device.type,
    )


def least_seconds(rung: Rung, expected: TrainingEstimate, prepared: Prepared) -> tuple[float, float]:
    """The least that learning a rung of *Auto* takes, and what comes after it."""
    text = expected.seconds_per_epoch / max(1, prepared.train)
    answered = prepared.validation + prepared.test
    if rung.settings.get("tuning") == "frozen":
        return ENCODED_ONCE * expected.seconds_per_epoch, AFTERWARDS + OPENED_AGAIN + ENCODED_ONCE * text * (
            answered + PROVED_AS
        )
    fewest = 1 if rung.model == ENCODER.name else EARLY * expected.epochs
    return expected.seconds_per_epoch * fewest, AFTERWARDS + WITHOUT_LEARNING * text * answered


def fewest_rows(prepared: Prepared) -> int:
    """So many rows a frozen encoder learns from at least, where there is no time for all."""
    return max(FEWEST_ROWS, ROWS_A_LABEL * len(prepared.outputs))


def _solved(model: str, settings: Settings, prepared: Prepared) -> TrainingEstimate:
    """For a model that is solved: solve with some of the texts."""
    examples = prepared.examples
    rows = np.random.default_rng(0).permutation(len(examples))[:SOLVED]
    some = [examples.texts[row] for row in rows], [prepared.targets[row] for row in rows]
    started = time.monotonic()
    lesson = first_lesson(model, some, some, prepared.outputs, settings, None)
    for _ in learn(lesson, should_stop=lambda: False):
        pass
    seconds = (time.monotonic() - started) * prepared.train / len(rows)
    features = prepared.architecture.get("features", prepared.pipeline.tokenizer.get_vocab_size())
    return TrainingEstimate(
        parameters=features * len(prepared.outputs),
        exact=prepared.complete,
        vocabulary=prepared.pipeline.tokenizer.get_vocab_size(),
        segmentation=prepared.pipeline.options["segmentation"],
        tokens=_tokens(prepared),
        seconds=seconds,
        seconds_per_epoch=seconds,
        epochs=1,
        device="cpu",
    )


def _tokens(prepared: Prepared) -> int:
    """Number of tokens of all training texts."""
    return round(prepared.train / len(prepared.examples) * sum(len(ids) for ids in prepared.examples.ids))


def _seconds_per_token(
    model: Any, prepared: Prepared, settings: Settings, device: torch.device, budget: float
) -> tuple[float, float]:
    """Time real steps, then a forward pass; both per token, padding counted for the steps."""
    examples, training = prepared.examples, settings.training
    model.to(device).train()
    strategy = Strategy(StrategyConfig(), seed=training.seed)
    criterion = settings.task.criterion(settings.own, examples.targets, prepared.outputs)
    batches = _batches(examples, settings)
    steps = max(2, len(batches) * training.epochs)
    optimizer = Optimizer(model.parameter_groups(), training, steps, model.sparse_parameters())

    def step(rows: np.ndarray) -> int:
        batch = make_batch(examples, rows, device)
        loss = strategy.loss(model, drop_tokens(batch, training.word_dropout, model.hiding_token), criterion)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss.item()  # waits for a graphics card
        return batch.tokens.numel()

    step(batches[0])  # the first step also allocates memory and optimiser state
    rates: list[float] = []
    began = time.monotonic()
    for number in range(1, 1 + max(2, len(batches))):
        step_began = time.monotonic()
        tokens = step(batches[number % len(batches)])
        rates.append((time.monotonic() - step_began) / tokens)
        if time.monotonic() - began > budget:
            break
    learning = float(np.median(rates))  # one hiccup of a busy machine must not count for a whole run
    return learning, _forward_seconds(model, examples, device)


def _forward_seconds(model: Any, examples: Examples, device: torch.device) -> float:
    some = examples.take(np.arange(min(TIMED_FORWARD, len(examples))))
    began = time.monotonic()
    predict_logits(model, some, device)
    return (time.monotonic() - began) / sum(len(ids) for ids in some.ids)


def _padded_tokens(examples: Examples, settings: Settings) -> int:
    """Tokens of one epoch with the padding of its batches."""
    return sum(len(rows) * max(len(examples.ids[row]) for row in rows) for rows in _batches(examples, settings))


def _batches(examples: Examples, settings: Settings) -> list[np.ndarray]:
    training = settings.training
    return shuffled_batches(
        examples, training.batch_size, seed=training.seed, epoch=1, by_length=training.group_by_length
    )
