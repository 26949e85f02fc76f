"""An update: what a version knows plus a new batch becomes a candidate, judged on every frozen test so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from core.base.errors import ConfigError, DataError
from core.base.events import RunStarted, StageStarted
from core.base.faults import reached
from core.base.messages import Message, message
from core.continual.strategies import Strategy
from core.data.dataset.inputs import parse
from core.data.dataset.label_sets import counts_of
from core.data.dataset.label_spelling import LabelMatch, match_labels
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers
from core.data.dataset.splitting import Split, split_rows
from core.data.dataset.store import StoredDataset
from core.data.labelling.corrections import joined_rows
from core.data.loading.label_notes import doubtful_note, label_counts, label_notes
from core.data.loading.load import remarks_of
from core.data.loading.overlapping import Overlap, overlap
from core.fairness.treatment import described
from core.networks.text import count_cut
from core.registry import HOW, UNWRITTEN, VersionInfo, promote
from core.serving.engines.graphs import load_version
from core.tasks import Task
from core.workflows.drift.run import detect_drift
from core.workflows.learn.blending import strategy_of
from core.workflows.learn.candidate import Candidate, Completed, Parent, VersionStream
from core.workflows.learn.learners import length_remarks
from core.workflows.learn.learning import ShouldStop
from core.workflows.learn.personal_checks import check_column, check_personal_settings
from core.workflows.learn.private import capped, without_memory
from core.workflows.learn.producing import produce_version
from core.workflows.learn.running import learn, learned_nothing, made_before, parts_of, recorded_run, run_of
from core.workflows.requests import AUTO, Settings, UpdateRequest, first_strategy, pairing_remark, resolve_update
from core.workflows.standings import AnswerStore, rows_key
from core.workflows.standings.answers import TestAnswers
from core.workflows.update.lesson import next_lesson
from core.workflows.update.private import planned_update
from core.workflows.versions.decide import gate_rules, rules_for
from core.workflows.versions.folder import ExperienceRecord, VersionFolder
from core.workflows.versions.frozen_tests import RANDOM_START, FrozenTest, stored_tests
from core.workflows.versions.label_matching import adopt
from core.workflows.versions.past import Past, read_past
from core.workflows.versions.retention import start_answers
from core.workflows.workspace import Workspace

NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


def compare_batch(batch: TextDataset, past: Past) -> Overlap:
    """What of a batch the version has seen before: trained on, tested on, or under another label."""
    batch, keys = past.folder.task.as_read(batch), key_numbers(batch.texts)
    labels = past.met.labels_of(keys)
    known, spans = {"train": labels.keys(), "test": {*past.tested.tolist()}}, past.folder.task.reads == "spans"
    return overlap(batch, known, labels, keys=keys.tolist(), spans=spans)


def split_batch(batch: TextDataset, seen: Overlap, settings: Settings, past: Past, train_only: Rows = NO_ROWS) -> Split:
    """Divide a batch: rows of older frozen tests are set aside, and rows trained on before can only be trained on.

    Groups that were met before stay on the side where they were.

    Parameters
    ----------
    train_only
        Other rows that can only be trained on, such as corrections that joined the batch: they were picked for being
        answered wrongly, so a test with them would be harder than what is to come.
    """
    shares = settings.data
    to_train = np.union1d(seen.trained, train_only)
    fresh = np.setdiff1d(seen.usable, to_train)
    known = np.intersect1d(seen.usable, to_train)
    if not len(fresh):
        raise DataError(
            "update.nothing_new",
            "None of the {rows:,} rows is new: their texts were trained or tested on before. Choose another batch.",
            rows=len(batch),
        )
    groups = past.groups if batch.groups is not None else None
    new = batch.take(fresh)
    part = split_rows(
        settings.task.stratified(new),
        fractions=shares.fractions,
        seed=shares.split_seed,
        batch=True,
        known_groups=groups,
    )
    part = settings.task.remarked(part, new)
    train = np.union1d(fresh[part.train], known)
    validation, test = fresh[part.validation], fresh[part.test]
    if not len(test) or not len(validation):
        if settings.task.reads == "spans":
            raise DataError(
                "update.too_few_marked",
                "{rows} new rows are too few for an update: some must be kept for validation and for a frozen test. "
                "Collect at least 10 texts with each type of entities first.",
                rows=len(fresh),
            )
        raise DataError(
            "update.too_few",
            "{rows} new rows are too few for an update: some must be kept for validation and for a frozen test. "
            "Collect at least 10 rows of each label first.",
            rows=len(fresh),
        )
    set_aside = np.union1d(seen.tested, fresh[part.set_aside])
    return Split(train, validation, test, set_aside, part.findings)


def check_batch(
    batch: TextDataset, folder: VersionFolder, past: Past, train_only: Rows = NO_ROWS, *, budget: bool = True
) -> None:
    """Raise the `CoreError` that an update from this batch would end with, before anything of it is stored.

    Parameters
    ----------
    budget
        Whether a batch is refused that is too costly at the ε of the version; False where a smaller one may yet be chosen.
    """
    folder.task.check(folder.task.as_read(batch).label_names())
    settings = folder.resolved_settings()
    split = split_batch(batch, compare_batch(batch, past), settings, past, train_only)
    try:
        planned_update(batch.take(split.train), past, settings, first_strategy(folder.report()))
    except ConfigError as error:
        if budget or error.message.key != "privacy.budget_exceeded":
            raise


def read_batch(dataset: str, folder: VersionFolder, workspace: Workspace) -> tuple[StoredDataset, LabelMatch]:
    """The stored batch, its labels spelled as the version's, and which of them were others before."""
    labels = (
        folder.outputs if folder.task.distribution else ()
    )  # targets that are no labels have no spelling of their own
    info = workspace.datasets.info(dataset)
    info.check_for(folder.task.reads, single=folder.task.distribution)
    return adopt(workspace, dataset, labels), match_labels(info.classes, labels)


