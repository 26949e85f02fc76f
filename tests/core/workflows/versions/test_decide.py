"""The rules of the gate from update to update, and a stored candidate judged again; figures by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.base.errors import ConfigError, RegistryError
from core.continual.gate.judging import GateVerdict
from core.continual.gate.rules import GateConfig
from core.registry import UNWRITTEN, keep_back, promote
from core.workflows.requests import UpdateRequest
from core.workflows.update.run import update_classifier
from core.workflows.versions.decide import gate_rules, judge_again, last_rules, stored_evidence, stored_rules
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.test_train_update import train, update


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def measured(number: int, before: float, after: float) -> dict[str, Any]:
    return {
        "experience": number,
        "name": f"batch {number}",
        "rows": 100,
        "before": {"accuracy": estimate(before)},
        "report": {"accuracy": estimate(after)},
        "difference": {"accuracy": estimate(after - before)},
    }


def report(**gate: Any) -> dict[str, Any]:
    """Test 1 lost three points, label "no" fourteen; calibration went from 2 to 8."""
    return {
        "tests": [measured(1, 0.90, 0.87), measured(2, 0.60, 0.80)],
        "gate": {"promote": False, "rules": [], "settings": {**GateConfig().model_dump(), **gate}},
        "gate_evidence": {
            "labels": [{"name": "no", "rows": 50, "difference": estimate(-0.14)}],
            "calibration": {"rows": 200, "before": 0.02, "after": 0.08, "difference": estimate(0.06)},
        },
    }


OLD = {"tests": report()["tests"], "gate": {"promote": False, "rules": []}, "tolerance": 2.0}


def passed(verdict: GateVerdict | None) -> list[bool]:
    assert verdict is not None
    return [rule.passed for rule in verdict.rules]


def test_a_stored_candidate_is_judged_again_by_other_rules() -> None:
    assert passed(judge_again(report(), GateConfig())) == [False, False, True, False]
    easy = GateConfig(tolerance=3, label_tolerance=14, calibration_tolerance=6)
    assert passed(judge_again(report(), easy)) == [True, True, True, True]
    assert passed(judge_again(report(), GateConfig(minimum_gain=21)))[2] is False


def test_sentences_call_the_tests_as_they_are_told_to() -> None:
    verdict = judge_again(report(), GateConfig(), lambda number, name: f"{number}: {name}")
    assert verdict is not None
    assert [verdict.rules[k].message.facts["test"] for k in (0, 2)] == ["1: batch 1", "2: batch 2"]


def test_one_test_alone_gives_no_verdict() -> None:
    assert judge_again({"tests": [measured(1, 0.9, 0.9)]}, GateConfig()) is None


def test_a_report_of_an_earlier_release_has_its_own_rules_only() -> None:
    rules = stored_rules(OLD)
    assert (rules.tolerance, rules.check_labels, rules.check_calibration) == (2.0, False, False)
    assert passed(judge_again(OLD, rules)) == [False, True]
    # switched on, they say that nothing was measured, and block nothing
    assert passed(judge_again(OLD, GateConfig(tolerance=3))) == [True, True, True, True]


def test_an_update_records_verdict_rules_and_evidence(workspace: Workspace) -> None:
    train(workspace)
    made = update(
        workspace, reviews(120, seed=1), gate={"label_tolerance": "20", "check_calibration": "no"}, tolerance=2
    )
    found = made.report
    assert (found["gate"]["settings"]["tolerance"], found["gate"]["settings"]["label_tolerance"]) == (2.0, 20.0)
    assert [rule["kind"] for rule in found["gate"]["rules"]] == ["older", "labels", "newest"]
    evidence = stored_evidence(found)
    assert evidence is not None
    assert evidence.strata is not None
    # 150 rows, a fifth of them frozen, two labels alike
    assert [(change.name, change.rows) for change in evidence.strata] == [("negative", 15), ("positive", 15)]
    assert evidence.calibration is not None
    assert evidence.calibration.rows == sum(test["rows"] for test in found["tests"])
    again = judge_again(found, stored_rules(found))
    assert again is not None
    assert json.loads(json.dumps(again.to_dict()["rules"])) == found["gate"]["rules"]


def test_the_rules_of_the_newest_decision_or_candidate_are_used_again(workspace: Workspace) -> None:
    train(workspace)
    assert last_rules("Shop", workspace) == {}
    update(workspace, reviews(120, seed=1), gate={"tolerance": 3, "label_tolerance": 25})
    request = UpdateRequest(classifier="Shop", dataset="", strategy="replay")
    assert gate_rules(request, workspace) == GateConfig(tolerance=3, label_tolerance=25)
    changed = request.model_copy(update={"tolerance": 1.5, "gate": {"minimum_gain": 2}})
    assert gate_rules(changed, workspace) == GateConfig(tolerance=1.5, label_tolerance=25, minimum_gain=2)
    keep_back(workspace.registry, "Shop", 2, rules=GateConfig(tolerance=7).model_dump())
    assert gate_rules(request, workspace) == GateConfig(tolerance=7)


def test_a_wrong_rule_is_refused_before_anything_is_learned(workspace: Workspace) -> None:
    train(workspace)
    stored = save(workspace, reviews(120, seed=1))
    for gate in ({"tolerance": 200}, {"tolerence": 1}, {"loss_judged_by": "mood"}):
        request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="replay", gate=gate)
        with pytest.raises(ConfigError):
            list(update_classifier(request, workspace))
    assert len(workspace.registry.versions("Shop")) == 1


def test_promotion_against_the_gate_takes_a_reason_that_stays(workspace: Workspace) -> None:
    train(workspace)
    update(workspace, reviews(200, seed=1), gate={"minimum_gain": 100})
    registry = workspace.registry
    assert registry.version("Shop", 2).refused
    for reason in ("", " \n "):
        with pytest.raises(RegistryError) as caught:
            promote(registry, "Shop", 2, how="page", reason=reason)
        assert caught.value.message.key == "registry.reason_missing"
    assert registry.champion("Shop").number == 1  # type: ignore[union-attr]
    promote(registry, "Shop", 2, how="against the gate", reason=" The old shop\nhas closed. ")
    decision = registry.version("Shop", 2).decision
    assert decision is not None
    assert (decision.promoted, decision.against_gate, decision.reason) == (True, True, "The old shop has closed.")
    assert registry.champion_history("Shop")[-1]["reason"] == "against the gate: The old shop has closed."


def test_rules_eased_after_the_result_need_a_reason_and_stricter_ones_too(workspace: Workspace) -> None:
    train(workspace)
    update(workspace, reviews(200, seed=1), gate={"minimum_gain": 100})
    with pytest.raises(RegistryError):
        promote(workspace.registry, "Shop", 2, how="page", passes=True)
    update(workspace, reviews(120, seed=1, extra="indeed"), gate={"minimum_gain": 0, "tolerance": 100})
    assert not workspace.registry.version("Shop", 3).refused
    with pytest.raises(RegistryError):
        promote(workspace.registry, "Shop", 3, how="page", passes=False)
    promote(workspace.registry, "Shop", 3, how="passed the gate")
    decision = workspace.registry.version("Shop", 3).decision
    assert decision is not None
    assert not decision.against_gate


def test_an_update_that_always_promotes_says_when_it_was_against_the_gate(workspace: Workspace) -> None:
    train(workspace)
    update(workspace, reviews(200, seed=1), gate={"minimum_gain": 100}, promote="always")
    assert workspace.registry.champion("Shop").number == 2  # type: ignore[union-attr]
    assert workspace.registry.champion_history("Shop")[-1]["reason"] == f"update: always, against the gate: {UNWRITTEN}"


def test_a_lost_candidate_does_not_keep_the_next_update_from_its_rules(workspace: Workspace) -> None:
    train(workspace)
    update(workspace, reviews(120, seed=1), tolerance=3)
    (VersionFolder(workspace.registry.folder("Shop", 2)).path / "report.json").unlink()
    assert last_rules("Shop", workspace) == {}
