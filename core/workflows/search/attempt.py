"""One trial of a search from its settings to its ending; what may go wrong with settings is an ending, too."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from core.base.errors import CoreError
from core.base.events import EpochDone, StepDone
from core.base.messages import Message, message
from core.workflows.learn.learning import Answers, ShouldStop
from core.workflows.requests import resolve_settings
from core.workflows.search.state import Ending, Search, TrialDone, make_study
from core.workflows.search.trial import learn_trial

if TYPE_CHECKING:
    import optuna


@dataclass
class Attempt:
    """A trial while it runs.

    Parameters
    ----------
    drawn, values
        What Optuna shall remember of it, and what is trained with.
    """

    number: int
    trial: optuna.Trial
    drawn: dict[str, Any]
    values: dict[str, Any]
    began: float
    epochs: list[EpochDone] = field(default_factory=list)
    answers: Answers | None = None
    state: Ending = "complete"
    error: Message | None = None
    keeps_last: bool = False


def begin(search: Search) -> Attempt:
    """Draw the next settings; the first trial takes the defaults as they are."""
    trial = make_study(search).ask({dimension.setting.name: dimension.distribution() for dimension in search.space})
    if search.trials:
        drawn = dict(trial.params)
        values = {dimension.setting.name: dimension.tidy(drawn[dimension.setting.name]) for dimension in search.space}
    else:
        drawn = {dimension.setting.name: dimension.on_grid(dimension.default) for dimension in search.space}
        values = {dimension.setting.name: dimension.default for dimension in search.space}
    return Attempt(len(search.trials), trial, drawn, values, search.clock())


def run(attempt: Attempt, search: Search, should_stop: ShouldStop) -> Generator[StepDone, None, None]:
    """Learn until the end, or until it is not worth going on.

    Raises
    ------
    CoreError
        When not even the defaults can be trained.
    """
    try:
        yield from _learn(attempt, search, should_stop)
    except (CoreError, MemoryError, torch.OutOfMemoryError) as error:
        if attempt.number == 0:
            raise
        attempt.state = "failed"
        little = message("search.memory", "There is too little memory for these settings.")
        attempt.error = error.message if isinstance(error, CoreError) else little


def _learn(attempt: Attempt, search: Search, should_stop: ShouldStop) -> Generator[StepDone, None, None]:
    settings = resolve_settings(search.model, {**search.fixed, **attempt.values})
    attempt.keeps_last = settings.training.patience == 0
    learning = learn_trial(search.rows, search.model, settings, search.workspace.sources, should_stop)
    with closing(learning):
        for event in learning:
            if isinstance(event, np.ndarray):
                attempt.answers = event
                return
            if isinstance(event, StepDone):
                yield event
            elif isinstance(event, EpochDone):
                attempt.epochs.append(event)
                attempt.trial.report(event.scores["macro_f1"], event.epoch)
                if attempt.trial.should_prune():
                    attempt.state = "pruned"
                    return
            if search.out_of_time:
                attempt.state = "cut"
                return


def end(attempt: Attempt, search: Search) -> TrialDone:
    """Put the trial to the others."""
    kept = _kept(attempt)
    done = TrialDone(
        number=attempt.number,
        state=attempt.state,
        values=attempt.values,
        macro_f1=kept.scores["macro_f1"] if kept else None,
        loss=kept.validation_loss if kept and math.isfinite(kept.validation_loss) else None,
        best_epoch=kept.epoch if kept else 0,
        curve=[round(epoch.scores["macro_f1"], 6) for epoch in attempt.epochs],
        seconds=round(search.clock() - attempt.began, 2),
        error=attempt.error.to_dict() if attempt.error else None,
    )
    search.trials.append(done)
    search.drawn.append(attempt.drawn)
    if attempt.answers is not None and (attempt.number == 0 or search.best is done):
        defaults = {key: known for key, known in search.answers.items() if key == 0}
        search.answers = defaults | {attempt.number: attempt.answers}
    return done


def _kept(attempt: Attempt) -> EpochDone | None:
    """The epoch whose weights a training would keep: the best, or with a patience of 0 the last."""
    if attempt.state == "complete" and attempt.keeps_last:
        return attempt.epochs[-1]
    return max(attempt.epochs, key=lambda epoch: (epoch.scores["macro_f1"], -epoch.validation_loss), default=None)
