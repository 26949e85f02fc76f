"""An encoder learns from unlabelled texts: dataset in, own encoder out, with figures of whether it helped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from core.base.errors import ModelError
from core.base.events import CheckpointDue, Ended, Finished, LanguageEpoch, RunStarted, StageStarted
from core.base.files import incoming_folder
from core.base.messages import message
from core.registry.records import new_id
from core.tasks.text_classification.probe import compare_answers, linear_answers
from core.training.pretraining.config import SCRATCH, resolve
from core.training.pretraining.loop import commonest_accuracy, measure, pretrain
from core.training.pretraining.model import HEAD, save_model
from core.training.pretraining.record import RECORD, read_record, write_record
from core.workflows.learn.learning import ShouldStop, training_device
from core.workflows.learn.running import parts_of
from core.workflows.pretrain.lesson import PretrainLesson, prepare
from core.workflows.pretrain.request import PretrainRequest
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class Pretrained(Ended):
    """The last event of a pretraining: the encoder that was made, and what is written down of it."""

    reference: str
    record: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"encoder": self.reference}


@dataclass
class _Outcome:
    """How the learning went; all but ``finished`` outlives an interruption."""

    begin: dict[str, float] = field(
        default_factory=dict
    )  # loss and accuracy on held-out texts before anything is learned
    answers: list[int] = field(default_factory=list)  # class numbers that the probe's rows had before
    epochs: list[LanguageEpoch] = field(default_factory=list)
    seconds: float = 0.0  # seconds of an earlier part of an interrupted run
    finished: Finished | None = None

    @staticmethod
    def of(resume: dict[str, Any]) -> _Outcome:
        epochs = [LanguageEpoch(**epoch) for epoch in resume["epochs"]]
        return _Outcome(resume["begin"], resume["answers"], epochs, resume["seconds"])

    def checkpoint(self, lesson: PretrainLesson, request: PretrainRequest, loop: Any, started: float) -> CheckpointDue:
        """All that it takes to go on; the tokenizer only where it was learned."""
        return CheckpointDue(
            {
                "loop": loop,
                "tokenizer": lesson.tokenizer_json if request.start == SCRATCH else None,
                "begin": self.begin,
                "answers": self.answers,
                "epochs": [asdict(epoch) for epoch in self.epochs],
                "seconds": self.seconds + time.monotonic() - started,
            }
        )


def check_pretraining(request: PretrainRequest, workspace: Workspace) -> None:
    """Raise what would stop the request before it begins: name, settings, missing datasets or encoder."""
    workspace.sources.encoders.check_free(request.name)
    resolve(request.start, request.settings)
    for dataset in filter(None, (request.dataset, request.probe)):
        workspace.datasets.info(dataset)
    if request.start != SCRATCH:
        workspace.sources.encoders.check(request.start)


def pretrain_encoder(
    request: PretrainRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn the texts of a dataset, yielding events; the last one is `Pretrained`.

    Stopped before the first epoch ended, there is nothing worth keeping, and no encoder is made.

    Raises
    ------
    CoreError
        When the request cannot be fulfilled.
    """
    started = time.monotonic()
    run_id, learned = parts_of(resume)
    record = _made_before(request, run_id, workspace)
    if record is not None:
        yield Pretrained(record["reference"], record)
        return
    check_pretraining(request, workspace)
    run_id = run_id or new_id()
    yield RunStarted(run_id)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    lesson = prepare(request, workspace, learned["tokenizer"] if learned is not None else None)
    pieces, held_out = lesson.reader.pieces(lesson.texts.train), lesson.reader.pieces(lesson.texts.held_out)
    lesson.model.to(training_device())
    outcome = _Outcome() if learned is None else _Outcome.of(learned)
    if learned is None:
        yield StageStarted(message("pretraining.before", "Measuring what the encoder knows before."), 0.01)
        loss, accuracy = measure(lesson.model, held_out, lesson.masks, lesson.config)
        outcome.begin = {"loss": loss, "accuracy": accuracy}
        outcome.answers = linear_answers(lesson.probe, lesson.encode).tolist() if lesson.probe else []
    yield StageStarted(message("stage.learn", "Learning from {rows:,} texts.", rows=len(lesson.texts.train)), 0.03)
    for event in pretrain(
        lesson.model,
        pieces,
        held_out,
        lesson.masks,
        lesson.config,
        device=training_device(),
        should_stop=should_stop,
        resume=learned["loop"] if learned is not None else None,
    ):
        if isinstance(event, LanguageEpoch):
            outcome.epochs.append(event)
        elif isinstance(event, Finished):
            outcome.finished = event
        elif isinstance(event, CheckpointDue):
            event = outcome.checkpoint(lesson, request, event.state, started)
        yield event
    if not _worth_keeping(outcome):
        return
    yield StageStarted(message("pretraining.after", "Measuring what it knows now, and storing it."), 0.92)
    record = _record(request, lesson, outcome, pieces, held_out)
    record["seconds"] = round(outcome.seconds + time.monotonic() - started, 1)
    record["run"] = run_id
    _store(workspace, lesson, record)
    yield Pretrained(record["reference"], record)


