"""Which settings suit a dataset: many short trainings, measured on the validation rows. Makes no version.

The first trial are the model's defaults. What comes after is drawn by a tree-structured Parzen estimator, and a trial
that is worse than the middle one at the same epoch is given up. Test rows are taken out before the search begins.

References
----------
Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization".
Golovin et al. 2017, "Google Vizier", on the median stopping rule.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from core.config import Config, build
from core.errors import CoreError
from core.events import Advanced, CheckpointDue, EpochDone, StageStarted, StepDone
from core.messages import Message, message
from core.metrics.classification import evaluate_predictions
from core.metrics.paired import paired_difference
from core.records import SearchStore, new_id
from core.workflows.requests import Settings, resolve_settings
from core.workflows.running import ShouldStop
from core.workflows.search_space import Dimension, SearchConfig, dimensions, usual
from core.workflows.search_trial import Answers, SearchRows, learn_trial, rows_without_test
from core.workflows.workspace import Workspace

if TYPE_CHECKING:
    import optuna

BEGINS, ENDS = 0.02, 0.99  # of the whole job
DRAWN_AT_RANDOM = 6  # trials before the estimator has enough to go by
NEVER_GIVEN_UP = 4  # trials that are run to their end, to have something to compare with

Ending = Literal["complete", "pruned", "cut", "failed"]


class SearchRequest(Config):
    """What is searched on which dataset.

    Parameters
    ----------
    searched
        Names of settings; none stands for those that are usually worth it.
    settings
        That differ from the model's defaults in every trial, the first one included.
    search
        Values of `SearchConfig`.
    """

    dataset: str
    model: str
    searched: list[str] = []
    settings: dict[str, Any] = {}
    search: dict[str, Any] = {}


@dataclass(frozen=True)
class TrialDone:
    """One trial is over.

    Parameters
    ----------
    state
        ``"pruned"``: given up early; ``"cut"``: the time was over; ``"failed"``: these settings do not go together.
    values
        Of the searched settings.
    macro_f1, loss
        On the validation rows, of the best epoch so far; None when no epoch was finished.
    curve
        Validation macro-F1 of each epoch.
    """

    number: int
    state: Ending
    values: dict[str, Any]
    macro_f1: float | None
    loss: float | None
    best_epoch: int
    curve: list[float]
    seconds: float
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Searched:
    """The last event: the search as it is stored."""

    search: dict[str, Any]


@dataclass
class _Search:
    """What a search is asked for, what it may read, and what it has found."""

    model: str
    rows: SearchRows
    fixed: dict[str, Any]
    space: list[Dimension]
    config: SearchConfig
    workspace: Workspace
    clock: Callable[[], float]
    before: float = 0.0  # seconds, in earlier sittings
    began: float = 0.0
    trials: list[TrialDone] = field(default_factory=list)
    drawn: list[dict[str, Any]] = field(default_factory=list)  # of each trial, as Optuna drew it
    answers: dict[int, Answers] = field(default_factory=dict)  # of the defaults and of the best

    @property
    def seconds(self) -> float:
        return self.before + self.clock() - self.began

    @property
    def over(self) -> bool:
        """Whether no further trial begins; the defaults always have theirs."""
        limit = self.config.search_trials
        return bool(self.trials) and (self.seconds >= 60 * self.config.search_minutes or 0 < limit <= len(self.trials))

    @property
    def best(self) -> TrialDone | None:
        """The best complete trial; the earlier of equals, so that the defaults win a draw."""
        complete = [one for one in self.trials if one.state == "complete"]
        return max(complete, key=_rank, default=None)


def _rank(trial: TrialDone) -> tuple[float, float]:
    return (trial.macro_f1 or 0.0, -math.inf if trial.loss is None else -trial.loss)


def search_settings(
    request: SearchRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Any]:
    """Search, yielding events; `TrialDone` after each trial, `Searched` at the end, which there is not when stopped.

    Parameters
    ----------
    resume
        State of the last `CheckpointDue` of the same request: trials that are over are not run again, and their time
        counts.

    Raises
    ------
    CoreError
        When there is no such dataset, model or setting, or not even the defaults can be trained.
    """
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    search = _prepare(request, workspace, clock)
    if resume is not None:
        _restore(search, resume)
    search.began = clock()
    while not search.over:
        trial = yield from _next_trial(search, should_stop)
        if trial is None:
            return
        yield trial
        yield CheckpointDue(_state(search))
    record = _record(request, search)
    SearchStore(workspace.home).save(record)
    yield Searched(record)


def _prepare(request: SearchRequest, workspace: Workspace, clock: Callable[[], float]) -> _Search:
    settings = resolve_settings(request.model, request.settings)
    defaults = settings.flat()
    return _Search(
        model=request.model,
        space=dimensions(request.model, request.searched or usual(request.model), defaults),
        rows=rows_without_test(workspace.datasets.load(request.dataset), settings.data),
        fixed={**request.settings, "memory_size": 0},  # no update follows a trial
        config=build(SearchConfig, request.search),
        workspace=workspace,
        clock=clock,
    )


def _next_trial(search: _Search, should_stop: ShouldStop) -> Generator[Any, None, TrialDone | None]:
    """Run one trial and add it to the others; None when stopped."""
    number = len(search.trials)
    study = _study(search)
    trial = study.ask({one.setting.name: one.distribution() for one in search.space})
    drawn, values = _drawn(search, trial.params)
    began = search.clock()
    epochs: list[EpochDone] = []
    state: Ending = "complete"
    answers: Answers | None = None
    error: Message | None = None
    yield _advanced(search, epochs, None)
    try:
        settings = resolve_settings(search.model, {**search.fixed, **values})
        learning = learn_trial(search.rows, search.model, settings, search.workspace.sources, should_stop)
        with closing(learning):
            for event in learning:
                if isinstance(event, np.ndarray):
                    answers = event
                elif isinstance(event, StepDone):
                    yield _advanced(search, epochs, event)
                elif isinstance(event, EpochDone):
                    epochs.append(event)
                    trial.report(event.validation_macro_f1, event.epoch)
                    if trial.should_prune():
                        state = "pruned"
                        break
                if number and answers is None and search.seconds >= 60 * search.config.search_minutes:
                    state = "cut"
                    break
    except CoreError as refused:
        if number == 0:
            raise
        state, error = "failed", refused.message
    except (MemoryError, torch.OutOfMemoryError):
        if number == 0:
            raise
        state, error = "failed", message("search.memory", "There is too little memory for these settings.")
    if should_stop():
        return None
    kept = _kept(epochs, settings if state == "complete" else None)
    done = TrialDone(
        number=number,
        state=state,
        values=values,
        macro_f1=kept.validation_macro_f1 if kept else None,
        loss=kept.validation_loss if kept and math.isfinite(kept.validation_loss) else None,
        best_epoch=kept.epoch if kept else 0,
        curve=[round(one.validation_macro_f1, 6) for one in epochs],
        seconds=round(search.clock() - began, 2),
        error=error.to_dict() if error else None,
    )
    search.trials.append(done)
    search.drawn.append(drawn)
    if answers is not None and (number == 0 or search.best is done):
        search.answers = {key: known for key, known in search.answers.items() if key == 0} | {number: answers}
    return done


def _drawn(search: _Search, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Optuna shall remember of a trial, and what is trained with; the first trial takes the defaults as they are."""
    if search.trials:
        return dict(params), {one.setting.name: one.tidy(params[one.setting.name]) for one in search.space}
    return (
        {one.setting.name: one.on_grid(one.default) for one in search.space},
        {one.setting.name: one.default for one in search.space},
    )


