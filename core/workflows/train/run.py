"""A first training: dataset in, version out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from core.base.errors import ConfigError
from core.base.events import RunStarted, StageStarted
from core.base.messages import Message, message
from core.data.dataset.sampling import with_fewer_rows
from core.data.dataset.splitting import split_rows
from core.data.loading.label_notes import label_notes
from core.data.loading.load import remarks_of
from core.fairness.treatment import described
from core.networks.architectures.blend import BLEND
from core.networks.text import count_cut
from core.registry import HOW, Glance, check_name
from core.tasks import DEFAULT, Task, task_of
from core.workflows.learn.blending import blend_of
from core.workflows.learn.candidate import Candidate, Completed, VersionStream
from core.workflows.learn.learners import first_learner, length_remarks, make_experience, make_strategy
from core.workflows.learn.learning import ShouldStop
from core.workflows.learn.personal_checks import check_personal
from core.workflows.learn.private import capped, without_memory
from core.workflows.learn.private_checks import check_private
from core.workflows.learn.producing import produce_version
from core.workflows.learn.running import learn, learned_nothing, made_before, parts_of, recorded_run, run_of
from core.workflows.requests import Settings, TrainRequest, pairing_remark, resolve_update
from core.workflows.train.private import planned_training
from core.workflows.versions.folder import ExperienceRecord, Learner
from core.workflows.versions.frozen_tests import FrozenTest
from core.workflows.versions.past import nothing_met
from core.workflows.workspace import Workspace


def check_task(request: TrainRequest, workspace: Workspace) -> Task:
    """What the request is for; a `ConfigError` where its model has versions for another task: no test measures both."""
    task = task_of(request.task)
    for version in Glance(workspace.home).stored(request.classifier):
        own = task_of(str(version.summary.get("task", DEFAULT)))
        if own.name != task.name:
            raise ConfigError(
                "train.other_task",
                "'{name}' is a model for another task, {own}, and all versions of a model are for the same. Choose another name.",
                name=request.classifier,
                own=own.name,
            )
    return task


def train_classifier(
    request: TrainRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Generator[Any, None, None]:
    """Train a new version from random start, yielding events; the last one is `Completed`.

    A classifier's first version is promoted at once; a later one waits as a candidate, since another serves.

    Parameters
    ----------
    resume
        What an earlier run of the same request left: the id of its last `RunStarted` as ``run_id``, and the state of its
        last `CheckpointDue`.
    """
    check_name(request.classifier)
    run_id, learned = parts_of(resume)
    completed = made_before(request.classifier, run_id, workspace)
    if completed is not None and run_id is not None:
        with recorded_run(workspace.registry, run_id, should_stop):
            _serve_first(request, completed, workspace)
            yield completed
        return
    task = check_task(request, workspace)
    settings, own = resolve_update(request.model, {}, request.strategy, request.settings, task)
    settings, forgetful = without_memory(settings)
    check_private(settings, request.model, request.strategy, task)
    stored = workspace.datasets.info(request.dataset)
    stored.check_for(task.reads, single=task.distribution)
    yield StageStarted(message("stage.prepare", "Reading and splitting the texts."), 0.0)
    dataset = task.as_read(workspace.datasets.load(request.dataset))
    task.check(dataset.label_names())
    task.check_size(len(dataset))
    shares = settings.data
    check_personal(settings, request.model, dataset.texts, task.outputs(dataset.label_names()))
    split = split_rows(task.stratified(dataset), fractions=shares.fractions, seed=shares.split_seed)
    split = task.remarked(split, dataset)
    all_rows = dataset.take(split.train)  # from which the baseline learns, whatever the model has time for
    split = with_fewer_rows(split, request.most_rows, dataset.label_names(), shares.split_seed)
    train, validation, test = (dataset.take(rows) for rows in (split.train, split.validation, split.test))
    privacy = planned_training(settings, request.classifier, request.model, request.strategy, train, workspace)
    outputs = task.outputs(dataset.label_names())
    seed = settings.training.seed
    mitigation, treated = described(settings.fairness, train.texts, train.label_names(), seed, first=True)
    strategy = make_strategy(request.strategy, own, settings)
    if request.model == BLEND.name:
        learner, strategy = blend_of(request.classifier, strategy, outputs, settings, workspace)
    else:
        learner = first_learner(request.model, train.texts, outputs, settings, workspace.sources)
    if privacy is not None:
        strategy.noise = privacy.hiding(train.groups, settings)
    counted = learner.pipeline.options["segmentation"] != "words"  # else its vocabulary says which words it knows
    learned_rows = ((train.texts, train.label_names()), (validation.texts, validation.label_names()))
    experience = make_experience(1, learner, *learned_rows)
    cut = count_cut(learner.pipeline, experience.train)
    sizes = len(train), len(validation), len(test), len(split.set_aside)
    record = ExperienceRecord(1, stored.id, stored.name, *sizes, cut)
    candidate = Candidate(
        classifier=request.classifier,
        learner=learner,
        strategy=strategy,
        stream=VersionStream(
            records=[record],
            parts={1: split},
            tests=[FrozenTest(1, stored.name, test.texts, tuple(test.label_names()))],
            met=nothing_met(words=counted, baseline=task.baseline_grows).grown(1, *learned_rows),
            first=(all_rows.texts, all_rows.label_names()),
            language=stored.language,
            synthetic=stored.synthetic,
            findings=[
                *remarks_of(stored.source),
                *(label_notes(dataset) if task.distribution else ()),
                *split.findings,
                *forgetful,
                *capped(settings, len(train), train.groups),
                *length_remarks(record, learner.pipeline.reach),
                *_remarks(learner, stored.language, pairing_remark(request.model, request.strategy, task)),
                *treated,
            ],
        ),
        mitigation=mitigation,
        run_id=run_of(workspace.registry, run_id, lambda: _start_run(request, settings, workspace)),
        privacy=privacy,
    )
    yield RunStarted(candidate.run_id)
    with recorded_run(workspace.registry, candidate.run_id, should_stop):
        yield StageStarted(message("stage.learn", "Learning from {rows:,} texts.", rows=len(train)), 0.03)
        yield from learn(candidate, experience, workspace.registry, should_stop=should_stop, resume=learned)
        if learned_nothing(candidate):
            return
        for event in produce_version(candidate, workspace):
            if isinstance(event, Completed):
                _serve_first(request, event, workspace)
            yield event


def _serve_first(request: TrainRequest, completed: Completed, workspace: Workspace) -> None:
    """A classifier's first version serves at once."""
    if workspace.registry.champion(request.classifier) is None:
        workspace.registry.promote(request.classifier, completed.version, HOW["first"])


