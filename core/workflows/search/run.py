"""Which settings suit a dataset: many short trainings, measured on the validation rows. Makes no version.

The first trial are the model's defaults. What comes after is drawn by a tree-structured Parzen estimator, and a trial
that is worse than the middle one at the same epoch is given up. Test rows are taken out before the search begins.

References
----------
Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization".
Golovin et al. 2017, "Google Vizier", on the median stopping rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from core.base.config import build
from core.base.errors import DataError
from core.base.events import Advanced, CheckpointDue, Ended, RunStarted, StageStarted, StepDone
from core.base.messages import message
from core.registry.records import SearchStore, new_id
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.scores import evaluate_predictions
from core.workflows.learn.learning import ShouldStop
from core.workflows.learn.running import parts_of
from core.workflows.requests import resolve_settings
from core.workflows.search.attempt import begin, end, run
from core.workflows.search.request import SearchConfig, SearchRequest
from core.workflows.search.space import dimensions, usual
from core.workflows.search.state import Search, TrialDone, restore, to_state
from core.workflows.search.trial import rows_without_test
from core.workflows.workspace import Workspace

BEGINS, ENDS = 0.02, 0.99  # of the whole job


@dataclass(frozen=True)
class Searched(Ended):
    """The last event: the search as it is stored."""

    search: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"search": self.search["id"]}


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
    run_id, learned = parts_of(resume)
    identity = run_id or new_id()
    yield RunStarted(identity)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    search = _prepare(request, workspace, clock)
    if learned is not None:
        restore(search, learned)
    search.began = clock()
    while not search.over:
        trial = yield from _next_trial(search, should_stop)
        if trial is None:
            return
        yield trial
        yield CheckpointDue(to_state(search))
    record = {"id": identity, **_record(request, search)}
    SearchStore(workspace.home).save(record)
    yield Searched(record)


def _prepare(request: SearchRequest, workspace: Workspace, clock: Callable[[], float]) -> Search:
    settings = resolve_settings(request.model, request.settings)
    defaults = settings.flat()
    workspace.datasets.info(request.dataset).check_single()
    dataset = workspace.datasets.load(request.dataset)
    if len(set(dataset.label_names())) < 2:
        raise DataError(
            "search.one_label",
            "This dataset has no labels, or the same for all rows, so no settings are better than others. Choose another one.",
        )
    return Search(
        model=request.model,
        space=dimensions(request.model, request.searched or usual(request.model), defaults),
        rows=rows_without_test(dataset, settings.data),
        fixed={**request.settings, "memory_size": 0},  # no update follows a trial
        config=build(SearchConfig, request.search),
        workspace=workspace,
        clock=clock,
    )


def _next_trial(search: Search, should_stop: ShouldStop) -> Generator[Any, None, TrialDone | None]:
    """Run one trial and add it to the others; None when stopped."""
    attempt = begin(search)
    yield _advanced(search, None)
    for step in run(attempt, search, should_stop):
        yield _advanced(search, step)
    return None if should_stop() else end(attempt, search)


def _record(request: SearchRequest, search: Search) -> dict[str, Any]:
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
        paired = paired_difference(truth, search.answers[0], search.answers[best.number], metric="macro_f1")
        difference = paired.to_dict()
    stored = search.workspace.datasets.info(request.dataset)
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": stored.id,
        "dataset_name": stored.name,
        "model": request.model,
        "settings": request.settings,
        "search": search.config.model_dump(),
        "space": [dimension.to_dict() for dimension in search.space],
        "rows": {
            "train": len(search.rows.train[0]),
            "validation": len(truth),
            "left_out": search.rows.left_out,
        },
        "seconds": round(search.seconds, 1),
        "trials": [asdict(trial) for trial in search.trials],
        "best": best.number,
        "difference": difference,
        **scores,
    }


def _advanced(search: Search, step: StepDone | None) -> Advanced:
    shares = [search.seconds / (60 * search.config.search_minutes)]
    if search.config.search_trials:
        shares.append(len(search.trials) / search.config.search_trials)
    best = search.best
    facts = {"trial": len(search.trials) + 1, "epoch": step.epoch if step else 1}
    if best is None:
        progress = message("search.first", "Trial {trial}, the defaults: epoch {epoch}.", **facts)
    else:
        progress = message(
            "search.learning",
            "Trial {trial}, epoch {epoch}. Best macro-F1 so far: {best:.3f}.",
            best=best.macro_f1,
            **facts,
        )
    return Advanced(progress, BEGINS + (ENDS - BEGINS) * min(1.0, max(shares)))
