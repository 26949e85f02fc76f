"""One strategy with one seed over a whole stream, in memory: the same steps as a training and its updates, without files.

The first experience is learned alike by all strategies, so it is learned once for each seed and shared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.continual.methods import FINETUNE, STRATEGIES, StrategyConfig
from core.continual.strategies import Experience, Strategy
from core.networks.sources import Sources
from core.workflows.compare.streams import ComparisonStream
from core.workflows.learn.learners import (
    NOTHING,
    first_learner,
    make_experience,
    make_strategy,
    next_learner,
    readable_past,
)
from core.workflows.learn.learning import ClassifierLesson, ShouldStop, learned_shares, told_answers
from core.workflows.requests import Settings, architecture_of
from core.workflows.versions.folder import Learner, VersionFolder
from core.workflows.versions.retention import state_bytes

ANSWERS = "answers.json"
SHARED = FINETUNE.name  # who learns the first experience, unless a strategy has to watch it being learned


@dataclass(frozen=True)
class Unit:
    """One strategy with one seed; ``number`` of the seed counts from 0."""

    strategy: str
    number: int


@dataclass(frozen=True)
class Plan:
    """Everything that a process must know to run any part of a comparison; ``own``: strategy → its settings."""

    stream: ComparisonStream
    model: str
    settings: Settings
    own: dict[str, StrategyConfig]
    sources: Sources | None = None

    def seeded(self, number: int) -> Settings:
        """The shared settings with the seed of run ``number``, from 0."""
        training = self.settings.training
        return replace(self.settings, training=training.model_copy(update={"seed": training.seed + number}))

    def rows(self, unit: Unit, experience: int) -> int:
        """About how many rows one epoch of an experience (from 1) reads; what its time grows with."""
        since = 0 if STRATEGIES[unit.strategy].uses_past else experience - 1
        return sum(len(part.train[0]) for part in self.stream.experiences[since:experience])

    def cost(self, unit: Unit) -> int:
        """Rows of all its updates."""
        return sum(self.rows(unit, number) for number in range(2, len(self.stream.experiences) + 1))

    def watchers(self) -> list[str]:
        """Strategies that look at every step, so that they must learn the first experience themselves."""
        return [name for name in self.own if STRATEGIES[name].strategy().after_step is not Strategy.after_step]


@dataclass(frozen=True)
class UnitProgress:
    """Where a unit stands: the experience being learned (from 1), and how much of learning it, 0 to 1, is done."""

    experience: int
    share: float


@dataclass(frozen=True, eq=False)
class UnitResult:
    """What a unit answered, and what it cost.

    Parameters
    ----------
    start
        What the model at random start answers to the rows of all tests in order, as numbers of ``answers``; int32 ``(rows,)``.
    predicted
        What is answered after each experience, likewise; int32 ``(experiences, rows)``.
    answers
        The outputs, which labels are numbered by, and all other answers that were given; empty in checkpoints of old, which
        hold labels alone.
    seconds
        Seconds of each update, from the second experience on: everything but answering the tests.
    memory_rows, memory_bytes
        Texts that the next update would need of the past, and the size of all that it would need; for a strategy that
        learns from all earlier rows, these are all of them.
    """

    strategy: str
    number: int
    start: np.ndarray
    predicted: np.ndarray
    seconds: tuple[float, ...]
    memory_rows: int
    memory_bytes: int
    answers: tuple[str, ...] = ()

    def to_state(self) -> dict[str, Any]:
        """For a checkpoint."""
        arrays = {"start": torch.from_numpy(self.start), "predicted": torch.from_numpy(self.predicted)}
        return {**vars(self), **arrays, "seconds": list(self.seconds), "answers": list(self.answers)}

    @staticmethod
    def from_state(state: dict[str, Any]) -> UnitResult:
        arrays = {name: state[name].numpy() for name in ("start", "predicted")}
        lists = {name: tuple(state.get(name, ())) for name in ("seconds", "answers")}
        return UnitResult(**{**state, **arrays, **lists})


def learn_first(plan: Plan, unit: Unit, folder: Path, should_stop: ShouldStop) -> Iterator[UnitProgress]:
    """Learn the first experience and leave in a folder what every unit of this seed begins with.

    ``unit.strategy`` learns; being the first experience, that is fine-tuning bit for bit, whichever it is.
    """
    first = plan.stream.experiences[0]
    settings = plan.seeded(unit.number)
    learner = first_learner(plan.model, first.train[0], first.classes, settings, plan.sources)
    experience = make_experience(1, learner, first.train, first.validation)
    strategy = _strategy(plan, unit)
    start = _answers(learner, plan.stream)
    yield from _learn(ClassifierLesson(learner, strategy, experience), should_stop)
    if should_stop():
        return
    strategy.end_experience(learner.model, experience)
    stored = VersionFolder(folder)
    stored.save_model(learner)
    stored.save_state(strategy.state())
    (folder / ANSWERS).write_text(json.dumps([start, _answers(learner, plan.stream)]), encoding="utf-8")


def run_unit(plan: Plan, unit: Unit, folder: Path, should_stop: ShouldStop) -> Iterator[UnitProgress | UnitResult]:
    """Learn the stream from its second experience on; yields the result last, and none when stopped.

    Parameters
    ----------
    folder
        Folder in which `learn_first` left the first version of this seed.
    """
    learner = VersionFolder(folder).load_learner()
    given: list[list[str]] = json.loads(
        (folder / ANSWERS).read_text(encoding="utf-8")
    )  # at random start, and since then
    state = _first_state(plan, unit, learner, folder)
    seconds = []
    for number in range(2, len(plan.stream.experiences) + 1):
        began = time.perf_counter()
        strategy = _strategy(plan, unit)
        _restore(strategy, state)
        learner, experience = _update(plan, learner, strategy, number)
        yield from _learn(ClassifierLesson(learner, strategy, experience), should_stop)
        if should_stop():
            return
        strategy.end_experience(learner.model, experience)
        seconds.append(time.perf_counter() - began)
        given.append(_answers(learner, plan.stream))
        state = strategy.state()
        learner = _reloaded(learner)
    names = tuple(dict.fromkeys([*plan.stream.classes, *(answer for answers in given for answer in answers)]))
    numbers = {name: position for position, name in enumerate(names)}
    table = np.array([[numbers[answer] for answer in answers] for answers in given], dtype=np.int32)
    kept = _kept(plan, strategy, state)
    yield UnitResult(unit.strategy, unit.number, table[0], table[1:], tuple(seconds), *kept, names)


def _kept(plan: Plan, strategy: Strategy, state: dict[str, Any]) -> tuple[int, int]:
    """Rows and bytes that the next update would need of the past: the strategy's state, or every earlier row."""
    texts: list[str] = []
    if strategy.declared.uses_past:
        for experience in plan.stream.experiences:
            texts += [*experience.train[0], *experience.validation[0]]
    return len(strategy.memory) + len(texts), state_bytes(state) + sum(len(text.encode()) for text in texts)


