"""What is added up over texts in which entities are marked, and the scores as functions of the sum.

A text's statistics are three of each type (entities that it has, those found exactly, those marked), as of a row with several
labels, and then whether all of it was right, and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.spans.targets import Span, spans_of
from core.statistics.additive import Statistics


def statistics(truth: Sequence[str], answers: Sequence[str], types: Sequence[str]) -> Statistics:
    """Statistics, ``(rows, 3 · types + 2)``; types that are not among these are passed over."""
    number = {name: position for position, name in enumerate(types)}
    table = np.zeros((len(truth), 3 * len(types) + 2))
    for row, (target, answer) in enumerate(zip(truth, answers, strict=True)):
        has, given = set(spans_of(target)), set(spans_of(answer))
        for kind, spans in enumerate((has, has & given, given)):
            for span in spans:
                if span.type in number:
                    table[row, kind * len(types) + number[span.type]] += 1
        table[row, -2] = has == given
    table[:, -1] = 1
    return table


def mentions(
    truth: Sequence[str], answers: Sequence[Sequence[str]], types: Sequence[str]
) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """The type of each entity of the truth, by its position, and whether each of the answers found it: ``(entities,)`` each."""
    number = {name: position for position, name in enumerate(types)}
    kinds: list[int] = []
    hits: list[list[bool]] = [[] for _ in answers]
    for row, target in enumerate(truth):
        given = [set(spans_of(each[row])) for each in answers]
        for span in spans_of(target):
            kinds.append(number[span.type])
            for own, spans in zip(hits, given, strict=True):
                own.append(span in spans)
    return np.array(kinds, dtype=np.int64), [np.array(own, dtype=np.bool_) for own in hits]


def overlapping(span: Span, others: Sequence[Span]) -> list[Span]:
    """Those that share characters with a span."""
    return [other for other in others if other.start < span.end and span.start < other.end]
