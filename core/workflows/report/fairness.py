"""How groups of people fare, in a report and in the card of a bundle: what was measured last, or at the last update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from core.base.messages import Message, message
from core.registry.records import FairnessStore
from core.statistics.intervals import MINIMUM_ROWS
from core.statistics.slices import LEVEL
from core.workflows.report.document import Block, Cell, Paragraph, ReportLanguage, Section, figure, table

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.report.inputs import ReportInputs
    from core.workflows.workspace import Workspace


def with_fairness(report: dict[str, Any], version: VersionInfo, workspace: Workspace) -> dict[str, Any]:
    """The report with what was measured on request since, where it was."""
    record = FairnessStore(workspace.home).load(version.classifier, version.number, version.created)
    return report if record is None else {**report, "fairness": record}


def fairness(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """The gaps as sentences, and a table of the groups; empty where nothing was measured."""
    title = words.say(message("report.fairness", "Groups of people"))
    measured = inputs.report.get("fairness")
    if not measured:
        return Section(title)
    blocks: list[Block] = [Paragraph(words.say(sentence)) for sentence in gap_sentences(measured)]
    head = [
        message("report.fairness_group", "group"),
        message("report.fairness_rows", "rows"),
        message("report.fairness_fpr", "false positives"),
        message("report.fairness_tpr", "true positives"),
        message("report.fairness_accuracy", "accuracy"),
    ]
    rows: list[list[str | Cell]] = [
        [
            group["name"],
            f"{group['rows']:,}",
            *(figure(group[name]) if group[name] else "–" for name in ("fpr", "tpr", "accuracy")),
        ]
        for group in measured["groups"]
        if group["rows"]
    ]
    few = message(
        "report.fairness_few",
        "A dash stands where fewer than {needed} rows count; 95 % intervals.",
        needed=MINIMUM_ROWS,
    )
    if rows:
        blocks.append(table([words.say(name) for name in head], rows, words.say(few)))
    return Section(title, tuple(blocks))


def gap_sentences(measured: Mapping[str, Any]) -> Iterator[Message]:
    """How far apart groups are, a sentence a gap, and where each may be chance."""
    yield message(
        "report.fairness_answer",
        "Compared are the answers “{positive}” that texts of different groups get.",
        positive=measured["choice"]["positive"],
    )
    gaps = measured["gaps"]
    if not gaps:
        yield message(
            "report.fairness_no_gap",
            "Fewer than two groups have {needed} rows that count, so it cannot be told whether they are answered alike.",
            needed=MINIMUM_ROWS,
        )
    for name in ("selection", "odds", "fpr"):
        if name in gaps:
            yield _gap(name, gaps[name])


def _gap(name: str, gap: Mapping[str, Any]) -> Message:
    facts = {"gap": figure(dict(gap)), "high": gap["highest"], "low": gap["lowest"]}
    told = {
        "selection": message(
            "report.fairness_parity",
            "The demographic parity difference is {gap}, widest between {high} and {low}.",
            **facts,
        ),
        "odds": message(
            "report.fairness_odds",
            "The equalised odds difference is {gap}, widest between {high} and {low}.",
            **facts,
        ),
        "fpr": message(
            "report.fairness_gap_fpr",
            "False positives differ by {gap}, most between {high} and {low}.",
            **facts,
        ),
    }
    perhaps = {
        "selection": message(
            "report.fairness_parity_perhaps",
            "The demographic parity difference is {gap}, between {high} and {low}; it may be chance.",
            **facts,
        ),
        "odds": message(
            "report.fairness_odds_perhaps",
            "The equalised odds difference is {gap}, between {high} and {low}; it may be chance.",
            **facts,
        ),
        "fpr": message(
            "report.fairness_gap_fpr_perhaps",
            "False positives differ by {gap} between {high} and {low}; it may be chance.",
            **facts,
        ),
    }
    return (perhaps if gap["p_value"] >= LEVEL else told)[name]
