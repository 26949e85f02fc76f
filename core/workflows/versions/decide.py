"""By which rules a candidate is judged, and how a stored one is judged again by others; nothing is learned for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.base.config import build
from core.base.errors import RegistryError
from core.continual.gate.evidence import CalibrationChange, GateEvidence, TestChange
from core.continual.gate.group_evidence import GroupEvidence, StratumChange
from core.continual.gate.judging import GateVerdict, judge
from core.continual.gate.rules import GateConfig
from core.statistics.additive import Score
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, Task, task_of
from core.workflows.requests import UpdateRequest
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

TestName = Callable[[int, str], str]  # of a test's number and name makes what a sentence calls it


def gate_rules(request: UpdateRequest, workspace: Workspace) -> GateConfig:
    """The rules that this classifier was last decided or judged by, with what the request changes in them.

    Raises
    ------
    ConfigError
        When there is no such rule, or its value is out of range.
    """
    return build(GateConfig, {**last_rules(request.classifier, workspace), **request.gate_changes()})


def rules_for(task: Task, rules: GateConfig) -> GateConfig:
    """The rules without those that ask for what a task does not have: strata of its rows, and probabilities."""
    off = dict.fromkeys(unfit_rules(task), False)
    return rules.model_copy(update=off) if off else rules


def unfit_rules(task: Task) -> tuple[str, ...]:
    """Names of the switches of rules that a task has nothing for."""
    strata = () if task.has_strata else ("check_labels",)
    return strata if task.distribution else (*strata, "check_calibration")


def last_rules(classifier: str, workspace: Workspace) -> dict[str, Any]:
    """What the newest candidate was decided by, or else judged by; rules it does not name have their defaults."""
    for version in workspace.registry.newest_first(classifier):
        if version.decision is not None and version.decision.rules is not None:
            return version.decision.rules
        if "gate" not in version.summary:  # trained from the start, or only something left out: nobody judged it
            continue
        try:
            report = VersionFolder(workspace.registry.folder(classifier, version.number)).report()
        except (RegistryError, OSError):  # its files were lost: an older candidate may still tell
            continue
        return _recorded(report)
    return {}


def _recorded(report: Mapping[str, Any]) -> dict[str, Any]:
    """The rules in a report; those of earlier releases had a tolerance only."""
    return dict(report["gate"].get("settings") or {"tolerance": report["tolerance"]})


def stored_rules(report: Mapping[str, Any]) -> GateConfig:
    """The rules by which a report's verdict was reached; those that did not exist yet are off."""
    recorded = _recorded(report)
    missing = {} if len(recorded) > 1 else {"check_labels": False, "check_calibration": False}
    return build(GateConfig, {**missing, **recorded})


def stored_evidence(report: Mapping[str, Any], name: TestName = lambda _, name: name) -> GateEvidence | None:
    """What a report's verdict rests on; None where there was nothing to compare with, as after a first training."""
    task = task_of(report.get("task", DEFAULT))
    changes = [_test_change(test, name, task.score) for test in report["tests"] if test.get("difference")]
    if len(changes) < 2:
        return None
    evidence = report.get("gate_evidence") or {}
    strata, calibration, groups = (evidence.get(name) for name in ("labels", "calibration", "groups"))
    return GateEvidence(
        older=tuple(changes[:-1]),
        newest=changes[-1],
        strata=None if strata is None else tuple(StratumChange.from_dict(stratum) for stratum in strata),
        calibration=None if calibration is None else CalibrationChange.from_dict(calibration),
        strata_are=task.strata_are,
        privacy=promised_figures(report.get("privacy")),
        groups=None if groups is None else GroupEvidence.from_dict(groups),
    )


def promised_figures(privacy: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """What was spent of ε and its budget, from what a report says of privacy."""
    return (privacy["spent"], privacy["budget"]) if privacy else None


def _test_change(test: Mapping[str, Any], name: TestName, score: Score) -> TestChange:
    sides = (test["before"], test["report"], test["difference"])
    before, after, difference = (Estimate.from_dict(side[score.name]) for side in sides)
    gain = score.gain(difference, before.value)
    return TestChange(name(test["experience"], test["name"]), test["rows"], before, after, gain)


def judge_again(
    report: Mapping[str, Any], rules: GateConfig, name: TestName = lambda _, name: name
) -> GateVerdict | None:
    """Hold what a report recorded against these rules; None where there is nothing to compare."""
    evidence = stored_evidence(report, name)
    return judge(evidence, rules) if evidence is not None else None
