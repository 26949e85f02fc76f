"""The rule that no more of a privacy budget is spent than was promised."""

from __future__ import annotations

from core.continual.gate.evidence import GateEvidence, TestChange
from core.continual.gate.judging import judge
from core.continual.gate.rules import GateConfig, Rule
from core.statistics.intervals import Estimate

LEVEL = Estimate(0.9, 0.85, 0.95)
NEWEST = TestChange("new", 200, LEVEL, LEVEL, Estimate(0.0, -0.01, 0.01))
OFF = GateConfig(check_older_tests=False, check_labels=False, check_newest_test=False, check_calibration=False)


def test_a_candidate_within_its_budget_passes_and_one_beyond_it_does_not_whatever_is_switched_off() -> None:
    kept = judge(GateEvidence((), NEWEST, privacy=(3.0, 8.0)), OFF)
    exceeded = judge(GateEvidence((), NEWEST, privacy=(8.1, 8.0)), OFF)

    assert (kept.promote, exceeded.promote) == (True, False)
    assert [str(rule.message) for rule in (*kept.rules, *exceeded.rules)] == [
        "Privacy: 3.00 of a budget of 8.00 are spent.",
        "Privacy: 8.10 are spent, more than the budget of 8.00.",
    ]
    assert Rule.from_dict(exceeded.rules[0].to_dict()) == exceeded.rules[0]


def test_where_nothing_was_promised_there_is_no_such_rule() -> None:
    assert judge(GateEvidence((), NEWEST), OFF).rules == ()
