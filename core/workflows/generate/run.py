"""A generator is trained, or goes on learning: dataset in, version out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from core.base.events import CheckpointDue, Ended, Finished, LanguageEpoch, RunStarted, StageStarted
from core.base.messages import message
from core.generation.store import GeneratorStore, check_name
from core.generation.training import train
from core.registry.records import new_id
from core.workflows.generate.lesson import base_of, prepare, settings_for
from core.workflows.generate.report import Outcome, save_version
from core.workflows.generate.request import GenerateRequest
from core.workflows.learn.learning import ShouldStop, training_device
from core.workflows.learn.running import parts_of
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class Generated(Ended):
    """The last event of a training or update: the version that was made, and its report."""

    generator: str
    version: int
    report: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"generator": self.generator, "version": self.version}


def check_generation(request: GenerateRequest, workspace: Workspace) -> None:
    """Raise what would stop the request before it begins: name, settings, dataset, missing generator."""
    check_name(request.generator)
    base = base_of(request, workspace, None)
    settings_for(request, base.report if base is not None else None)
    workspace.datasets.info(request.dataset)


def generate(
    request: GenerateRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn one dataset, yielding events; the last one is `Generated`, and its version is the current one at once.

    Stopped before the first epoch ended, there is nothing worth keeping, and no version is made.

    Parameters
    ----------
    resume
        State of the last `CheckpointDue` of the same request.

    Raises
    ------
    CoreError
        When the request cannot be fulfilled.
    """
    started = time.monotonic()
    store = GeneratorStore(workspace.home)
    check_name(request.generator)
    run_id, learned = parts_of(resume)
    made = store.made_by(request.generator, run_id) if run_id is not None else None
    if made is not None:  # killed between storing it and saying so
        store.rollback(request.generator, made)
        yield Generated(request.generator, made, store.report(request.generator, made))
        return
    run_id = run_id or new_id()
    yield RunStarted(run_id)
    base = base_of(request, workspace, learned["base"] if learned is not None else None)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    lesson = prepare(request, workspace, base, learned["tokens"] if learned is not None else None)
    outcome = Outcome()
    if learned is not None:
        outcome = Outcome([LanguageEpoch(**epoch) for epoch in learned["epochs"]], None, learned["seconds"])
    yield StageStarted(message("stage.learn", "Learning from {rows:,} texts.", rows=len(lesson.train)), 0.03)
    for event in train(
        lesson.model,
        lesson.training_set(),
        lesson.windows(lesson.validation),
        lesson.learning,
        device=training_device(),
        should_stop=should_stop,
        resume=learned["loop"] if learned is not None else None,
    ):
        if isinstance(event, LanguageEpoch):
            outcome.epochs.append(event)
        elif isinstance(event, Finished):
            outcome.finished = event
        elif isinstance(event, CheckpointDue):
            event = CheckpointDue(
                {
                    "loop": event.state,
                    "base": base.number if base is not None else None,
                    "tokens": lesson.vocabulary.to_text(),
                    "epochs": [asdict(epoch) for epoch in outcome.epochs],
                    "seconds": outcome.seconds + time.monotonic() - started,
                }
            )
        yield event
    if outcome.finished is None or outcome.finished.best_epoch == 0:
        return
    lesson.model.cpu()
    yield StageStarted(message("generation.measure", "Exporting to ONNX, and measuring on the frozen tests."), 0.92)
    with store.incoming(request.generator) as folder:
        save_version(lesson, base, outcome, folder, started)
        number = store.publish(request.generator, folder, run_id)
    yield Generated(request.generator, number, store.report(request.generator, number))
