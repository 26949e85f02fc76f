from core.continual.gate.evidence import GateEvidence, TestChange
from core.continual.gate.group_evidence import GapChange, GroupEvidence, StratumChange
from core.continual.gate.judging import judge
from core.continual.gate.rules import GateConfig
from core.statistics.intervals import Estimate

KEPT = Estimate(0.0, -0.01, 0.01)
NEWEST = TestChange("new", 500, Estimate(0.9, 0.88, 0.92), Estimate(0.9, 0.88, 0.92), KEPT)


def fared(*losses: tuple[str, int, float], gap: float | None = 0.0) -> GroupEvidence:
    groups = tuple(
        StratumChange(name, rows, Estimate(-loss, -loss - 0.02, -loss + 0.02)) for name, rows, loss in losses
    )
    change = None if gap is None else GapChange("fpr", 2, 0.05, 0.05 + gap, Estimate(gap, gap - 0.03, gap + 0.03))
    return GroupEvidence(groups, change)


def of_groups(evidence: GroupEvidence | None, rules: GateConfig | None = None) -> list[tuple[str, bool, bool, str]]:
    verdict = judge(GateEvidence((), NEWEST, groups=evidence), rules)
    return [
        (rule.kind, rule.passed, rule.judged, rule.message.key)
        for rule in verdict.rules
        if rule.kind in ("groups", "gap")
    ]


def test_a_model_that_is_not_watched_has_no_such_rules() -> None:
    assert of_groups(None) == []


def test_a_group_that_lost_more_than_allowed_and_a_gap_that_widened_are_refused() -> None:
    rules = of_groups(fared(("women", 100, 0.06), ("men", 100, -0.01), gap=0.08))
    assert rules == [
        ("groups", False, True, "gate.group_lost_too_much"),
        ("gap", False, True, "gate.gap_fpr"),
    ]


def test_losses_and_gaps_within_the_limits_pass() -> None:
    assert of_groups(fared(("women", 100, 0.05), gap=0.05)) == [
        ("groups", True, True, "gate.group_lost"),
        ("gap", True, True, "gate.gap_fpr"),
    ]
    assert of_groups(fared(("women", 100, 0.0)))[0][-1] == "gate.groups_kept"


def test_too_few_rows_are_said_and_block_nothing() -> None:
    evidence = fared(("women", 29, 0.5), gap=None)
    assert of_groups(evidence) == [
        ("groups", True, False, "gate.groups_too_few"),
        ("gap", True, False, "gate.gap_too_few"),
    ]


def test_each_rule_can_be_switched_off_and_evidence_is_stored_and_read_back() -> None:
    evidence = fared(("women", 100, 0.06), gap=0.08)
    assert of_groups(evidence, GateConfig(check_groups=False, check_gap=False)) == []
    assert GroupEvidence.from_dict(evidence.to_dict()) == evidence
