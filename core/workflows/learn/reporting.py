"""What is written down of a version: its report, and the figures on its run's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from core.continual.gate.group_evidence import GroupEvidence
from core.continual.gate.judging import judge
from core.registry import Registry
from core.tasks import DEFAULT, task_of
from core.workflows.learn.candidate import Candidate, Parent
from core.workflows.versions.decide import promised_figures
from core.workflows.versions.frozen_tests import (
    Scores,
    gate_evidence,
)
from core.workflows.versions.measured import figures_of, matrices_after
from core.workflows.versions.retention import state_bytes


def report_of(
    candidate: Candidate, scores: list[Scores], parity: dict[str, Any], provider: str, groups: GroupEvidence | None
) -> dict[str, Any]:
    """What the screens show of a version, but for what is chosen and measured after its answers.

    Parameters
    ----------
    provider
        What really answered.
    groups
        How groups of people fared, where the model is watched for that.
    """
    learner, stream, parent, finished = candidate.learner, candidate.stream, candidate.parent, candidate.finished
    task = learner.settings.task
    return {
        "task": task.name,
        "classifier": candidate.classifier,
        "model": learner.model_name,
        "strategy": candidate.strategy.declared.name if parent is not None else "train",
        "updates_by": candidate.strategy.declared.name,
        "parent": parent.number if parent is not None else None,
        "language": stream.language,
        "synthetic": stream.synthetic,
        "classes": list(learner.outputs),
        "settings": learner.settings.flat(),
        "origin": learner.origin,
        "strategy_settings": candidate.strategy.config.model_dump(),
        "segmentation": learner.pipeline.options["segmentation"],
        "vocabulary": learner.pipeline.tokenizer.get_vocab_size(),
        "tokens_read": learner.pipeline.reach,
        "parameters": learner.model.parameter_count(),
        "experiences": [asdict(record) for record in stream.records],
        **figures_of(scores, learner.outputs, matrices_after(parent.report if parent is not None else None, scores)),
        **_gate(scores, parent, candidate.promised(), groups),
        "further": _further(candidate, scores),
        "drift": parent.drift if parent is not None else None,
        "forgotten": candidate.forgotten,
        "privacy": candidate.promised(),
        "mitigation": candidate.mitigation,
        "memory_rows": len(candidate.strategy.memory),
        "memory_bytes": state_bytes(candidate.strategy.state()),
        "parity": parity,
        "provider": provider,
        "epochs": [epoch.to_dict() for epoch in candidate.epochs],
        "best_epoch": finished.best_epoch if finished is not None else 0,
        "end": finished.reason.to_dict() if finished is not None else None,
        "findings": [finding.to_dict() for finding in stream.findings],
    }


def _further(candidate: Candidate, scores: list[Scores]) -> dict[str, Any] | None:
    texts, truth, answers = (
        [row for part in parts for row in part] for parts in zip(*map(_answered, scores), strict=True)
    )

    def learned() -> tuple[Sequence[str], Sequence[str]]:
        return candidate.stream.met.sample(validated=False)[:2]

    return candidate.learner.settings.task.further(texts, truth, answers, learned)


def _answered(score: Scores) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    return score.test.texts, score.test.truth, score.predicted


def _gate(
    scores: list[Scores], parent: Parent | None, privacy: dict[str, Any] | None, groups: GroupEvidence | None
) -> dict[str, Any]:
    """The verdict with the rules it was reached by, and what else than ``tests`` it rests on: enough to judge again."""
    evidence = gate_evidence(scores)
    if evidence is None or parent is None or parent.rules is None:
        return {"gate": None, "gate_evidence": None}
    evidence = replace(evidence, privacy=promised_figures(privacy), groups=groups)
    verdict = {**judge(evidence, parent.rules).to_dict(), "settings": parent.rules.model_dump()}
    return {"gate": verdict, "gate_evidence": evidence.to_dict()}


def record_figures(registry: Registry, run_id: str, report: dict[str, Any]) -> None:
    """Note on the run what its version came to."""
    registry.log_metrics(run_id, _figures(report), step=len(report["epochs"]))


def _figures(report: dict[str, Any]) -> dict[str, float]:
    """What the run shows in MLflow's own screen."""
    names = [score.name for score in task_of(report.get("task", DEFAULT)).scores]
    figures = {
        **{f"test_{name}": report["overall"][name]["value"] for name in names},
        **{f"baseline_{name}": report["baseline"]["report"][name]["value"] for name in names},
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "seconds": report["seconds"],
    }
    return figures | {name: value for name, value in report["continual"].items() if value is not None}
