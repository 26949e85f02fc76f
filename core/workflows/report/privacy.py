"""What a version promises of privacy, what it has spent, and what lies outside the promise: in a report and in a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.base.messages import Message, message
from core.training.private.budget import Spend
from core.workflows.learn.outside import outside_promise
from core.workflows.report.card import escaped
from core.workflows.report.document import Cell, Paragraph, ReportLanguage, Section, table

if TYPE_CHECKING:
    from core.workflows.report.inputs import ReportInputs

TITLE = message("report.privacy", "Differential privacy")


def promise(report: Mapping[str, Any]) -> Message | None:
    """What is promised, in one sentence; None where nothing is."""
    privacy = report.get("privacy")
    if not privacy:
        return None
    facts = {
        "spent": f"{privacy['spent']:.2f}",
        "budget": f"{privacy['budget']:g}",
        "delta": f"{privacy['delta']:.2g}",
    }
    if privacy["unit"] == "group":
        return message(
            "report.privacy_group",
            "Whatever somebody sees of this model is at most e^ε times as likely with all rows of one group among those it "
            "learned from as without them, but for a chance of δ = {delta}. Spent: ε = {spent} of a budget of {budget}.",
            **facts,
        )
    return message(
        "report.privacy_row",
        "Whatever somebody sees of this model is at most e^ε times as likely with any one row among those it learned from as "
        "without it, but for a chance of δ = {delta}. Spent: ε = {spent} of a budget of {budget}.",
        **facts,
    )


def privacy(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """The promise, what each experience has spent, and what lies outside; nothing where nothing was promised."""
    say, told = words.say, promise(inputs.report)
    if told is None:
        return Section(say(TITLE))
    head = [
        say(message("report.privacy_experience", "batch")),
        say(message("report.privacy_mechanism", "how")),
        say(message("report.privacy_noise", "noise multiplier")),
        say(message("report.privacy_units", "protected")),
        say(message("report.privacy_epsilon", "ε of this step")),
    ]
    spends = [Spend.from_dict(each) for each in inputs.report["privacy"]["spends"]]
    rows: list[list[str | Cell]] = [_row(spend, words) for spend in spends]
    outside = [
        say(message("report.privacy_outside", "outside the promise")),
        say(message("report.privacy_means", "why")),
    ]
    left_out: list[list[str | Cell]] = [[say(what), say(means)] for what, means in outside_promise(inputs.report)]
    return Section(say(TITLE), (Paragraph(say(told)), table(head, rows), table(outside, left_out)))


def _row(spend: Spend, words: ReportLanguage) -> list[str | Cell]:
    mechanism = spend.mechanism
    if mechanism.kind == "gaussian":
        how = message("report.privacy_gaussian", "one noisy sum over all rows")
    else:
        how = message(
            "report.privacy_sgd",
            "{steps:,} noisy steps over {share} % of the rows each",
            steps=mechanism.steps,
            share=f"{100 * mechanism.sample_rate:.3g}",
        )
    noise = f"{mechanism.noise_multiplier:.3f}"
    return [str(spend.experience), words.say(how), noise, f"{spend.units:,}", f"{spend.epsilon:.2f}"]


def card_lines(report: Mapping[str, Any]) -> list[str]:
    """The same for the card in a version's folder, in English."""
    told = promise(report)
    if told is None:
        return []
    outside = [f"- {escaped(str(what))}: {escaped(str(means))}" for what, means in outside_promise(report)]
    return [f"## {TITLE}", "", escaped(str(told)), "", "Outside the promise:", "", *outside, ""]
