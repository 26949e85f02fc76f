"""Personal data that a model of entities finds, such as names and addresses, and the step that replaces it.

Knows no model: whoever carries the step out brings a `Marker`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.inputs import columns_of
from core.data.dataset.rows import TextDataset
from core.data.recipe.base import Step, with_texts
from core.data.recipe.personal import PLACEHOLDERS, personal_spans
from core.data.spans.targets import Span

READ_KINDS = ("text", "category")  # of further columns: numbers and dates hold no names
# What types of entities that stand for people and places are called: as a whole, or before the first dot.
_PERSONAL = frozenset(
    "per pers person people name personname fullname firstname lastname surname givenname username loc location gpe address "
    "addr street streetaddress city postcode zipcode 人名 人物 姓名 名字 人 地名 地址 住址 地点 位置".split()
)


class RedactEntities(Step):
    """What a model marks with some types is replaced by placeholders such as ``[PER]``.

    Parameters
    ----------
    classifier, version
        The model, always the same version, so that the step does the same again.
    """

    kind: ClassVar[str] = "redact_entities"
    classifier: str
    version: int
    types: tuple[str, ...]

    def apply(self, dataset: TextDataset) -> tuple[TextDataset, int]:
        raise DataError(
            "recipe.needs_model",
            "Names are found and replaced by version {version} of '{classifier}', which is not at hand here. Leave the step out.",
            version=self.version,
            classifier=self.classifier,
        )

    def replaced(self, dataset: TextDataset, marks: Sequence[Sequence[Span]]) -> tuple[TextDataset, int]:
        """The dataset without what was marked in its texts, and how many rows were changed."""
        texts = [redacted_spans(text, spans) for text, spans in zip(dataset.texts, marks, strict=True)]
        count = sum(old != new for old, new in zip(dataset.texts, texts, strict=True))
        return (with_texts(dataset, texts) if count else dataset), count

    def sentence(self) -> Message:
        return message(
            "recipe.redact_entities",
            "What '{classifier}', version {version}, takes for personal replaced by {signs}.",
            classifier=self.classifier,
            version=self.version,
            signs=[placeholder(name) for name in self.types],
        )


# Marks entities of the types that a step names in texts: a list of stretches for each.
Marker = Callable[[RedactEntities, Sequence[str]], Sequence[Sequence[Span]]]


def looks_personal(name: str) -> bool:
    """Whether a type of entities is called as types of people and places are; words such as "teacher" (``PER.NOM``) are not."""
    head, _, rest = name.casefold().partition(".")
    return rest != "nom" and (
        re.sub(r"[\W_]", "", head) in _PERSONAL or re.sub(r"[\W_]", "", name.casefold()) in _PERSONAL
    )


def placeholder(name: str) -> str:
    """What stands in place of an entity."""
    return f"[{name.upper()}]"


def pieces_of(text: str) -> list[tuple[int, str]]:
    """What a model reads of a row, with where it begins: the text, and each further column that may hold names."""
    body, columns = columns_of(text)
    further = [(each.start, text[each.start : each.end]) for each in columns if each.field.kind in READ_KINDS]
    return [(0, body), *further]


def apart_from_patterns(text: str, spans: Sequence[Span]) -> list[Span]:
    """Those outside of what patterns find, and of placeholders that stand there already."""
    taken = [(each.start, each.end) for each in personal_spans(text)]
    signs = {*PLACEHOLDERS.values(), *(placeholder(span.type) for span in spans)}
    taken += [match.span() for sign in signs for match in re.finditer(re.escape(sign), text)]
    return [span for span in spans if all(span.end <= start or end <= span.start for start, end in taken)]


def redacted_spans(text: str, spans: Sequence[Span]) -> str:
    """The text with placeholders in place of entities."""
    pieces, behind = [], 0
    for span in sorted(apart_from_patterns(text, spans)):
        if span.start >= behind:
            pieces += [text[behind : span.start], placeholder(span.type)]
            behind = span.end
    return "".join([*pieces, text[behind:]])
