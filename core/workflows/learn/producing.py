"""The second half of every training and update: export, prove, measure, record, register.

Starts from a model that has learned; ends with a version in the registry that can serve.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import onnx
import torch

from core.base.errors import ModelError
from core.base.events import StageStarted
from core.base.faults import reached
from core.base.files import incoming_folder
from core.base.messages import Message, message
from core.networks.standalone.personal import shared_by_all
from core.serving.monitor.references import encoded
from core.serving.onnx import Scaling, export_onnx, measure_parity
from core.serving.onnx.tail import Features, TailEngine, tail_of
from core.tasks.answering import Engine
from core.workflows.bundle import write_card, write_programs
from core.workflows.fairness.watching import watched_groups
from core.workflows.learn.calibrating import (
    CPU,
    MOST_ROWS,
    calibrate,
    keep_thresholds,
    keep_validation,
    stated,
    trust_figures,
)
from core.workflows.learn.candidate import Candidate, Completed
from core.workflows.learn.personalising import Personalised, personalise
from core.workflows.learn.reporting import record_figures, report_of
from core.workflows.precision.judging import Judge, judge_of
from core.workflows.precision.measure import LabelledRows
from core.workflows.precision.run import choose_precision, only_exact
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import (
    baseline_reports,
    score_tests,
)
from core.workflows.versions.novelty import keep_reference
from core.workflows.versions.past import save_summary
from core.workflows.versions.personal import keep_shared_answers
from core.workflows.versions.summary import summary_of
from core.workflows.workspace import Workspace

PARITY_TEXTS = 200  # of the tests, besides the nasty ones
LARGE, PARITY_TEXTS_LARGE = (
    5_000_000,
    64,
)  # weights of a model for whose texts PyTorch takes long, and how many it is asked
MOST_BASELINE_ROWS = 200_000  # that the baseline is fitted on at a first training
WORST_PARITY = 1e-3  # beyond this the export is broken, not merely rounded


def produce_version(candidate: Candidate, workspace: Workspace) -> Iterator[Any]:
    """Export, measure and register; yields stages, and `Completed` at the end."""
    # In the workspace, so that nothing of it is left elsewhere should the process be killed.
    with incoming_folder(workspace.home) as incoming:
        folder = VersionFolder(incoming / "version")
        reached("produce.begun")
        yield StageStarted(message("stage.export", "Exporting to ONNX and comparing with PyTorch."), 0.9)
        folder.save_model(candidate.learner)
        folder.save_state(candidate.strategy.state())
        if candidate.stream.before is not None:
            folder.take_experiences(candidate.stream.before)
        folder.save_experiences(candidate.stream.records, candidate.stream.parts)
        task, outputs = candidate.learner.settings.task, candidate.learner.outputs
        export_onnx(candidate.learner.model, folder.path / "model.onnx", task)
        reached("produce.exported")
        judge = judge_of(task)
        rows = _validation_rows(candidate) if task.activation or judge is not None else None
        calibration = None
        if rows is not None and task.activation:
            kept, wanted = _with_kept_features(candidate, folder), candidate.learner.settings.data.calibrate
            calibration = calibrate(folder, rows, wanted=wanted, engine=kept)
            if task.reads_sets:
                keep_thresholds(folder, rows, _with_kept_features(candidate, folder))
        personal = None
        if rows is not None and candidate.learner.settings.personal.wanted and task.distribution:
            yield StageStarted(message("stage.personal", "Looking for what groups need of their own."), 0.91)
            personal = _personalise(candidate, folder, rows)
        parity = _prove(candidate, folder)
        precision = _only_exact(candidate, folder, judged=judge is not None)
        if precision is None and rows is not None and judge is not None:
            yield StageStarted(message("stage.precision", "Trying faster arithmetic."), 0.92)
            precision = _choose_precision(candidate, folder, rows, judge)
        yield StageStarted(message("stage.measure", "Measuring on the frozen tests."), 0.95)
        kept = _with_kept_features(candidate, folder)
        engine = kept or task.engine(folder.path)
        scores = score_tests(engine, candidate.stream.tests, folder)
        groups, judged_groups, unmeasured = watched_groups(
            candidate.classifier, scores, folder, candidate.stream.language, workspace
        )
        report = {**report_of(candidate, scores, parity, engine.provider, judged_groups), "precision": precision}
        report["findings"] += [finding.to_dict() for finding in unmeasured]
        if groups is not None:
            report["fairness"] = groups
        if rows is not None and task.distribution:
            keep_validation(folder, engine, rows, None if personal is None else personal.held_out)
        if personal is not None:
            keep_shared_answers(folder, engine)
            report["personal"] = personal.report
            report["findings"] += [finding.to_dict() for finding in personal.findings]
        if calibration is not None:
            report["calibration"] = trust_figures(calibration, scores, outputs)
        yield StageStarted(message("stage.baseline", "Measuring the baseline on the same rows."), 0.97)
        report["baseline"], remarks = _baseline(candidate)
        report["findings"] += [remark.to_dict() for remark in remarks]
        report["seconds"] = round(time.monotonic() - candidate.started, 2)
        reached("produce.measured")
        yield StageStarted(message("stage.register", "Storing the version."), 0.99)
        folder.save_report(report)
        write_card(folder.path, report)
        write_programs(folder.path, task.name)
        number = workspace.registry.register(
            candidate.classifier,
            folder.path,
            run_id=candidate.run_id,
            parent=candidate.parent.number if candidate.parent else None,
            summary=summary_of(report),
        )
    stored = VersionFolder(workspace.registry.folder(candidate.classifier, number))
    save_summary(candidate.stream.met, stored, workspace)
    _keep_reference(candidate, stored, workspace)
    record_figures(workspace.registry, candidate.run_id, report)
    yield Completed(number, report, kept)


def _personalise(candidate: Candidate, folder: VersionFolder, rows: LabelledRows) -> Personalised | None:
    rows = rows.at_most(MOST_ROWS)
    shared = stated(folder, rows, _with_kept_features(candidate, folder))
    texts, names, _ = candidate.stream.met.sample(validated=False)
    return personalise(folder, candidate.learner, rows, shared, (texts, names))


def _with_kept_features(candidate: Candidate, folder: VersionFolder) -> Engine | None:
    """What answers as the file does, in less time, from what a frozen encoder said of texts before; None where nothing is kept,
    or a graphics card answers.
    """
    if not candidate.learner.model.features_kept or torch.cuda.is_available():
        return None
    tail = tail_of(onnx.load(str(folder.path / "model.onnx")))
    if tail is None:
        return None
    return TailEngine(folder.path, tail, candidate.learner.pipeline, _kept_features(candidate))


def _kept_features(candidate: Candidate) -> Features:
    """What a frozen encoder said of texts before, and says of others, from their tokens and mask."""
    model = candidate.learner.model

    @torch.no_grad()
    def features(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        values: np.ndarray = model.once_encoded(torch.from_numpy(tokens), torch.from_numpy(mask)).cpu().numpy()
        return values

    return features


def _keep_reference(candidate: Candidate, stored: VersionFolder, workspace: Workspace) -> None:
    """Keep what tells texts that are unlike what was learned, while all of it is at hand."""
    stream, learner = candidate.stream, candidate.learner
    learned, unlearned = (stream.met.sample(validated=part)[0] for part in (False, True))
    tested = [text for test in stream.tests for text in test.texts]
    encode = None
    if learner.model.features_kept:
        encode = partial(encoded, pipeline=learner.pipeline, features=_kept_features(candidate))
    keep_reference(stored, workspace, learned, [*unlearned, *tested], encode)


def _baseline(candidate: Candidate) -> tuple[dict[str, Any], list[Message]]:
    """What a simple method makes of the same tests, and what has to be said about that.

    The strongest one at a first training; after an update one that adds up, since it must not cost more the more rows
    were learned before.
    """
    task, outputs, stream = candidate.learner.settings.task, candidate.learner.outputs, candidate.stream
    remarks = []
    if stream.first is not None:
        texts, targets = stream.first
        rows = min(len(texts), MOST_BASELINE_ROWS)
        if rows < len(texts):
            some = np.sort(np.random.default_rng(0).permutation(len(texts))[:rows]).tolist()
            remarks.append(
                message(
                    "baseline.sampled",
                    "The baseline was fitted on {rows:,} of {all:,} training rows, taken by chance: all of them would take long.",
                    rows=rows,
                    all=len(texts),
                )
            )
            texts, targets = [texts[row] for row in some], [targets[row] for row in some]
        fitted = task.baseline(texts, targets, outputs, language=stream.language, pipeline=candidate.learner.pipeline)
    else:
        rows, fitted = stream.met.fitted_baseline(task, outputs, stream.language, candidate.learner.pipeline)
    answered = baseline_reports(task, fitted.answer, stream.tests, outputs)
    return {"method": fitted.method, "rows": rows, **answered}, remarks


def _validation_rows(candidate: Candidate) -> LabelledRows:
    texts, names, _ = candidate.stream.met.sample(validated=True)
    task = candidate.learner.settings.task
    if task.reads == "spans":
        return LabelledRows(texts, np.array(names, dtype=object))
    return LabelledRows(texts, task.encode(names, candidate.learner.outputs))


def _prove(candidate: Candidate, folder: VersionFolder) -> dict[str, Any]:
    """That the exported file, with its scaling, answers as the model does."""
    some = PARITY_TEXTS if candidate.learner.model.parameter_count() < LARGE else PARITY_TEXTS_LARGE
    texts = [text for test in candidate.stream.tests for text in test.texts][:some]
    parity = measure_parity(
        candidate.learner.model,
        shared_by_all(folder.task.engine(folder.path, providers=CPU)),
        texts,
        activation=folder.task.activation,
        scaling=Scaling(*folder.scaling),
        task=folder.task,
    ).to_dict()
    if not parity["max_abs_diff"] <= WORST_PARITY:  # also when it is not a number
        raise ModelError(
            "model.parity",
            "The exported model disagrees with the trained one: probabilities differ by up to {difference}. "
            "The version was not stored. If the loss was not a number, train again with a lower learning rate.",
            difference=f"{parity['max_abs_diff']:.2g}",
        )
    (folder.path / "parity.json").write_text(json.dumps(parity), encoding="utf-8")
    return parity


def _only_exact(candidate: Candidate, folder: VersionFolder, *, judged: bool) -> dict[str, Any] | None:
    settings = candidate.learner.settings
    return only_exact(
        folder.path,
        settings.data.serve_precision,
        int(candidate.stream.met.validated.sum()),
        fixed=candidate.learner.model.encodes_once or candidate.strategy.declared.freezes_encoder,
        judged=judged,
    )


def _choose_precision(candidate: Candidate, folder: VersionFolder, rows: LabelledRows, judge: Judge) -> dict[str, Any]:
    wanted = candidate.learner.settings.data.serve_precision
    return choose_precision(folder.path, wanted, candidate.stream.met.sample(validated=False)[0], rows, judge)
