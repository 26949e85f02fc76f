"""What the gate asks for, as settings, and what came of each of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.base.config import Config, setting
from core.base.messages import Message

RuleKind = Literal["older", "labels", "newest", "calibration", "privacy", "groups", "gap"]


class GateConfig(Config):
    """The rules, each of which can be edited and switched off."""

    check_older_tests: bool = setting(
        True,
        label="Judge older tests",
        help="No older test may lose more accuracy than the tolerance.",
        group="strategy",
    )
    tolerance: float = setting(
        1.0,
        label="Tolerance (points)",
        help="How much accuracy an older test may lose before the gate says no. 1 point is one more error in 100 texts.",
        bounds=(0.0, 100.0),
        step=0.5,
        group="strategy",
    )
    loss_judged_by: Literal["measured", "interval", "together"] = setting(
        "measured",
        label="Judge the loss by",
        help="The measured change; or the lower end of its 95 % interval, which passes only when a larger loss can be "
        "ruled out. That is the safer rule for tests of thousands of rows; a test of a few hundred can hardly ever "
        "be so sure of 1 point, however good the candidate is. Together: the measured change of all older tests as one, and no "
        "single one may lose more beyond chance; for many small tests.",
        group="strategy",
    )
    check_labels: bool = setting(
        True,
        label="Judge single labels",
        help="No label may lose more recall than its limit, over all older tests together.",
        group="strategy",
    )
    label_tolerance: float = setting(
        10.0,
        label="Label tolerance (points)",
        help="How much recall a single label may lose. 10 points: of 100 texts of a label, 10 fewer are found. "
        "A label has far fewer rows than a test, so chance moves it more.",
        bounds=(0.0, 100.0),
        step=1.0,
        group="strategy",
    )
    check_newest_test: bool = setting(
        True,
        label="Judge the newest test",
        help="The test of the batch that was just learned must gain.",
        group="strategy",
    )
    minimum_gain: float = setting(
        0.0,
        label="Least gain (points)",
        help="How much accuracy the newest test must gain. 0 means that it must not lose.",
        bounds=(0.0, 100.0),
        step=0.5,
        group="strategy",
    )
    check_calibration: bool = setting(
        True,
        label="Judge calibration",
        help="Stated probabilities must stay as trustworthy as they were.",
        group="strategy",
    )
    calibration_tolerance: float = setting(
        5.0,
        label="Calibration tolerance (points)",
        help="How much the calibration error over all tests may rise. An error of 10 points: where the classifier says "
        "0.90, it is right 80 times in 100.",
        bounds=(0.0, 100.0),
        step=1.0,
        group="strategy",
    )
    check_groups: bool = setting(
        True,
        label="Judge groups of people",
        help="No group may lose more accuracy than its limit, over all older tests together. In force once fairness is watched.",
        group="strategy",
    )
    group_tolerance: float = setting(
        5.0,
        label="Group tolerance (points)",
        help="How much accuracy a single group of people may lose. 5 points: of 100 texts of the group, 5 more are wrong.",
        bounds=(0.0, 100.0),
        step=1.0,
        group="strategy",
    )
    check_gap: bool = setting(
        True,
        label="Judge the gap between groups",
        help="Groups of people must not drift apart: the gap between them is measured before and after. In force once fairness "
        "is watched.",
        group="strategy",
    )
    gap_tolerance: float = setting(
        5.0,
        label="Gap tolerance (points)",
        help="How much the gap between groups may widen. A gap of 10 points in false positives: of 100 harmless texts, 10 more "
        "are flagged in one group than in another.",
        bounds=(0.0, 100.0),
        step=1.0,
        group="strategy",
    )


@dataclass(frozen=True)
class Rule:
    """One rule and how the candidate did.

    Parameters
    ----------
    figure
        What was held against the limit, in points, after − before: the change of accuracy (or the lower end of its
        interval), the largest loss of any stratum, or the change of the calibration error. None when there was
        nothing to measure.
    limit
        The limit: the rule is passed when ``figure >= limit``; for the calibration error and for
        privacy, when ``figure <= limit``.
    judged
        False when there are too few rows: the rule then counts as passed, and its sentence says so.
    note
        A second sentence: why, or what would help.
    """

    message: Message
    passed: bool
    figure: float | None
    limit: float
    judged: bool = True
    kind: RuleKind = "older"
    note: Message | None = None

    def to_dict(self) -> dict[str, Any]:
        stored = {name: getattr(self, name) for name in ("passed", "figure", "limit", "judged", "kind")}
        note = {"note": self.note.to_dict()} if self.note is not None else {}
        return {"message": self.message.to_dict(), **stored, **note}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Rule:
        plain = {name: stored[name] for name in ("passed", "figure", "limit", "judged")}
        note = Message.from_dict(stored["note"]) if "note" in stored else None
        # Verdicts of earlier releases knew only tests, and no kinds.
        return Rule(Message.from_dict(stored["message"]), **plain, kind=stored.get("kind", "older"), note=note)