def _kept(epochs: list[EpochDone], settings: Settings | None) -> EpochDone | None:
    """The epoch whose weights a training would keep: the best, or with a patience of 0 the last."""
    if settings is not None and settings.training.patience == 0:
        return epochs[-1]
    return max(epochs, key=lambda one: (one.validation_macro_f1, -one.validation_loss), default=None)


def _study(search: _Search) -> optuna.Study:
    """A study that knows all trials so far.

    Made anew for each trial, with a sampler seeded by the trial's number: a search that was interrupted goes on as one
    that was not.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = 1000 * search.config.search_seed + len(search.trials)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=DRAWN_AT_RANDOM, multivariate=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=NEVER_GIVEN_UP, n_warmup_steps=1),
    )
    space = {one.setting.name: one.distribution() for one in search.space}
    states = {"complete": optuna.trial.TrialState.COMPLETE, "pruned": optuna.trial.TrialState.PRUNED}
    for trial, drawn in zip(search.trials, search.drawn, strict=True):
        if trial.state not in states or not trial.curve:
            continue  # neither good nor bad is known of it
        study.add_trial(
            optuna.trial.create_trial(
                state=states[trial.state],
                value=trial.macro_f1 if trial.state == "complete" else None,
                params=drawn,
                distributions=space,
                intermediate_values=dict(enumerate(trial.curve, start=1)),
            )
        )
    return study


def _state(search: _Search) -> dict[str, Any]:
    return {
        "seconds": search.seconds,
        "trials": [asdict(one) for one in search.trials],
        "drawn": search.drawn,
        "answers": {number: torch.from_numpy(answers) for number, answers in search.answers.items()},
    }


def _restore(search: _Search, state: dict[str, Any]) -> None:
    search.before = float(state["seconds"])
    search.trials = [TrialDone(**one) for one in state["trials"]]
    search.drawn = list(state["drawn"])
    search.answers = {int(number): answers.numpy() for number, answers in state["answers"].items()}


def _record(request: SearchRequest, search: _Search) -> dict[str, Any]:
    """Plain values; ``difference`` is best minus defaults on the same validation rows, None when nothing was better."""
    best = search.best
    assert best is not None, "the defaults are always run to their end"
    truth, classes = search.rows.truth(), search.rows.classes
    scores = {
        name: evaluate_predictions(truth, search.answers[number], classes).macro_f1.to_dict()
        for name, number in (("default_score", 0), ("best_score", best.number))
    }
    difference = None
    if best.number:
        found = paired_difference(truth, search.answers[0], search.answers[best.number], metric="macro_f1")
        difference = found.to_dict()
    stored = search.workspace.datasets.info(request.dataset)
    return {
        "id": new_id(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": stored.id,
        "dataset_name": stored.name,
        "model": request.model,
        "settings": request.settings,
        "search": search.config.model_dump(),
        "space": [one.to_dict() for one in search.space],
        "rows": {
            "train": len(search.rows.train[0]),
            "validation": len(truth),
            "left_out": search.rows.left_out,
        },
        "seconds": round(search.seconds, 1),
        "trials": [asdict(one) for one in search.trials],
        "best": best.number,
        "difference": difference,
        **scores,
    }


def _advanced(search: _Search, epochs: list[EpochDone], step: StepDone | None) -> Advanced:
    shares = [search.seconds / (60 * search.config.search_minutes)]
    if search.config.search_trials:
        shares.append(len(search.trials) / search.config.search_trials)
    best = search.best
    facts = {"trial": len(search.trials) + 1, "epoch": step.epoch if step else 1}
    if best is None:
        said = message("search.first", "Trial {trial}, the defaults: epoch {epoch}.", **facts)
    else:
        said = message(
            "search.learning",
            "Trial {trial}, epoch {epoch}. Best macro-F1 so far: {best:.3f}.",
            best=best.macro_f1,
            **facts,
        )
    return Advanced(said, BEGINS + (ENDS - BEGINS) * min(1.0, max(shares)))
