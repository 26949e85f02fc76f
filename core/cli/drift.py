"""``drift``: what was found, as one object and as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.messages import Message

if TYPE_CHECKING:
    from core.workflows.drift import DriftReport


def as_object(report: DriftReport) -> dict[str, Any]:
    """The report with sentences instead of messages."""
    found = report.to_dict()
    found["advice"]["message"] = str(report.advice.message)
    for test in found["tests"]:
        test["reason"] = str(Message.from_dict(test["reason"])) if test["reason"] else None
    return found


def as_text(report: DriftReport) -> str:
    """The advice, then a line for each comparison."""
    lines = [
        f"  {test.name:<10}  {test.verdict:<8}  {f'p = {test.p_value:.3g}' if test.judged else test.reason}"
        for test in report.tests
    ]
    return "\n".join([str(report.advice.message), *lines])
