"""How well entities are found that no learned text had: those that a list of the learned ones would not find.

References
----------
I. Augenstein, L. Derczynski, K. Bontcheva (2017), "Generalisation in Named Entity Recognition: A Quantitative Analysis".
"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.spans.targets import spans_of
from core.statistics.intervals import Estimate, rate_estimate

Surfaces = set[tuple[str, str]]  # an entity as it is written, in small letters, and its type


def surfaces(texts: Sequence[str], targets: Sequence[str]) -> Surfaces:
    """What is marked in texts."""
    return {
        (text[span.start : span.end].lower(), span.type)
        for text, target in zip(texts, targets, strict=True)
        for span in spans_of(target)
    }


def familiar(
    texts: Sequence[str], truth: Sequence[str], answers: Sequence[str], learned: Surfaces
) -> dict[str, tuple[Estimate, int]]:
    """Share of the entities that were found, 0 to 1, and their number: of ``seen`` ones, and of ``unseen`` ones."""
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for text, target, answer in zip(texts, truth, answers, strict=True):
        given = set(spans_of(answer))
        for span in spans_of(target):
            hits[(text[span.start : span.end].lower(), span.type) in learned].append(span in given)
    return {
        name: (rate_estimate(float(sum(hits[seen])), float(len(hits[seen]))), len(hits[seen]))
        for name, seen in (("seen", True), ("unseen", False))
    }