def _start_run(request: TrainRequest, settings: Settings, workspace: Workspace) -> str:
    facts = {"task": request.task, "model": request.model, "dataset": request.dataset}
    return workspace.registry.start_run("train", request.classifier, {**settings.flat(), **facts})


def inputs_remark(inputs: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Which further columns a model reads."""
    if not inputs:
        return []
    names = [f"{known['name']} ({known['kind']})" for known in inputs]
    return [message("train.reads_inputs", "It also reads these columns: {columns}.", columns=names)]


def _remarks(learner: Learner, language: str, pairing: Message | None) -> list[Message]:
    """What the model began from, and whether it can read these texts."""
    remarks = [*([] if pairing is None else [pairing]), *inputs_remark(learner.pipeline.inputs)]
    encoder, vectors = learner.origin.get("encoder"), learner.origin.get("vectors")
    if encoder is not None:
        remarks.append(
            message(
                "train.from_encoder",
                "It began from the encoder {name} (licence: {licence}); {kept:,} of its {pieces:,} word pieces were kept.",
                name=encoder["name"],
                licence=encoder["licence"] or "?",
                kept=encoder["kept"],
                pieces=encoder["pieces"],
            )
        )
        if encoder["languages"] and language in ("en", "zh") and language not in encoder["languages"]:
            remarks.append(
                message(
                    "train.other_language",
                    "The encoder was made for {languages}, and these texts are in {language}. It hardly understands them.",
                    languages=encoder["languages"],
                    language=language,
                )
            )
    if vectors is not None:
        remarks.append(
            message(
                "train.from_vectors",
                "{found:,} of {words:,} words began from the word vectors {name} (licence: {licence}).",
                found=vectors["found"],
                words=vectors["words"],
                name=vectors["name"],
                licence=vectors["licence"] or "?",
            )
        )
    return remarks
