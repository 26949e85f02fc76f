"""The gate: may a candidate version become champion? Every rule is a sentence with its figure.

- No older test may lose more than ``tolerance`` points of its score, by the measured value or by the lower end of its
  95 % interval.
- No stratum of rows may lose more than ``label_tolerance`` points, over the older tests together.
- The newest test must gain at least ``minimum_gain`` points.
- The expected calibration error over all tests must not rise by more than ``calibration_tolerance`` points.
- Where privacy was promised, no more of ε may be spent than its budget; this rule cannot be switched off.
- Where a model is watched for fairness: no group of people may lose more than ``group_tolerance`` points, and the gap between
  groups must not widen by more than ``gap_tolerance`` points.

What has too few rows cannot be judged either way: that is said, and blocks nothing. Measured values are held against
the limits, and their intervals stand in the sentences, for the reader to weigh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.continual.gate.evidence import GateEvidence
from core.continual.gate.groups import judge_gap, judge_groups
from core.continual.gate.privacy import judge_privacy
from core.continual.gate.rules import GateConfig, Rule
from core.continual.gate.sentences import judge_calibration, judge_newest, judge_older, judge_together
from core.continual.gate.strata import judge_strata


@dataclass(frozen=True)
class GateVerdict:
    """Whether to promote: True when every rule is passed. Rules in the order of the older tests, strata, newest test,
    calibration, groups, gap; those switched off are left out."""

    promote: bool
    rules: tuple[Rule, ...]

    @property
    def judged(self) -> bool:
        """Whether any rule had rows enough; without rules in force there was nothing to judge."""
        return not self.rules or any(rule.judged for rule in self.rules)

    def to_dict(self) -> dict[str, Any]:
        return {"promote": self.promote, "rules": [rule.to_dict() for rule in self.rules]}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> GateVerdict:
        return GateVerdict(stored["promote"], tuple(Rule.from_dict(rule) for rule in stored["rules"]))


def judge(evidence: GateEvidence, rules: GateConfig | None = None) -> GateVerdict:
    """Hold a candidate against the rules; without any rule in force, nothing speaks against it."""
    wanted = rules or GateConfig()
    judged: list[Rule] = []
    if wanted.check_older_tests:
        judged += [judge_older(change, wanted) for change in evidence.older]
        together = judge_together(evidence.older, wanted) if wanted.loss_judged_by == "together" else None
        judged += [together] if together is not None else []
    if wanted.check_labels:
        judged.append(judge_strata(evidence.strata, wanted, evidence.strata_are))
    if wanted.check_newest_test:
        judged.append(judge_newest(evidence.newest, wanted))
    if wanted.check_calibration:
        judged.append(judge_calibration(evidence.calibration, wanted))
    if evidence.privacy is not None:
        judged.append(judge_privacy(*evidence.privacy))
    if evidence.groups is not None and wanted.check_groups:
        judged.append(judge_groups(evidence.groups, wanted))
    if evidence.groups is not None and wanted.check_gap:
        judged.append(judge_gap(evidence.groups.gap, wanted))
    return GateVerdict(all(rule.passed for rule in judged), tuple(judged))
