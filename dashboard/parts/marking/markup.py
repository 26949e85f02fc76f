"""A text with its entities as one line that people can write: ``[Tim Cook](PER) runs [Apple](ORG).``"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.spans.cells import unmarked
from core.data.spans.targets import Span


def written(text: str, spans: Sequence[Span]) -> str:
    """The text with marks."""
    parts, end = [], 0
    for span in sorted(spans):
        parts += [text[end : span.start], f"[{text[span.start : span.end]}]({span.type})"]
        end = span.end
    return "".join([*parts, text[end:]])


def read(text: str, line: str) -> list[Span] | None:
    """The entities that somebody marked; None where the text itself was changed."""
    plain, spans = unmarked(line)
    return spans if plain == text else None
