"""What may be wrong with what is marked in texts: see `core.data.loading.entity_doubts`, whose sentences these are."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.loading.entity_doubts import doubts
from core.data.quality.base import Finder, Finding, Inspected


def finder(kind: str) -> Finder:
    """The finder of one kind of doubts."""

    def find(inspected: Inspected) -> Iterator[Finding | float]:
        yield 0.0
        for doubt in doubts(inspected.survey, inspected.entities):
            if doubt.kind == kind:
                yield Finding(
                    kind, doubt.severity, doubt.count, doubt.sentence, doubt.advice, doubt.rows, notes=doubt.notes
                )

    return find