def check_past(strategy: Strategy, past: Past) -> None:
    """Raise a `DataError` where a strategy needs datasets that were deleted."""
    if strategy.needs_past() and past.missing:
        raise DataError(
            "update.past_missing",
            "'{strategy}' learns from all earlier datasets, but these were deleted: {missing}. "
            "Choose replay, which needs none of them, or upload them again.",
            strategy=strategy.declared.name,
            missing=list(past.missing),
        )


def update_classifier(
    request: UpdateRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Make a candidate version of a stored version and a batch, yielding events; the last one is `Completed`.

    The base version is only read. Whether the candidate is promoted is the request's ``promote``: ``"always"`` (against the
    gate only where the model takes one person for that), ``"gate"`` (when every rule is passed) or ``"never"``.
    """
    run_id, learned = parts_of(resume)
    completed = made_before(request.classifier, run_id, workspace)
    if completed is not None and run_id is not None:
        with recorded_run(workspace.registry, run_id, should_stop):
            _decide(request, completed, workspace)
            yield completed
        return
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    base = workspace.registry.resolve(request.classifier, request.base_version)
    folder = VersionFolder(workspace.registry.folder_of(base), keeps_tables=True)
    if request.strategy == AUTO:
        request = request.model_copy(update={"strategy": first_strategy(folder.report())})
    settings, own = resolve_update(folder.model_name, folder.settings, request.strategy, request.settings, folder.task)
    settings, forgetful = without_memory(settings)
    rules, report = rules_for(folder.task, gate_rules(request, workspace)), folder.report()
    task = folder.task
    stored, match = read_batch(request.dataset, folder, workspace)
    batch = task.as_read(workspace.datasets.load(stored.id))
    task.check(batch.label_names())
    past = read_past(folder, workspace)
    strategy = strategy_of(folder, request.strategy, own, settings)
    check_past(strategy, past)
    seen = compare_batch(batch, past)
    joined = joined_rows(stored.source, len(batch))
    split = split_batch(batch, seen, settings, past, joined)
    train, validation, test = (batch.take(rows) for rows in (split.train, split.validation, split.test))
    privacy = planned_update(train, past, settings, request.strategy)
    if privacy is not None:
        strategy.noise = privacy.hiding(train.groups, settings)
    outputs = task.outputs(batch.label_names(), folder.outputs)
    check_personal_settings(settings.personal, task, folder.model_name, outputs)
    check_column(settings.personal, [known["name"] for known in folder.inputs])
    lesson = next_lesson(
        strategy, train, validation, past=past, outputs=outputs, settings=settings, workspace=workspace
    )
    learner, experience = lesson.learner, lesson.experience
    seed = settings.training.seed
    mitigation, treated = described(settings.fairness, train.texts, train.label_names(), seed, first=False)
    fresh = ((train.texts, train.label_names()), (validation.texts, validation.label_names()))
    sizes = len(train), len(validation), len(test), len(split.set_aside)
    cut = count_cut(learner.pipeline, experience.train)
    records = [*folder.experiences(), ExperienceRecord(experience.number, stored.id, stored.name, *sizes, cut)]
    reached("update.read")
    arrived = batch.take(np.setdiff1d(np.arange(len(batch)), joined)) if len(joined) else batch
    drift = detect_drift(folder, arrived, past, picked="corrections" in stored.source)
    candidate = Candidate(
        classifier=base.classifier,
        learner=learner,
        strategy=strategy,
        stream=VersionStream(
            records=records,
            parts={experience.number: split},
            before=folder,
            tests=[*stored_tests(folder, report), _newest_test(folder, experience.number, stored.name, test)],
            met=(past.with_baseline() if task.baseline_grows else past.met).grown(experience.number, *fresh),
            language=stored.language,
            synthetic=stored.synthetic,
            findings=[
                *remarks_of(stored.source),
                *(label_notes(batch, match) if task.distribution else ()),
                *_new_labels(task, batch, folder.outputs),
                *(finding.message for finding in seen.findings),
                *split.findings,
                *forgetful,
                *capped(settings, len(train), train.groups),
                *length_remarks(records[-1], learner.pipeline.reach),
                *other_inputs(learner.pipeline.inputs, batch),
                *_remarks(past, strategy, pairing_remark(learner.model_name, request.strategy, task)),
                *treated,
            ],
        ),
        mitigation=mitigation,
        run_id=run_of(workspace.registry, run_id, lambda: _start_run(request, base, settings, workspace)),
        parent=Parent(base.number, report, rules, drift.to_dict()),
        privacy=privacy,
    )
    yield RunStarted(candidate.run_id)
    with recorded_run(workspace.registry, candidate.run_id, should_stop):
        rows = len(strategy.training_set(experience, 1))
        yield StageStarted(message("stage.learn", "Learning from {rows:,} texts.", rows=rows), 0.03)
        yield from learn(candidate, experience, workspace.registry, should_stop=should_stop, resume=learned)
        if learned_nothing(candidate):
            return
        for event in produce_version(candidate, workspace):
            if isinstance(event, Completed):
                _keep_answers(base, candidate.stream.tests[-1], workspace)
                _decide(request, event, workspace)
            yield event


def _newest_test(folder: VersionFolder, number: int, name: str, test: TextDataset) -> FrozenTest:
    task, engine = folder.task, load_version(folder.path)
    values, truth = engine.compute(test.texts), tuple(test.label_names())
    predicted = tuple(task.judged(task.read(engine, values), truth))
    answers = {number - 1: predicted, RANDOM_START: start_answers(folder, test.texts)}
    history = {version: task.worth(truth, answer) for version, answer in answers.items()}
    sure = tuple(values.max(axis=1)) if task.distribution else None
    return FrozenTest(number, name, test.texts, truth, predicted, sure, history)


def _new_labels(task: Task, batch: TextDataset, known: Sequence[str]) -> list[Message]:
    """Labels that the version cannot answer with yet, with the rows of each; of a task whose outputs are labels."""
    if not task.activation:
        return []
    rows_of = counts_of(batch.label_names()) if task.reads_sets else label_counts(batch)
    new = {label: rows for label, rows in rows_of.items() if rows and label not in known}
    if not new:
        return []
    likely = match_labels(rows_of, known).likely if task.reads_sets else {}  # of one label a row it is said elsewhere
    named = [f"{label} ({rows:,})" for label, rows in sorted(new.items(), key=lambda pair: -pair[1])]
    doubtful = [doubtful_note(likely)] if likely else []
    return [
        *doubtful,
        message("update.labels_new", "Labels that are new to the model, with their rows: {labels}.", labels=named),
    ]


def other_inputs(inputs: Sequence[Mapping[str, Any]], batch: TextDataset) -> list[Message]:
    """Columns that the model reads and the batch lacks, and the other way round."""
    known = {str(each["name"]) for each in inputs}
    brought = {field.name for text in batch.texts for field in parse(text)[1]}
    notes = []
    if known - brought:
        notes.append(
            message(
                "update.inputs_missing",
                "The model also reads columns that the batch lacks: {columns}. They count as missing in all of its rows.",
                columns=sorted(known - brought),
            )
        )
    if brought - known:
        notes.append(
            message(
                "update.inputs_unread",
                "Columns of the batch that the model does not read: {columns}. Train a new version to let it read them.",
                columns=sorted(brought - known),
            )
        )
    return notes


def _remarks(past: Past, strategy: Strategy, pairing: Message | None) -> list[Message]:
    """What could not be checked, and what the strategy cannot do this time."""
    remark = strategy.remark()
    remarks = [each for each in (remark, pairing) if each is not None]
    if past.missing:
        unknown = message(
            "update.overlap_unknown",
            "Overlap with these earlier datasets could not be checked, since they were deleted: {missing}.",
            missing=list(past.missing),
        )
        remarks.insert(0, unknown)
    return remarks


def _start_run(request: UpdateRequest, base: VersionInfo, settings: Settings, workspace: Workspace) -> str:
    facts = {"strategy": request.strategy, "parent": base.number, "dataset": request.dataset}
    return workspace.registry.start_run("update", request.classifier, {**settings.flat(), **request.settings, **facts})


def _keep_answers(base: VersionInfo, newest: FrozenTest, workspace: Workspace) -> None:
    """Whoever compares the versions later need not ask the base version again what it says to the newest test."""
    if newest.before is not None:
        answers = TestAnswers(newest.before)
        AnswerStore(workspace.home).add(base, {rows_key(newest.texts, newest.truth): answers})


def _decide(request: UpdateRequest, event: Completed, workspace: Workspace) -> None:
    """Promote as the request wants; what was decided before a resume stays."""
    reached("decide.begun")
    if workspace.registry.version(request.classifier, event.version).decision is not None:
        return
    passed = bool(event.report["gate"]["promote"])
    if request.promote == "always" and not passed:
        if workspace.registry.statements(request.classifier).two_people:
            return  # it waits for two people: nobody is here who could ask for it, or confirm it
        promote(workspace.registry, request.classifier, event.version, how=HOW["update_against"], reason=UNWRITTEN)
    elif request.promote != "never" and passed:
        promote(workspace.registry, request.classifier, event.version, how=HOW[f"update_{request.promote}"])
