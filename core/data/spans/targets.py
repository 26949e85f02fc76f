"""Entities of a text as one target: JSON such as ``[[0, 5, "ORG"]]``, in order; characters from the first to before the end.

A text without any has the target ``[]``; an empty target means that nobody said.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple


class Span(NamedTuple):
    """An entity: its first character, that behind its last one, and its type."""

    start: int
    end: int
    type: str


NO_SPANS = "[]"


def target_of(spans: Iterable[Span]) -> str:
    """The target of a text with these entities, whatever their order."""
    return json.dumps([[*span] for span in sorted(set(spans))], ensure_ascii=False)


@lru_cache(maxsize=100_000)
def spans_of(target: str) -> tuple[Span, ...]:
    """The entities of a target; none for an empty one."""
    return tuple(Span(int(start), int(end), str(name)) for start, end, name in json.loads(target or NO_SPANS))


def types_of(*columns: Sequence[str]) -> tuple[str, ...]:
    """All types that occur in these targets, in alphabetical order."""
    return tuple(sorted({span.type for column in columns for target in set(column) for span in spans_of(target)}))


def counts_of(targets: Iterable[str]) -> dict[str, int]:
    """Type → number of entities, the most frequent first, of equals in alphabetical order."""
    counts = Counter(span.type for target in targets for span in spans_of(target))
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def spans_of_tags(tags: Sequence[str]) -> list[Span]:
    """Entities that tags mark, counted in tokens: of the schemes BIO, IOB1, BIOES and BILOU.

    An empty one is outside. A tag may jump, such as an I without its B: it then begins an entity, as in the evaluation of
    CoNLL-2000.
    """
    spans: list[Span] = []
    start, before, kind = -1, "O", ""
    for index, tag in enumerate([*(tag or "O" for tag in tags), "O"]):
        mark, _, name = tag.partition(tag[1:2] if tag[1:2] in ("-", "_") else "-")
        if start >= 0 and (name != kind or mark in "BSUO" or before in "ELSU"):
            spans.append(Span(start, index, kind))
            start = -1
        if start < 0 and mark != "O":
            start, kind = index, name
        before = mark
    return spans


def types_of_outputs(outputs: Sequence[str]) -> list[str]:
    """The types that a model marks, from its labels of tokens in the scheme BIO, in their order."""
    return [label[2:] for label in outputs if label.startswith("B-")]


def tags_of(places: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[str]:
    """The tag of each token in the scheme BIO, from where it stands; an entity that ends inside a token has all of it."""
    tags = ["O"] * len(places)
    for span in spans:
        inside = [index for index, (start, end) in enumerate(places) if start < span.end and span.start < end]
        for number, index in enumerate(inside):
            tags[index] = f"{'B' if number == 0 else 'I'}-{span.type}"
    return tags


def jumps(tags: Sequence[str]) -> int:
    """How many tags go on with an entity, or end one, that no tag before has begun."""
    count = 0
    for before, tag in zip(["O", *tags], tags, strict=False):
        inside = tag[:1] in "IELM" and tag != "O"
        count += inside and (before[2:] != tag[2:] or before[:1] in "ELSUO")
    return count
