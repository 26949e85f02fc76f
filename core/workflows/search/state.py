"""What a search is asked for and what it has found so far: its trials, and what Optuna knows of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch

from core.base.events import PartDone
from core.workflows.learn.learning import Answers
from core.workflows.search.request import SearchConfig
from core.workflows.search.space import Dimension
from core.workflows.search.trial import SearchRows
from core.workflows.workspace import Workspace

if TYPE_CHECKING:
    import optuna

DRAWN_AT_RANDOM = 6  # trials before the estimator has enough to go by
NEVER_GIVEN_UP = 4  # trials that are run to their end, to have something to compare with

Ending = Literal["complete", "pruned", "cut", "failed"]


@dataclass(frozen=True)
class TrialDone(PartDone):
    """One trial is over.

    Parameters
    ----------
    state
        ``"pruned"``: given up early; ``"cut"``: the time was over; ``"failed"``: these settings do not go together.
    values
        Values of the searched settings.
    macro_f1, loss
        Figures on the validation rows, of the best epoch so far; None when no epoch was finished.
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


@dataclass
class Search:
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
    drawn: list[dict[str, Any]] = field(default_factory=list)  # values of each trial, as Optuna drew them
    answers: dict[int, Answers] = field(
        default_factory=dict
    )  # answers of the defaults and of the best trial, by number

    @property
    def seconds(self) -> float:
        return self.before + self.clock() - self.began

    @property
    def over(self) -> bool:
        """Whether no further trial begins; the defaults always have theirs."""
        limit = self.config.search_trials
        return self.out_of_time or 0 < limit <= len(self.trials)

    @property
    def out_of_time(self) -> bool:
        """Whether a trial that is not done now does not count any more."""
        return bool(self.trials) and self.seconds >= 60 * self.config.search_minutes

    @property
    def best(self) -> TrialDone | None:
        """The best complete trial; the earlier of equals, so that the defaults win a draw."""
        complete = [trial for trial in self.trials if trial.state == "complete"]
        return max(complete, key=_rank, default=None)


def _rank(trial: TrialDone) -> tuple[float, float]:
    return (trial.macro_f1 or 0.0, -math.inf if trial.loss is None else -trial.loss)


def make_study(search: Search) -> optuna.Study:
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
    space = {dimension.setting.name: dimension.distribution() for dimension in search.space}
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


def to_state(search: Search) -> dict[str, Any]:
    """For a checkpoint."""
    return {
        "seconds": search.seconds,
        "trials": [asdict(trial) for trial in search.trials],
        "drawn": search.drawn,
        "answers": {number: torch.from_numpy(answers) for number, answers in search.answers.items()},
    }


def restore(search: Search, state: dict[str, Any]) -> None:
    """Go on from a checkpoint."""
    search.before = float(state["seconds"])
    search.trials = [TrialDone(**trial) for trial in state["trials"]]
    search.drawn = list(state["drawn"])
    search.answers = {int(number): answers.numpy() for number, answers in state["answers"].items()}
