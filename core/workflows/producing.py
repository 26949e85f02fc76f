"""The second half of every training and update: export, prove, measure, record, register.

Starts from a model that has learned; ends with a version in the registry that can serve.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.data import Split
from core.errors import ModelError
from core.messages import Message, message
from core.metrics import Verdict, average_accuracy, backward_transfer, forgetting, judge, plasticity
from core.metrics.baseline import fit_baseline
from core.models import TextClassifier
from core.onnx import export_onnx, measure_parity
from core.standalone.predict import Classifier
from core.strategies import Strategy
from core.text import TextPipeline
from core.training import EpochDone, Finished, StageStarted
from core.workflows.bundle import write_card, write_program
from core.workflows.frozen_tests import FrozenTest, Scores, baseline_reports, pooled_report, score_tests
from core.workflows.requests import Settings
from core.workflows.version import ExperienceRecord, VersionFolder
from core.workflows.workspace import Workspace

PARITY_TEXTS = 200
WORST_PARITY = 1e-3  # beyond this the export is broken, not merely rounded


@dataclass(frozen=True)
class Completed:
    """The last event of a workflow: the version that was made, and its report."""

    version: int
    report: dict[str, Any]


@dataclass
class Learned:
    """A model that has learned, and everything a version needs beside it."""

    classifier: str
    model_name: str
    model: TextClassifier
    pipeline: TextPipeline
    classes: tuple[str, ...]
    settings: Settings
    strategy: Strategy
    language: str
    records: list[ExperienceRecord]
    parts: dict[int, Split]
    tests: list[FrozenTest]
    training_texts: Sequence[str]
    training_labels: np.ndarray
    run_id: str
    started: float
    parent: int | None = None
    parent_report: dict[str, Any] | None = None
    tolerance: float = 1.0
    strategy_settings: dict[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    findings: list[Message] = field(default_factory=list)
    epochs: list[EpochDone] = field(default_factory=list)
    finished: Finished | None = None


def produce_version(learned: Learned, workspace: Workspace) -> Iterator[Any]:
    """Export, measure and register; yields stages, and `Completed` at the end."""
    with tempfile.TemporaryDirectory(prefix="evergreen-") as place:
        folder = VersionFolder(Path(place) / "version")
        yield StageStarted(message("stage.export", "Exporting to ONNX and comparing with PyTorch."), 0.9)
        folder.save_model(learned.model_name, learned.model, learned.pipeline, learned.classes, learned.settings)
        folder.save_state(learned.strategy.state())
        folder.save_experiences(learned.records, learned.parts)
        parity = _export(learned, folder)
        yield StageStarted(message("stage.measure", "Measuring on the frozen tests."), 0.95)
        classifier = Classifier(folder.path)
        scores = score_tests(classifier, learned.tests, learned.classes, folder)
        report = _report(learned, scores, parity, classifier.provider)
        yield StageStarted(message("stage.baseline", "Fitting the baseline, TF-IDF with logistic regression."), 0.97)
        report["baseline"] = _baseline(learned)
        report["seconds"] = round(time.monotonic() - learned.started, 2)
        yield StageStarted(message("stage.register", "Storing the version."), 0.99)
        folder.save_report(report)
        write_card(folder.path, report)
        write_program(folder.path)
        number = workspace.registry.register(
            learned.classifier, folder.path, run_id=learned.run_id, parent=learned.parent, summary=_summary(report)
        )
    workspace.registry.log_metrics(learned.run_id, _figures(report), step=len(learned.epochs))
    yield Completed(number, report)


def _export(learned: Learned, folder: VersionFolder) -> dict[str, Any]:
    target = folder.path / "model.onnx"
    export_onnx(learned.model, target)
    texts = [text for test in learned.tests for text in test.texts][:PARITY_TEXTS]
    parity = measure_parity(learned.model, folder.path, texts).to_dict()
    if not parity["max_abs_diff"] <= WORST_PARITY:  # also when it is not a number
        raise ModelError(
            "model.parity",
            "The exported model disagrees with the trained one: probabilities differ by up to {difference}. "
            "The version was not stored. If the loss was not a number, train again with a lower learning rate.",
            difference=f"{parity['max_abs_diff']:.2g}",
        )
    (folder.path / "parity.json").write_text(json.dumps(parity), encoding="utf-8")
    return parity


def _report(learned: Learned, scores: list[Scores], parity: dict[str, Any], provider: str) -> dict[str, Any]:
    matrices = {name: _matrix(learned.parent_report, scores, name) for name in ("accuracy", "macro_f1")}
    verdict = _gate(scores, learned.tolerance)
    finished = learned.finished
    return {
        "classifier": learned.classifier,
        "model": learned.model_name,
        "strategy": learned.strategy.name if learned.parent is not None else "train",
        "parent": learned.parent,
        "language": learned.language,
        "synthetic": learned.synthetic,
        "classes": list(learned.classes),
        "settings": learned.settings.flat(),
        "strategy_settings": learned.strategy_settings,
        "segmentation": learned.pipeline.options["segmentation"],
        "vocabulary": learned.pipeline.tokenizer.get_vocab_size(),
        "parameters": learned.model.parameter_count(),
        "experiences": [asdict(record) for record in learned.records],
        "overall": pooled_report(scores, learned.classes).to_dict(),
        "tests": [score.to_dict() for score in scores],
        "accuracy_matrix": matrices["accuracy"],
        "macro_f1_matrix": matrices["macro_f1"],
        "continual": continual_figures(matrices["accuracy"]),
        "gate": verdict.to_dict() if verdict is not None else None,
        "tolerance": learned.tolerance,
        "memory_rows": len(learned.strategy.memory),
        "parity": parity,
        "provider": provider,
        "epochs": [asdict(epoch) for epoch in learned.epochs],
        "best_epoch": finished.best_epoch if finished is not None else 0,
        "end": finished.reason.to_dict() if finished is not None else None,
        "findings": [finding.to_dict() for finding in learned.findings],
    }


def _matrix(parent: dict[str, Any] | None, scores: list[Scores], name: str) -> list[list[float | None]]:
    """The parent's accuracy matrix with one more row, and one more column that begins with the parent's answer."""
    row: list[float | None] = [getattr(score.report, name).value for score in scores]
    if parent is None:
        return [row]
    newest = scores[-1].before
    older: list[list[float | None]] = [[*known, None] for known in parent[f"{name}_matrix"]]
    if newest is not None:
        older[-1][-1] = getattr(newest, name).value
    return [*older, row]


def continual_figures(matrix: list[list[float | None]]) -> dict[str, float | None]:
    """Forgetting, plasticity, average accuracy and backward transfer of an accuracy matrix; None where undefined."""
    table = np.array([[math.nan if value is None else value for value in row] for row in matrix])
    figures = {
        "average_accuracy": average_accuracy(table),
        "forgetting": forgetting(table),
        "plasticity": plasticity(table),
        "backward_transfer": backward_transfer(table),
    }
    return {name: None if math.isnan(value) else float(value) for name, value in figures.items()}


def _gate(scores: list[Scores], tolerance: float) -> Verdict | None:
    changes = [score.change for score in scores if score.change is not None]
    if len(changes) < 2:
        return None
    return judge(changes[:-1], changes[-1], tolerance=tolerance)


def _baseline(learned: Learned) -> dict[str, Any]:
    baseline = fit_baseline(
        learned.training_texts, learned.training_labels, learned.classes, language=learned.language, seed=0
    )
    return baseline_reports(baseline, learned.tests, learned.classes)


def _summary(report: dict[str, Any]) -> dict[str, float | str]:
    """What lists of versions show without opening the report."""
    overall, newest = report["overall"], report["experiences"][-1]
    summary: dict[str, float | str] = {
        "model": report["model"],
        "strategy": report["strategy"],
        "accuracy": overall["accuracy"]["value"],
        "macro_f1": overall["macro_f1"]["value"],
        "dataset": newest["dataset"],
        "dataset_name": newest["name"],
        "rows": newest["train"],
        "labels": len(report["classes"]),
        "seconds": report["seconds"],
        "parity": report["parity"]["max_abs_diff"],
    }
    if report["continual"]["forgetting"] is not None:
        summary["forgetting"] = report["continual"]["forgetting"]
    if report["gate"] is not None:
        summary["gate"] = "promote" if report["gate"]["promote"] else "keep"
    return summary


def _figures(report: dict[str, Any]) -> dict[str, float]:
    """What the run shows in MLflow's own screen."""
    figures = {
        "test_accuracy": report["overall"]["accuracy"]["value"],
        "test_macro_f1": report["overall"]["macro_f1"]["value"],
        "baseline_accuracy": report["baseline"]["report"]["accuracy"]["value"],
        "baseline_macro_f1": report["baseline"]["report"]["macro_f1"]["value"],
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "seconds": report["seconds"],
    }
    return figures | {name: value for name, value in report["continual"].items() if value is not None}