def _worth_keeping(outcome: _Outcome) -> bool:
    """Whether an epoch ended, and with a number."""
    if outcome.finished is not None and outcome.finished.best_epoch:
        return True
    if outcome.epochs:
        raise ModelError(
            "pretraining.not_a_number",
            "The loss was not a number any more, so nothing was stored. Start again with a lower learning rate.",
        )
    return False


def _record(
    request: PretrainRequest,
    lesson: PretrainLesson,
    outcome: _Outcome,
    pieces: list[list[int]],
    held_out: list[list[int]],
) -> dict[str, Any]:
    texts, finished = lesson.texts, outcome.finished
    probe = None
    if lesson.probe is not None:
        before, after = np.array(outcome.answers, dtype=np.int64), linear_answers(lesson.probe, lesson.encode)
        probe = compare_answers(lesson.probe, before, after, seed=lesson.config.seed)
    device = next(lesson.model.parameters()).device
    return {
        "name": request.name,
        "reference": lesson.info.reference,
        "start": request.start,
        "created": datetime.now(UTC).isoformat(),
        "dataset": {"id": lesson.stored.id, "name": lesson.stored.name, "synthetic": lesson.stored.synthetic},
        "texts": {
            "given": texts.given,
            "learned": len(texts.train),
            "held_out": len(texts.held_out),
            "repeated": texts.repeated,
            "left_out_for_probe": texts.probed,
            "tokens": sum(map(len, pieces)),
        },
        "settings": lesson.settings,
        "parameters": lesson.model.parameter_count(),
        "pieces": len(lesson.reader.special),
        "pieces_before": lesson.pieces_before,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "begin": outcome.begin,
        "commonest_accuracy": commonest_accuracy(pieces, held_out, lesson.masks),
        "epochs": [asdict(epoch) for epoch in outcome.epochs],
        "best_epoch": finished.best_epoch if finished else 0,
        "reason": finished.reason.to_dict() if finished else None,
        "probe": probe,
    }


def _store(workspace: Workspace, lesson: PretrainLesson, record: dict[str, Any]) -> None:
    """Put the encoder among the workspace's, with its head and the record beside."""
    lesson.model.cpu()
    info, store = lesson.info, workspace.sources.encoders
    with incoming_folder(workspace.home) as folder:
        save_model(lesson.model, lesson.tokenizer_json, folder)
        write_record(folder, record)
        store.add(
            info.name,
            folder,
            licence=info.licence,
            languages=info.languages,
            prefix=info.prefix,
            pooling=info.pooling,
            source=info.source,
            beside=(HEAD, RECORD),
        )


def _made_before(request: PretrainRequest, run_id: str | None, workspace: Workspace) -> dict[str, Any] | None:
    """The record of the encoder that this run has made already: it was killed between storing it and saying so."""
    store = workspace.sources.encoders
    if run_id is None or not store.is_own(request.name):
        return None
    record = read_record(store.folder(f"own:{request.name}"))
    return record if record is not None and record.get("run") == run_id else None
