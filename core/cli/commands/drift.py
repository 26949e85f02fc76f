"""``drift``: whether a batch differs from what a version learned, as one object and as lines to read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.cli.printing import plain, show
from core.cli.tables import facts, load
from core.cli.workflow import version_of

if TYPE_CHECKING:
    from core.continual.drift.tests import DriftTest
    from core.workflows.drift.run import DriftReport

WORDS = 12  # each way, printed


def drift(asked: argparse.Namespace) -> None:
    from core.workflows.drift.run import detect_drift
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.versions.past import read_past

    workspace, version, path = version_of(asked)
    folder = VersionFolder(path)
    loaded = load(asked, batch=True, known=folder.classes)
    report = detect_drift(folder, loaded.dataset, read_past(folder, workspace))
    show(asked, {"version": version.number, **plain(report.to_dict()), **facts(loaded)}, as_text(report))


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