def _strategy(plan: Plan, unit: Unit) -> Strategy:
    """A strategy as an update begins with it; only one that rehearses keeps texts."""
    settings = plan.seeded(unit.number)
    if not STRATEGIES[unit.strategy].rehearses:
        settings = replace(settings, data=settings.data.model_copy(update={"memory_size": 0}))
    return make_strategy(unit.strategy, plan.own.get(unit.strategy, StrategyConfig()), settings)


def _first_state(plan: Plan, unit: Unit, learner: Learner, folder: Path) -> dict[str, Any]:
    """What this unit's strategy keeps of the first experience."""
    if unit.strategy in plan.watchers():
        return VersionFolder(folder).load_state()
    first = plan.stream.experiences[0]
    experience = make_experience(1, learner, first.train, first.validation)
    strategy = _strategy(plan, unit)
    blank = first_learner(plan.model, first.train[0], first.classes, plan.seeded(unit.number), plan.sources)
    strategy.begin_experience(blank.model, experience)
    strategy.end_experience(learner.model, experience)
    return strategy.state()


def _update(plan: Plan, parent: Learner, strategy: Strategy, number: int) -> tuple[Learner, Experience]:
    """Who learns experience ``number``, and from what: as in a stored update."""
    part = plan.stream.experiences[number - 1]
    past, past_validation = plan.stream.past(number)
    known = len(parent.outputs)
    readable = readable_past(strategy, past[0])
    learner = next_learner(
        parent, part.train[0], part.classes, parent.settings, strategy.declared, readable, plan.sources
    )
    wanted = strategy.needs_past()
    experience = make_experience(
        number,
        learner,
        part.train,
        part.validation,
        known_outputs=known,
        past=past if wanted else NOTHING,
        past_validation=past_validation if wanted else NOTHING,
    )
    return learner, experience


def _learn(lesson: ClassifierLesson, should_stop: ShouldStop) -> Iterator[UnitProgress]:
    """Let the strategy learn; the model ends on the CPU."""
    for share in learned_shares(lesson, should_stop):
        yield UnitProgress(lesson.experience.number, share)
    lesson.learner.model.cpu()
    yield UnitProgress(lesson.experience.number, 1.0)


def _answers(learner: Learner, stream: ComparisonStream) -> list[str]:
    """Answers to the rows of all tests, in order. What the model does not know yet it cannot answer."""
    return told_answers(learner, [text for experience in stream.experiences for text in experience.test[0]])


def _reloaded(learner: Learner) -> Learner:
    """The same weights in a new model, as if the version had been stored: nothing else survives an update."""
    vocabulary = learner.pipeline.tokenizer.get_vocab_size()
    with torch.random.fork_rng(devices=[]):
        model = (
            architecture_of(learner.model_name, learner.settings.task)
            .network()
            .rebuild(learner.settings.model, vocabulary, len(learner.outputs), learner.model.architecture())
        )
    model.load_state_dict(learner.model.state_dict())
    return replace(learner, model=model.eval())


def _restore(strategy: Strategy, state: dict[str, Any]) -> None:
    """Restore from a copy that went through JSON, as from a stored version."""
    tensors = {name: value.clone() for name, value in state.items() if isinstance(value, torch.Tensor)}
    plain = json.loads(json.dumps({name: value for name, value in state.items() if name not in tensors}))
    strategy.restore({**plain, **tensors})
