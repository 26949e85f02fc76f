"""``drift``: what was found, as one object and as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.base.messages import Message

if TYPE_CHECKING:
    from core.continual.drift.tests import DriftTest
    from core.workflows.drift.run import DriftReport

WORDS = 12  # each way, printed


def as_object(report: DriftReport) -> dict[str, Any]:
    """The report with sentences instead of messages."""
    content = report.to_dict()
    content["advice"]["message"] = str(report.advice.message)
    for test in content["tests"]:
        test["reason"] = str(Message.from_dict(test["reason"])) if test["reason"] else None
    return content


def as_text(report: DriftReport) -> str:
    """The advice, a line for each comparison, and the words whose frequency changed."""
    lines = [f"  {test.name:<10}  {test.verdict:<8}  {_finding(test)}" for test in report.tests]
    old, new = report.words.texts
    for name, changes in (("more often", report.words.more), ("less often", report.words.fewer)):
        words = [f"{change.word} {change.after_per_1000:g} / {change.before_per_1000:g}" for change in changes[:WORDS]]
        if words:
            lines.append(f"  {name} (per 1,000 of {new:,} new / {old:,} earlier texts): {', '.join(words)}")
    return "\n".join([str(report.advice.message), *lines])


def _finding(test: DriftTest) -> str:
    if not test.judged:
        return str(test.reason)
    finding = f"p = {test.p_value:.3g}"
    if test.interval is None:
        return finding
    gain, low, high = (100 * value for value in (test.interval.value, test.interval.low, test.interval.high))
    rose = "; it rose" if test.rose else ""
    return f"{finding}, tests only whether accuracy fell: {gain:+.1f} points ({low:.1f} to {high:.1f}){rose}"
