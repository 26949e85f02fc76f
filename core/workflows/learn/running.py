"""The first half that training and update share: the MLflow run around a gradient loop, and its checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.base.events import CheckpointDue, EpochDone, Finished
from core.continual.strategies import Experience
from core.registry import Registry
from core.workflows.learn import learning
from core.workflows.learn.candidate import Candidate, Completed
from core.workflows.learn.learning import ClassifierLesson, ShouldStop
from core.workflows.learn.reporting import record_figures
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace


def parts_of(resume: dict[str, Any] | None) -> tuple[str | None, dict[str, Any] | None]:
    """What a workflow is resumed with: the run's id, and how far it had learned; either may be missing.

    A run that was killed before its first checkpoint has an id alone, one of earlier editions a checkpoint alone.
    """
    if resume is None:
        return None, None
    learned = {name: value for name, value in resume.items() if name != "run_id"}
    return resume.get("run_id"), learned or None


def run_of(registry: Registry, run_id: str | None, start: Callable[[], str]) -> str:
    """The run that goes on, or a new one: also where the old one is not on record any more."""
    if run_id is not None and registry.go_on(run_id):
        return run_id
    return start()


def made_before(classifier: str, run_id: str | None, workspace: Workspace) -> Completed | None:
    """The version that this run has made already: it was killed between registering it and saying so."""
    number = workspace.registry.made_by(classifier, run_id) if run_id is not None else None
    if number is None or run_id is None:
        return None
    report = VersionFolder(workspace.registry.folder(classifier, number)).report()
    workspace.registry.go_on(run_id)
    record_figures(workspace.registry, run_id, report)
    return Completed(number, report)


@contextmanager
def recorded_run(registry: Registry, run_id: str, should_stop: ShouldStop) -> Iterator[None]:
    """Close the run's record however the work inside ends; an interrupted process leaves it open, for the resume."""
    try:
        yield
    except GeneratorExit:
        raise
    except BaseException:
        registry.finish_run(run_id, "failed")
        raise
    registry.finish_run(run_id, "stopped" if should_stop() else "finished")


def learn(
    candidate: Candidate,
    experience: Experience,
    registry: Registry,
    *,
    should_stop: ShouldStop,
    resume: dict[str, Any] | None,
) -> Iterator[Any]:
    """Let the strategy learn one experience; keeps the record, passes the events on, and fills in ``candidate``.

    Stopped before the first epoch ended, there is nothing worth keeping: the caller makes no version then
    (`learned_nothing`).
    """
    state = resume["loop"] if resume is not None else None
    if resume is not None:
        candidate.epochs = [EpochDone.from_dict(epoch) for epoch in resume["epochs"]]

    lesson = ClassifierLesson(candidate.learner, candidate.strategy, experience)
    for event in learning.learn(lesson, should_stop=should_stop, resume=state):
        if isinstance(event, EpochDone):
            candidate.epochs.append(event)
            registry.log_metrics(candidate.run_id, _curve(event), step=event.epoch)
        elif isinstance(event, Finished):
            candidate.finished = event
        elif isinstance(event, CheckpointDue):
            epochs = [epoch.to_dict() for epoch in candidate.epochs]
            event = CheckpointDue({"run_id": candidate.run_id, "loop": event.state, "epochs": epochs})
        yield event
    if learned_nothing(candidate):
        return
    candidate.learner.model.cpu()
    candidate.strategy.end_experience(candidate.learner.model, experience)


def learned_nothing(candidate: Candidate) -> bool:
    """Whether the run was stopped before any epoch had ended."""
    return candidate.finished is not None and candidate.finished.best_epoch == 0


def _curve(event: EpochDone) -> dict[str, float]:
    return {name: value for name, value in event.to_dict().items() if name not in ("epoch", "best", "seconds")}
