"""A model learns: the one way in which every workflow lets a strategy learn, and asks a model in memory for answers.

Training and updating keep records and files around it; comparing, searching and repeating only want the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.base.events import Finished, StepDone
from core.base.messages import message
from core.continual.methods import FINETUNE, StrategyConfig
from core.continual.noise import Noise
from core.continual.strategies import ClosedForm, Experience, Strategy
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.encoders.linear import LinearNgrams
from core.networks.sources import Sources
from core.networks.tagging.field import ConditionalField
from core.networks.text import encode_examples
from core.training.objectives import field, linear, pairs, private
from core.workflows.learn.learners import first_learner, make_experience, make_strategy
from core.workflows.learn.private import plan, protected
from core.workflows.requests import Settings
from core.workflows.versions.folder import Learner
from core.workflows.versions.past import Labelled

Answers = NDArray[np.int64]
ShouldStop = Callable[[], bool]
FINE_TUNING = (FINETUNE.name, StrategyConfig())


@dataclass
class ClassifierLesson:
    """Who learns, by which strategy, and from what; ``groups`` are those of its training rows, where groups are protected."""

    learner: Learner
    strategy: Strategy
    experience: Experience
    groups: Sequence[str] | None = None


def first_lesson(
    model: str,
    train: Labelled,
    validation: Labelled,
    outputs: tuple[str, ...],
    settings: Settings,
    sources: Sources | None,
    strategy: tuple[str, StrategyConfig] = FINE_TUNING,
    groups: Sequence[str] | None = None,
) -> ClassifierLesson:
    """What a new model learns as its first experience."""
    learner = first_learner(model, train[0], outputs, settings, sources)
    experience = make_experience(1, learner, train, validation)
    return ClassifierLesson(learner, make_strategy(*strategy, settings), experience, groups)


def training_device() -> torch.device:
    """The graphics card when PyTorch can use one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def learn(lesson: ClassifierLesson, *, should_stop: ShouldStop, resume: dict[str, Any] | None = None) -> Iterator[Any]:
    """Let the strategy learn, yielding the events of its loop; the model is changed in place, on the device it learned on.

    Parameters
    ----------
    resume
        State of the loop as of an earlier `CheckpointDue`.
    """

    def gradient_loop(model: TextNetwork, strategy: Strategy, experience: Experience) -> Iterator[Any]:
        first = experience.number == 1 and not strategy.watches_steps
        if isinstance(model, LinearNgrams) and (first or strategy.only_chooses):
            yield from linear.solve(model, strategy, experience, should_stop=should_stop)
            return
        if isinstance(model, ConditionalField) and first:
            yield from field.solve(model.cpu(), strategy, experience)
            return
        config, device = lesson.learner.of(model).settings.training, training_device()
        if strategy.noise is not None:
            yield from private.train(
                model,
                strategy,
                experience,
                config,
                strategy.noise,
                device=device,
                should_stop=should_stop,
                resume=resume,
            )
            return
        yield from pairs.learn(
            model, strategy, experience, config, device=device, should_stop=should_stop, resume=resume
        )

    strategy, model, experience = lesson.strategy, lesson.learner.model, lesson.experience
    if strategy.noise is None:  # whoever keeps account of what is spent has chosen it before
        strategy.noise = _noise(lesson)
    gathers = isinstance(strategy, ClosedForm) and (experience.number > 1 or model.encodes_once)
    for event in strategy.learn(model, experience, gradient_loop):
        yield event
        if gathers and isinstance(event, StepDone) and should_stop():  # sums over some of the rows are worth nothing
            yield Finished(0, 1, message("training.stopped_first", "Stopped before all rows had been read."))
            return


def _noise(lesson: ClassifierLesson) -> Noise | None:
    """The noise that the settings ask for where nobody keeps account of what is spent: in the Lab, or for a trial."""
    settings, rows = lesson.learner.settings, len(lesson.experience.train)
    planned = plan(
        settings,
        lesson.learner.model_name,
        lesson.strategy.declared.name,
        settings.task,
        rows,
        protected(settings, rows, lesson.groups),
        1,
        groups=lesson.groups,
    )
    return planned.hiding(lesson.groups, settings) if planned is not None else None


def learned_shares(lesson: ClassifierLesson, should_stop: ShouldStop) -> Iterator[float]:
    """Let the strategy learn; yields how much of that is done, 0 to 1, after each step."""
    for event in learn(lesson, should_stop=should_stop):
        if isinstance(event, StepDone):
            yield (event.epoch - 1 + event.step / event.steps) / event.epochs


def answers(learner: Learner, texts: Sequence[str]) -> Answers:
    """The class number that the model in memory answers to each text; the model ends on the CPU."""
    examples = encode_examples(learner.pipeline, texts)
    device = training_device()
    logits = predict_logits(learner.model.to(device), examples, device)
    learner.model.cpu()
    numbers: Answers = logits.argmax(dim=1).numpy()
    return numbers


def told_answers(learner: Learner, texts: Sequence[str]) -> list[str]:
    """What the model in memory answers to each text, as targets are written; it ends on the CPU."""
    task = learner.settings.task
    if task.distribution:
        return [learner.outputs[number] for number in answers(learner, texts)]
    return task.answers(task.computed(learner.model, learner.pipeline, texts, learner.outputs), learner.outputs)
