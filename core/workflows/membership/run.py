"""An attack on a version's privacy, on request: shadow models with its model and settings, and what can be told from them.

Makes no version. Each shadow is a first training on a random half of the rows of the version's first experience, with a seed
of its own; the version's validation rows choose the best epoch, as they did for the version. The frozen tests are not read. What
is attacked is how the version was learned, not its one file: nobody knows what that would have been without a row.

References
----------
N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis, F. Tramèr (2022), "Membership inference attacks from first principles".
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.base.errors import DataError, ModelError
from core.base.events import Advanced, CheckpointDue, Ended, StageStarted
from core.base.messages import message
from core.continual.methods import StrategyConfig
from core.networks.encoders.batches import predict_logits
from core.networks.text import encode_examples
from core.registry import VersionInfo
from core.registry.records import MembershipStore, about_version
from core.statistics.membership import exposures
from core.tasks.text_classification.reported import has_labels
from core.tasks.text_classification.tree import is_tree, members
from core.workflows.learn.learning import ShouldStop, first_lesson, learned_shares, training_device
from core.workflows.membership.judging import Figures, judge
from core.workflows.membership.request import FEWEST_SHADOWS, MembershipRequest
from core.workflows.membership.rows import AttackedRows, attacked_rows
from core.workflows.repeat.learning_curve import own_settings
from core.workflows.requests import Settings
from core.workflows.versions.folder import Learner, VersionFolder
from core.workflows.versions.past import Labelled
from core.workflows.workspace import Workspace

Floats = NDArray[np.float64]

BEGINS, ENDS = 0.02, 0.98  # of the whole job, in which shadows learn
SUREST = 50.0  # nats, beyond which a probability is 0 or 1 in single precision


@dataclass(frozen=True)
class MembershipDone(Ended):
    """The last event: the version, and the record as it is stored."""

    version: int
    record: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"membership": self.version}


@dataclass(frozen=True)
class _Shadow:
    """How sure a shadow is of each attacked row, and of each canary at its rank among texts that it did not learn."""

    rows: Floats
    canaries: Floats
    exposures: Floats


@dataclass
class _Plan:
    """What all shadows have in common, and what those that are done know."""

    request: MembershipRequest
    folder: VersionFolder
    settings: Settings
    strategy: tuple[str, StrategyConfig]
    rows: AttackedRows
    validation: Labelled
    promised: dict[str, float] | None
    workspace: Workspace
    shadows: dict[int, _Shadow] = field(default_factory=dict)


def attack_membership(
    request: MembershipRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Learn shadows and attack them, yielding events; the last one is `MembershipDone`, and there is none when stopped.

    Parameters
    ----------
    resume
        State of the last `CheckpointDue` of the same request: shadows that are finished are not learned again.

    Raises
    ------
    CoreError
        When there is no such version, it does not give each text one label, its dataset was deleted, or its rows are too few.
    """
    began = time.monotonic()
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    version = workspace.registry.resolve(request.classifier, request.version)
    plan = _plan(request, version, workspace)
    before = 0.0
    if resume is not None and resume["rows"] == plan.rows.fingerprint():
        before = float(resume["seconds"])
        plan.shadows = {
            earlier["shadow"]: _Shadow(*(earlier[name].numpy() for name in ("rows", "canaries", "exposures")))
            for earlier in resume["shadows"]
        }
    for shadow in range(request.audit_shadows):
        if shadow in plan.shadows:
            continue
        late = before + time.monotonic() - began >= 60 * request.audit_minutes
        if late and len(plan.shadows) >= FEWEST_SHADOWS:
            break
        yield _advanced(plan, shadow, 0.0)
        for event in _learn(plan, shadow, should_stop):
            if isinstance(event, float):
                yield _advanced(plan, shadow, event)
            else:
                plan.shadows[shadow] = event
        if should_stop():
            return
        yield CheckpointDue(_state(plan, before + time.monotonic() - began))
    yield StageStarted(message("membership.judging", "Attacking the shadow models."), ENDS)
    record = {
        **about_version(version, before + time.monotonic() - began),
        **judge(_figures(plan)),
    }
    MembershipStore(workspace.home).save(record)
    yield MembershipDone(version.number, record)


def _plan(request: MembershipRequest, version: VersionInfo, workspace: Workspace) -> _Plan:
    folder = VersionFolder(workspace.registry.folder_of(version))
    if not has_labels(folder.report()):
        raise ModelError(
            "membership.no_labels",
            "The attack asks how probable the one true label of a text is, and this model does not give each text one label. "
            "Choose a model that does.",
        )
    settings, strategy = own_settings(folder)
    promised = _promised(folder.report(), settings)
    if promised is not None and promised["delta"]:  # that of all rows, not of the half that a shadow has
        privacy = settings.privacy.model_copy(update={"delta": promised["delta"]})
        settings = replace(settings, privacy=privacy)
    record = folder.experiences()[0]
    try:
        dataset = folder.task.as_read(workspace.datasets.load(record.dataset))
    except DataError:
        raise DataError(
            "membership.past_missing",
            "Shadow models learn from the rows of the version's first training, but that dataset was deleted: {name}. Upload it "
            "and train again.",
            name=record.name,
        ) from None
    rows = attacked_rows(
        dataset,
        folder.rows_of(record.number, "train"),
        most=request.audit_rows,
        canaries=request.audit_canaries,
        by_group=settings.privacy.private and settings.privacy.privacy_unit == "group",
        chinese=workspace.datasets.info(record.dataset).language == "zh",
    )
    validation = dataset.take(folder.rows_of(record.number, "validation"))
    labelled = (validation.texts, validation.label_names())
    return _Plan(request, folder, settings, strategy, rows, labelled, promised, workspace)


