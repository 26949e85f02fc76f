"""What the owner states of a model, in a report and in the card of a bundle. None of it was examined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.base.messages import message
from core.registry.statements import TEXTS, Statements
from core.workflows.report.card import escaped
from core.workflows.report.document import Cell, Paragraph, ReportLanguage, Section, table

if TYPE_CHECKING:
    from core.workflows.report.inputs import ReportInputs

TITLE = message("report.statements", "Stated by its owner")
NOTE = message(
    "report.statements_note", "These are the words of the model's owner; nothing of them was checked by the program."
)


def statements(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """All fields, also those that say nothing."""
    head = [
        words.say(message("report.statement", "field")),
        words.say(message("report.statement_text", "what is stated")),
    ]
    rows: list[list[str | Cell]] = [list(row) for row in stated_rows(inputs.statements, words)]
    return Section(words.say(TITLE), (Paragraph(words.say(NOTE)), table(head, rows)))


def stated_rows(stated: Statements, words: ReportLanguage) -> list[tuple[str, str]]:
    """Each field's name and what it says."""
    nothing = words.say(message("report.not_stated", "not stated"))
    texts = stated.texts()
    rows = [(words.setting(field.name, field.label), texts[field.name] or nothing) for field in TEXTS]
    override = (
        message("report.takes_two", "one asks for it and gives a reason, another confirms it")
        if stated.two_people
        else message("report.takes_one", "one person, who gives a reason")
    )
    return [*rows, (words.say(message("report.override", "Promotion against the gate")), words.say(override))]


def with_statements(card: str, stated: Statements) -> str:
    """A version's model card, which is written once, with what is stated today at its end."""
    rows = [f"| {escaped(name)} | {escaped(value)} |" for name, value in stated_rows(stated, ReportLanguage())]
    return "\n".join([card.rstrip("\n"), "", f"## {TITLE}", "", str(NOTE), "", "| | |", "|---|---|", *rows, ""])
