"""A report as Markdown: a model card that reads well as plain text. What people typed cannot become a sign of Markdown."""

from __future__ import annotations

from core.workflows.report.document import Block, Document, Paragraph, Table

SIGNS = set("\\`*_[]<>#|~$")


def to_markdown(document: Document) -> str:
    """All sections; charts are left out, the tables beside them hold the same figures."""
    lines = [f"# {escaped(document.title)}", "", escaped(document.subtitle), ""]
    lines += ["| | |", "|---|---|", *(f"| {escaped(name)} | {escaped(value)} |" for name, value in document.facts), ""]
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block)
    return "\n".join(lines).rstrip("\n") + "\n"


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [escaped(block.text) if block.tone == "plain" else f"> {escaped(block.text)}", ""]
    if isinstance(block, Table):
        lines = [_row(block.head), "|" + "---|" * len(block.head)]
        lines += [_row(tuple(cell.text for cell in row)) for row in block.rows]
        return [*lines, "", *([escaped(block.caption), ""] if block.caption else [])]
    return []


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def escaped(text: str) -> str:
    """On one line, with everything escaped that Markdown or HTML would take for a sign."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in " ".join(text.split()))