def _promised(report: Mapping[str, Any], settings: Settings) -> dict[str, float] | None:
    """ε and δ that a shadow keeps to: what was promised, also where the version was stopped before it had spent all of that."""
    stored = report.get("privacy")
    if not stored:
        return None
    epsilon = max(float(stored["epsilon"]), float(settings.privacy.epsilon))
    return {"epsilon": epsilon, "delta": float(stored.get("delta") or 0.0)}


def _learn(plan: _Plan, shadow: int, should_stop: ShouldStop) -> Iterator[float | _Shadow]:
    """Learn one shadow: how much of it is done, 0 to 1, and at the end what it knows; none when stopped."""
    training = plan.settings.training
    settings = replace(plan.settings, training=training.model_copy(update={"seed": training.seed + 1 + shadow}))
    lesson = first_lesson(
        plan.folder.model_name,
        plan.rows.training(shadow),
        plan.validation,
        plan.folder.outputs,
        settings,
        plan.workspace.sources,
        plan.strategy,
        plan.rows.training_groups(shadow),
    )
    yield from learned_shares(lesson, should_stop)
    if not should_stop():
        yield _asked(lesson.learner, plan.rows)


def _asked(learner: Learner, rows: AttackedRows) -> _Shadow:
    """Ask a shadow about all attacked rows, canaries and references at once."""
    canaries, texts = rows.canaries, [rows.texts[row] for row in rows.measured]
    device = training_device()
    every = encode_examples(learner.pipeline, [*texts, *canaries.texts, *canaries.references])
    logits = predict_logits(learner.model.to(device), every, device).numpy().astype(np.float64)
    learner.model.cpu()
    own, made, never = np.split(logits, np.cumsum([len(texts), len(canaries.texts)]))
    known = {name: number for number, name in enumerate(learner.outputs)}
    truth = np.array([known[rows.labels[row]] for row in rows.measured], dtype=np.int64)
    wanted = np.array([known[label] for label in canaries.labels], dtype=np.int64)
    sure = confidence(made, wanted, learner.outputs)
    exposed = np.zeros(0)
    if len(wanted):
        there = [confidence(never, np.full(len(never), label), learner.outputs) for label in wanted]
        exposed = exposures(sure, np.stack(there))
    return _Shadow(confidence(own, truth, learner.outputs), sure, exposed)


def confidence(logits: Floats, truth: NDArray[np.int64], labels: Sequence[str]) -> Floats:
    """The logit of the probability of each row's label, log p − log (1 − p), ``(rows,)``, within ±50.

    Parameters
    ----------
    logits
        Shape ``(rows, labels)``.
    truth
        The label of each row, by number; that of a tree stands for all below it.
    """
    own = members(labels)[truth] if is_tree(labels) else np.eye(len(labels), dtype=np.bool_)[truth]
    inside, outside = (np.where(side, logits, -np.inf) for side in (own, ~own))
    with np.errstate(invalid="ignore"):
        odds = np.logaddexp.reduce(inside, axis=1) - np.logaddexp.reduce(outside, axis=1)
    sure: Floats = np.clip(np.nan_to_num(odds, nan=0.0, posinf=SUREST, neginf=-SUREST), -SUREST, SUREST)
    return sure


def _figures(plan: _Plan) -> Figures:
    order = sorted(plan.shadows)
    done, coins = [plan.shadows[shadow] for shadow in order], [plan.rows.learned(shadow) for shadow in order]
    return Figures(
        rows=np.stack([shadow.rows for shadow in done]),
        learned=np.stack([rows[plan.rows.measured] for rows, _ in coins]),
        canaries=np.stack([shadow.canaries for shadow in done]),
        inserted=np.stack([canaries for _, canaries in coins]),
        exposures=np.stack([shadow.exposures for shadow in done]),
        references=len(plan.rows.canaries.references),
        taking_part=len(plan.rows.texts),
        available=plan.rows.available,
        asked=plan.request.audit_shadows,
        promised=plan.promised,
    )


def _state(plan: _Plan, seconds: float) -> dict[str, Any]:
    done = [
        {
            "shadow": number,
            "rows": torch.from_numpy(shadow.rows),
            "canaries": torch.from_numpy(shadow.canaries),
            "exposures": torch.from_numpy(shadow.exposures),
        }
        for number, shadow in plan.shadows.items()
    ]
    return {"rows": plan.rows.fingerprint(), "seconds": seconds, "shadows": done}


def _advanced(plan: _Plan, shadow: int, part: float) -> Advanced:
    every = plan.request.audit_shadows
    progress = message(
        "membership.learning",
        "Shadow model {shadow} of {shadows}: learning a random half of {rows:,} rows.",
        shadow=shadow + 1,
        shadows=every,
        rows=len(plan.rows.texts),
    )
    return Advanced(progress, BEGINS + (ENDS - BEGINS) * (len(plan.shadows) + part) / every)
