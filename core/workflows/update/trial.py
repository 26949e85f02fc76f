"""Which strategy suits a batch: each learns it in memory, and is measured on validation rows. Makes no version.

The validation rows are those of the batch and of all earlier ones, each experience counting alike; no test row is read. What the
model would take by itself is tried first, and another takes its place only where it is better beyond chance.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from core.base.config import Config, parameter
from core.base.errors import ConfigError
from core.base.events import Advanced, Ended, StageStarted
from core.base.messages import message
from core.continual.methods import STRATEGIES
from core.continual.methods.restarting import JOINT
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import joined_rows
from core.fairness.checks import suits
from core.statistics.intervals import Estimate
from core.workflows.compare.request import FIRST_CHOSEN
from core.workflows.fields import Classifier, Dataset
from core.workflows.learn.blending import strategy_of
from core.workflows.learn.learning import ShouldStop, learned_shares, told_answers
from core.workflows.learn.private import promise_of
from core.workflows.requests import first_strategy, pairing_remark, resolve_update, strategies_for
from core.workflows.update.lesson import next_lesson
from core.workflows.update.run import check_past, compare_batch, read_batch, split_batch
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Labelled, Past, read_past, rows_met
from core.workflows.workspace import Workspace

MOST_ROWS = 1000  # validation rows of an experience that are asked for


class TrialRequest(Config):
    """Strategies tried on a batch."""

    classifier: Classifier
    dataset: Dataset
    minutes: Annotated[float, parameter("No further strategy is begun after so long.")] = 10.0


@dataclass(frozen=True)
class Tried:
    """What one strategy came to.

    Parameters
    ----------
    score
        The deciding score on validation rows, mean over the experiences.
    value, low, high
        How much better that is than the strategy tried first, with its 95 % interval; 0 for that one itself.
    """

    strategy: str
    score: float
    value: float
    low: float
    high: float
    seconds: float


@dataclass(frozen=True)
class TrialDone(Ended):
    """The last event."""

    strategy: str
    tried: tuple[Tried, ...]

    def outcome(self) -> dict[str, Any]:
        return {"strategy": self.strategy, "tried": [asdict(each) for each in self.tried]}


def try_strategies(
    request: TrialRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Any]:
    """Try all that suit, as far as time allows, yielding events; `TrialDone` at the end, which there is not when stopped.

    Raises
    ------
    CoreError
        When an update from this batch could not be made.
    """
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    began = clock()
    bench = _Bench.of(request, workspace)
    names = fitting(bench.past)
    tried: list[Tried] = []
    first: list[list[str]] = []  # the answers of the first strategy
    for place, name in enumerate(names):
        if tried and clock() - began >= 60 * request.minutes:
            break
        since = clock()
        share = 1 / len(names)
        answers = yield from _answers(name, bench, should_stop, place * share, share)
        if should_stop():
            return
        first = first or answers
        tried.append(_measured(name, bench, first, answers, clock() - since))
    yield TrialDone(chosen(tried), tuple(tried))


def fitting(past: Past) -> list[str]:
    """Strategies that suit the model; what it would take by itself first. One that needs deleted tables is left out."""
    task, model, first = past.folder.task, past.folder.model_name, first_strategy(past.folder.report())
    fairness = past.folder.resolved_settings().fairness
    suit = [
        name
        for name in strategies_for(task, model)
        if pairing_remark(model, name, task) is None and suits(fairness, STRATEGIES[name])
    ]
    others = [each.name for each in FIRST_CHOSEN if each.name in suit and not (each is JOINT and past.missing)]
    return list(dict.fromkeys([first, *others]))


def chosen(tried: Sequence[Tried]) -> str:
    """The first, or the best of those that are better than it beyond chance."""
    better = [each for each in tried[1:] if each.low > 0]
    return max(better, key=lambda each: each.score, default=tried[0]).strategy


@dataclass(frozen=True)
class _Bench:
    """What every strategy is tried on.

    Parameters
    ----------
    tests
        Validation rows of each experience, the batch's last.
    """

    past: Past
    train: TextDataset
    validation: TextDataset
    outputs: tuple[str, ...]
    tests: tuple[Labelled, ...]
    workspace: Workspace

    @staticmethod
    def of(request: TrialRequest, workspace: Workspace) -> _Bench:
        base = workspace.registry.resolve(request.classifier)
        folder = VersionFolder(workspace.registry.folder_of(base), keeps_tables=True)
        if promise_of(folder.report()) is not None:
            raise ConfigError(
                "privacy.trial",
                "Trying several strategies learns the batch several times, and with differential privacy each of them would "
                "spend of the budget. Choose the strategy yourself.",
            )
        past, task = read_past(folder, workspace), folder.task
        stored, _ = read_batch(request.dataset, folder, workspace)
        batch = task.as_read(workspace.datasets.load(stored.id))
        task.check(batch.label_names())
        joined = joined_rows(stored.source, len(batch))
        split = split_batch(batch, compare_batch(batch, past), folder.resolved_settings(), past, joined)
        train, validation = batch.take(split.train), batch.take(split.validation)
        parts = [rows for *_, rows in rows_met(folder, workspace)]
        parts.append((validation.texts, validation.label_names()))
        return _Bench(
            past=past,
            train=train,
            validation=validation,
            outputs=task.outputs(batch.label_names(), folder.outputs),
            tests=tuple(_some(*rows) for rows in parts if len(rows[0])),
            workspace=workspace,
        )


def _some(texts: Sequence[str], targets: Sequence[str]) -> Labelled:
    rows = np.random.default_rng(0).permutation(len(texts))[:MOST_ROWS]
    return [texts[row] for row in rows], [targets[row] for row in rows]


def _answers(
    name: str, bench: _Bench, should_stop: ShouldStop, done: float, share: float
) -> Generator[Any, None, list[list[str]]]:
    """Let a strategy learn the batch, and ask it for the validation rows of every experience; nothing when stopped."""
    folder, task = bench.past.folder, bench.past.folder.task
    settings, own = resolve_update(folder.model_name, folder.settings, name, {}, task)
    strategy = strategy_of(folder, name, own, settings)
    check_past(strategy, bench.past)
    lesson = next_lesson(
        strategy,
        bench.train,
        bench.validation,
        past=bench.past,
        outputs=bench.outputs,
        settings=settings,
        workspace=bench.workspace,
    )
    told = message("trial.strategy", "Trying '{strategy}'.", strategy=name)
    yield StageStarted(told, done)
    for learned in learned_shares(lesson, should_stop):
        yield Advanced(told, done + learned * share)
    if should_stop():
        return []
    lesson.learner.model.cpu()
    strategy.end_experience(lesson.learner.model, lesson.experience)
    return [task.judged(told_answers(lesson.learner, texts), targets) for texts, targets in bench.tests]


def _measured(
    name: str, bench: _Bench, first: Sequence[list[str]], answers: Sequence[list[str]], seconds: float
) -> Tried:
    """Each experience counts alike; their rows differ, so the errors of the differences are independent."""
    task = bench.past.folder.task
    scores, gains = [], []
    for (_, truth), before, after in zip(bench.tests, first, answers, strict=True):
        scores.append(task.scored(truth, after, bench.outputs)[task.score.name])
        gains.append(task.score.gain(task.difference(task.score.name, truth, before, after)))
    mean = Estimate(0.0, 0.0, 0.0) if answers is first else _mean(gains)
    return Tried(name, float(np.mean(scores)), mean.value, mean.low, mean.high, round(seconds, 1))


def _mean(gains: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, with the interval that follows from theirs."""
    value = float(np.mean([gain.value for gain in gains]))
    below = float(np.sqrt(np.sum([(gain.value - gain.low) ** 2 for gain in gains]))) / len(gains)
    above = float(np.sqrt(np.sum([(gain.high - gain.value) ** 2 for gain in gains]))) / len(gains)
    return Estimate(value, value - below, value + above)
