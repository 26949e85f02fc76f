"""What a probability says, in a report: stated and right shares on the frozen tests, and what the temperature did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.base.messages import Message, message
from core.base.wording import points
from core.tasks.text_classification.calibration import expected_calibration_error
from core.tasks.text_classification.reported import has_labels
from core.workflows.report.document import Block, Cell, Paragraph, ReportLanguage, Section, figure, table

if TYPE_CHECKING:
    from core.workflows.report.inputs import ReportInputs


def probabilities(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """Whether the stated probabilities mean what they say, from the stored answers to the frozen tests."""
    if not has_labels(inputs.report):
        return Section("")
    confidence: list[float] = []
    right: list[bool] = []
    for test in inputs.report["tests"]:
        answers = inputs.folder.predictions(test["experience"])
        chances = [name for name in answers.columns if name.startswith("p_")]
        if chances and len(answers):
            confidence += answers[chances].max(axis=1).tolist()
            right += (answers["truth"] == answers["predicted"]).tolist()
    say = words.say
    if not right:
        return Section("")
    error = expected_calibration_error(confidence, right)
    accuracy = sum(right) / len(right)
    stated = sum(confidence) / len(confidence)
    blocks: list[Block] = [
        Paragraph(
            say(
                message(
                    "report.calibration",
                    "On average it states a probability of {stated:.3f}, and {right:.3f} of its answers are right. Expected "
                    "calibration error: {error:.3f} (0 is perfect) on {rows:,} test rows.",
                    stated=stated,
                    right=accuracy,
                    error=error,
                    rows=len(right),
                )
            )
        ),
        table(
            [
                say(message("report.stated", "stated probability")),
                say(message("report.answers", "answers")),
                say(message("report.share_right", "share that is right")),
                say(message("report.gap", "difference in points")),
            ],
            _bins(confidence, right),
        ),
    ]
    blocks[1:1] = _temperature(inputs.report.get("calibration"), words)
    return Section(say(message("report.probabilities", "What a probability says")), tuple(blocks))


def _temperature(calibration: dict[str, Any] | None, words: ReportLanguage) -> list[Block]:
    """What the temperature did; nothing for versions of old."""
    if calibration is None:
        return []
    if calibration["note"] is not None:
        return [Paragraph(words.say(Message.from_dict(calibration["note"])))]
    before, after = calibration["before"]["ece"], calibration["after"]["ece"]
    summary = message(
        "report.temperature",
        "Logits are divided by {temperature:.3f} inside every file, fitted on {rows:,} validation rows. That took the expected "
        "calibration error on the test rows from {before} to {after}.",
        temperature=calibration["temperature"],
        rows=calibration["rows"],
        before=figure(before),
        after=figure(after),
    )
    return [Paragraph(words.say(summary))]


def _bins(confidence: list[float], right: list[bool]) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    for low in range(10):
        inside = [number for number, value in enumerate(confidence) if low / 10 < value <= (low + 1) / 10]
        if inside:
            share = sum(right[number] for number in inside) / len(inside)
            mean = sum(confidence[number] for number in inside) / len(inside)
            rows.append(
                [f"{low / 10:.1f}–{(low + 1) / 10:.1f}", f"{len(inside):,}", f"{share:.3f}", points(share - mean)]
            )
    return rows
