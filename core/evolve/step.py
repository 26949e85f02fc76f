"""One step of a policy: take in, follow what runs, take back what turned out worse, begin what is due.

Each step can be killed anywhere and done again. A file is known by its content, a batch is written down before it is given to the
queue, and a run that learns it is found again by its dataset; so no row is learned twice, and none is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from core.base.audit import POLICY, act_as, acting
from core.base.errors import CoreError
from core.base.messages import message
from core.data.dataset.inputs import body_of
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import JOINED, Corrections, join_corrections
from core.evolve import shadow
from core.evolve.context import Context, since
from core.evolve.entering import take_in
from core.evolve.intake import lacking
from core.evolve.ledger import Batch, Ledger, Ledgers
from core.evolve.telling import deliver, look, tell
from core.evolve.trying import is_tried
from core.jobs import JobQueue
from core.registry import HOW, VersionInfo, keep_back, promote
from core.registry.records import refuse_half_forgotten
from core.serving.engines.graphs import load_version
from core.serving.monitor.store import MonitorStore
from core.statistics.intervals import MINIMUM_ROWS
from core.workflows.requests import UpdateRequest
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Past, read_past
from core.workflows.workspace import Workspace

_REFUSED = message(
    "evolve.refused", "The gate is against it; its rows are tried again with the next ones, a few times."
)
_GONE = message("evolve.gone", "The version that was made of it was deleted.")
_DELETED = message("evolve.deleted", "Its rows were deleted before they could be learned.")


def step(model: str, workspace: Workspace, queue: JobQueue, *, now: datetime | None = None) -> Ledger | None:
    """Follow a model's policy as far as there is something to do; returns what is known of it afterwards.

    None where another process is at it, or the policy is switched off.
    """
    ledgers = Ledgers(workspace.home)
    if not ledgers.read(model).policy.active:
        return None
    context, before = Context(workspace, queue, now or datetime.now(UTC)), acting()
    act_as(POLICY)
    try:
        with ledgers.alone(model) as ledger:
            if ledger is None or not ledger.policy.active:
                return None
            known = {trouble.key for trouble in ledger.troubles}
            try:
                ledger.trouble = None
                refuse_half_forgotten(workspace.home)
                look(ledger, *_champion(ledger, context), workspace.home, context.now)
                _follow(ledger, context)
                take_in(ledger, ledgers, workspace, context.now)
                _take_back(ledger, context)
                _begin(ledger, context, ledgers)
            except CoreError as error:
                ledger.trouble = error.message.to_dict()
            for trouble in ledger.troubles:
                if trouble.key not in known:  # once, until it is over
                    tell(ledger, "trouble", trouble)
            deliver(ledger, workspace.home)
            return ledger
    finally:
        act_as(before)


def decide(ledger: Ledger, mark: str, *, enter: bool) -> bool:
    """A person lets a file in that waits, or sets it aside; False where there is no such file."""
    for taken in ledger.files:
        if taken.mark == mark and taken.verdict == "waiting" and taken.dataset:
            taken.verdict = "entered" if enter else "aside"
            return True
    return False


def _champion(ledger: Ledger, context: Context) -> tuple[VersionInfo, VersionFolder]:
    version = context.workspace.registry.resolve(ledger.model)
    return version, VersionFolder(context.workspace.registry.folder_of(version))


def _follow(ledger: Ledger, context: Context) -> None:
    """Where a batch is at work, see what became of it."""
    _see_promoted(ledger, context)
    batch = ledger.open
    if batch is None:
        return
    if batch.state in ("waiting", "shadow"):
        _see_decision(ledger, batch, context)
        if batch.state == "shadow":
            _see_shadow(ledger, batch, context)
        return
    made = _made_of(ledger, batch, context)
    if made is not None:
        _decide(ledger, batch, made, context)
        return
    job = context.job_of(ledger, batch, "update")
    if job is None:
        if is_tried(ledger, batch, context):
            _submit(ledger, batch, context)
        return
    batch.job, batch.state = job.id, "running"
    if job.state == "finished":
        batch.state, batch.reason = "failed", _GONE.to_dict()
    elif job.ended and not context.goes_on(batch, job):
        reason = job.error or message("evolve.stopped", "The run was stopped before it had made a version.")
        batch.state, batch.reason = "failed", reason.to_dict()


def _made_of(ledger: Ledger, batch: Batch, context: Context) -> VersionInfo | None:
    """The version that has learned a batch, whatever became of the run that made it."""
    versions = context.workspace.registry.versions(ledger.model)
    made = (version for version in versions if version.summary.get("dataset") == batch.dataset)
    return next((version for version in made if since(batch, version.created)), None)


def _submit(ledger: Ledger, batch: Batch, context: Context) -> None:
    request = UpdateRequest(
        classifier=ledger.model,
        dataset=batch.dataset,
        strategy=batch.strategy or ledger.policy.strategy,
        gate={"loss_judged_by": "together"} if ledger.policy.older_tests == "together" else {},
        promote="never",
    )
    titled = message(
        "evolve.title",
        "Update of '{classifier}' by its policy, batch {number}",
        classifier=ledger.model,
        number=batch.number,
    )
    job = context.queue.submit(
        "update", title=str(titled), titled=titled, classifier=ledger.model, config=request.model_dump()
    )
    batch.job, batch.state = job.id, "running"


def _decide(ledger: Ledger, batch: Batch, version: VersionInfo, context: Context) -> None:
    """Promote a candidate that passes the gate where the policy says so; keep one back that does not."""
    registry, batch.version = context.workspace.registry, version.number
    if version.decision is not None:
        batch.state = "promoted" if version.decision.promoted else "kept_back"
    elif version.refused:
        keep_back(registry, ledger.model, batch.version)
        batch.state, batch.reason = "refused", _REFUSED.to_dict()
        refused = message("evolve.candidate_refused", "The gate is against version {version}.", version=version.number)
        tell(ledger, "candidate_refused", refused)
    elif ledger.policy.then == "promote":
        promote(registry, ledger.model, batch.version, how=HOW["policy"])
        batch.state = "promoted"
    elif ledger.policy.then == "shadow":
        shadow.begin(batch, registry.resolve(ledger.model), context)
    else:
        _wait(ledger, batch)


def _wait(ledger: Ledger, batch: Batch) -> None:
    batch.state = "waiting"
    waits = message("evolve.candidate_waits", "Version {version} waits for a decision.", version=batch.version)
    tell(ledger, "candidate_waits", waits)


def _see_shadow(ledger: Ledger, batch: Batch, context: Context) -> None:
    """Promote what is better in use, or the same; keep back what is worse; let a person decide where it may be chance."""
    verdict = shadow.look(ledger, batch, context)
    if verdict is None or batch.version is None:
        return
    batch.reason, registry = verdict.reason.to_dict(), context.workspace.registry
    if verdict.better is None:
        _wait(ledger, batch)
    elif verdict.better:
        promote(registry, ledger.model, batch.version, how=HOW["policy_shadow"], reason=str(verdict.reason))
        batch.state = "promoted"
    else:
        keep_back(registry, ledger.model, batch.version, reason=str(verdict.reason))
        batch.state = "kept_back"


def _see_promoted(ledger: Ledger, context: Context) -> None:
    """What the gate refused and a person promoted all the same is learned."""
    refused = {batch.version: batch for batch in ledger.batches if batch.state == "refused"}
    for version in context.workspace.registry.versions(ledger.model) if refused else ():
        if version.number in refused and version.decision is not None and version.decision.promoted:
            refused[version.number].state, refused[version.number].reason = "promoted", None


def _see_decision(ledger: Ledger, batch: Batch, context: Context) -> None:
    registry = context.workspace.registry
    if batch.version is None or batch.version not in {version.number for version in registry.versions(ledger.model)}:
        batch.state = "kept_back"  # deleted since
        return
    decision = registry.version(ledger.model, batch.version).decision
    champion = registry.champion(ledger.model)
    if champion is not None and champion.number == batch.version:
        batch.state = "promoted"
    elif decision is not None and not decision.promoted:
        batch.state = "kept_back"


def _take_back(ledger: Ledger, context: Context) -> None:
    """Return to the version before, where on labelled texts in use the one that was promoted answers fewer rightly."""
    registry, batch = context.workspace.registry, next(reversed(ledger.batches), None)
    champion = registry.champion(ledger.model)
    if batch is None or batch.state != "promoted" or champion is None or champion.number != batch.version:
        return
    if not ledger.policy.take_back or champion.parent is None:
        return
    begun = datetime.fromisoformat(batch.at).date()
    sampled = MonitorStore(context.workspace.home).sample(ledger.model, champion.run_id, begun)
    known = [(each.row.text, each.truth) for each in sampled if each.row.text is not None and each.truth is not None]
    if len(known) < MINIMUM_ROWS:
        return
    texts, truth = [str(text) for text, _ in known], [str(target) for _, target in known]
    parent = registry.version(ledger.model, champion.parent)
    answers = [_answers(version, texts, truth, context) for version in (parent, champion)]
    task = VersionFolder(registry.folder_of(champion)).task
    difference = task.score.gain(task.difference(task.score.name, truth, *answers))
    if difference.high < 0:
        reason = message(
            "evolve.worse",
            "On {rows} labelled texts in use it is {points:.1f} points worse than version {parent} (at best {best:.1f}).",
            rows=len(known),
            points=-100 * difference.value,
            best=-100 * difference.high,
            parent=parent.number,
        )
        registry.rollback(ledger.model, parent.number, str(reason))
        batch.state, batch.reason = "taken_back", reason.to_dict()
        tell(ledger, "taken_back", reason)


def _answers(version: VersionInfo, texts: Sequence[str], truth: Sequence[str], context: Context) -> list[str]:
    folder = VersionFolder(context.workspace.registry.folder_of(version))
    engine = load_version(folder.path)
    return folder.task.judged(folder.task.read(engine, engine.compute(texts)), truth)


def _begin(ledger: Ledger, context: Context, ledgers: Ledgers) -> None:
    """Put the rows that wait into a batch, where it is time."""
    stored = {info.id for info in context.workspace.datasets.list()}
    for taken in ledger.pending:
        if taken.dataset not in stored:  # deleted since, or all of its rows were forgotten
            taken.verdict, taken.reasons = "aside", [_DELETED.to_dict()]
    pending = ledger.pending
    rows = sum(taken.rows for taken in pending)
    if ledger.open is not None or not ledger.fresh or rows < _needed(ledger, context):
        return
    if ledger.begun and context.now - datetime.fromisoformat(ledger.begun) < timedelta(
        hours=ledger.policy.hours_between
    ):
        return
    datasets, marks = context.workspace.datasets, [taken.mark for taken in pending]
    info = datasets.info(pending[0].dataset)
    joined = together([datasets.load(taken.dataset) for taken in pending])
    source: dict[str, Any] = {"policy": ledger.model, "files": [taken.name for taken in pending]}
    waiting = Corrections(context.workspace.home).list(ledger.model) if ledger.policy.corrections else []
    if waiting:
        joined, source[JOINED] = join_corrections(joined, waiting), len(waiting)
    if lack := lacking(joined, source, *_learned(ledger, context)):
        ledger.trouble = lack.to_dict()
        return
    number = len(ledger.batches) + 1
    saved = datasets.save(joined, name=f"{ledger.model[:60]}, batch {number}", roles=info.roles, source=source)
    batch = Batch(number, context.stamp, saved.id, len(joined), marks)
    ledger.batches.append(batch)
    ledger.begun = context.stamp
    ledgers.write(ledger)  # before anybody can learn it
    if is_tried(ledger, batch, context):
        _submit(ledger, batch, context)
    context.workspace.registry.audit.add(
        "update_begun", model=ledger.model, facts={"batch": number, "rows": len(joined)}, once=f"batch {saved.id}"
    )


def _learned(ledger: Ledger, context: Context) -> tuple[VersionFolder, Past]:
    _, folder = _champion(ledger, context)
    return folder, read_past(folder, context.workspace)


def _needed(ledger: Ledger, context: Context) -> int:
    champion = context.workspace.registry.champion(ledger.model)
    alarm = (
        champion is not None and MonitorStore(context.workspace.home).alarm(ledger.model, champion.run_id) is not None
    )
    return ledger.needed(alarm=alarm, now=context.now)


def together(datasets: Sequence[TextDataset]) -> TextDataset:
    """The rows of several tables one after the other, each text once: the last table that has it says what it is."""
    classes = tuple(dict.fromkeys(name for dataset in datasets for name in dataset.classes))
    numbers = {name: number for number, name in enumerate(classes)}
    rows: dict[str, tuple[str, int, str, str]] = {}
    for dataset in datasets:
        groups, times = dataset.groups or [""] * len(dataset), dataset.times or [""] * len(dataset)
        for text, name, group, moment in zip(dataset.texts, dataset.label_names(), groups, times, strict=True):
            rows[body_of(text)] = (text, numbers[name], group, moment)
    texts, labels, groups, times = zip(*rows.values(), strict=True)
    return TextDataset(
        texts=texts,
        labels=np.array(labels, dtype=np.int64),
        classes=classes,
        groups=groups if any(groups) else None,
        times=times if any(times) else None,
    )
