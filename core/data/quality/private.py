"""Rows with personal data that a pattern can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.base.messages import message
from core.data.quality.base import CHUNK, FINDING_ROWS, Finding, Fix, Inspected
from core.data.recipe import Redact
from core.data.recipe.personal import PERSONAL_KINDS, PLACEHOLDERS, personal_spans


def personal_data(inspected: Inspected) -> Iterator[Finding | float]:
    """E-mail addresses, telephone numbers, identity numbers, card numbers and addresses on the internet."""
    texts = inspected.dataset.texts
    rows: list[int] = []
    times: Counter[str] = Counter()
    for row, text in enumerate(texts):
        if row % CHUNK == 0:
            yield row / len(texts)
        spans = personal_spans(text)
        if spans:
            rows.append(row)
            times.update(span.kind for span in spans)
    if not rows:
        return
    kinds = tuple(kind for kind in PERSONAL_KINDS if times[kind])
    yield Finding(
        "personal_data",
        "error" if times["id_number"] or times["card"] else "warning",
        len(rows),
        message(
            "quality.personal",
            "Rows with personal data: {count:,} ({found}).",
            count=len(rows),
            found=[f"{PLACEHOLDERS[kind]} {times[kind]:,}" for kind in kinds],
        ),
        message(
            "quality.personal_advice",
            "What a classifier learns from can show in its vocabulary, its memory and its word lists. Replace them by "
            "placeholders, which say as much to a classifier. Patterns do not find names and postal addresses: a model of "
            "entities can be named that looks for them.",
        ),
        tuple(rows[:FINDING_ROWS]),
        fixes=(
            Fix(
                "redact",
                message(
                    "quality.personal_fix", "Replace it by placeholders; rows to change: {count:,}", count=len(rows)
                ),
                (Redact(kinds=kinds),),
            ),
        ),
    )
