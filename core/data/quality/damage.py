"""Texts that were read in the wrong encoding before they came here."""

from __future__ import annotations

from collections.abc import Iterator

from core.base.messages import message
from core.data.quality.base import CHUNK, FINDING_ROWS, Finding, Fix, Inspected, drop
from core.data.reading.text.mojibake import beyond_repair, repaired
from core.data.recipe import RepairText


def damaged_text(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts that can be read again, and texts in which characters are lost."""
    texts = inspected.dataset.texts
    readable: list[int] = []
    lost: list[int] = []
    for row, text in enumerate(texts):
        if row % CHUNK == 0:
            yield row / len(texts)
        if repaired(text) != text:
            readable.append(row)
        elif beyond_repair(text):
            lost.append(row)
    if readable:
        yield Finding(
            "damaged_text",
            "warning",
            len(readable),
            message("quality.damaged", "Texts that were read in the wrong encoding: {count:,}.", count=len(readable)),
            message(
                "quality.damaged_advice",
                "Signs such as “Ã©” or “浣犲ソ” are words that a classifier will never meet again. They can be turned back "
                "into what was written.",
            ),
            tuple(readable[:FINDING_ROWS]),
            fixes=(
                Fix(
                    "repair",
                    message("quality.damaged_fix", "Repair these texts: {count:,}", count=len(readable)),
                    (RepairText(),),
                ),
            ),
        )
    if lost:
        yield Finding(
            "lost_text",
            "warning",
            len(lost),
            message("quality.lost", "Texts in which characters are lost: {count:,}.", count=len(lost)),
            message(
                "quality.lost_advice",
                "“�” and “锟斤拷” stand where something was that nobody can bring back. Save the table anew from where it "
                "came from, as UTF-8; or remove these rows.",
            ),
            tuple(lost[:FINDING_ROWS]),
            fixes=(
                Fix(
                    "drop",
                    message("quality.lost_fix", "Remove these rows: {count:,}", count=len(lost)),
                    (drop(inspected, lost, "outlier"),),
                ),
            ),
        )
