"""Which texts a person should look at first where entities are marked."""

from __future__ import annotations

import pytest

from core.data.spans.targets import Span
from core.networks.standalone.extract import Entity
from core.tasks.token_classification.selection import doubt_of_entities, doubt_of_given


def test_the_least_certain_entity_decides() -> None:
    assert doubt_of_entities([Entity(0, 3, "PER", 0.9), Entity(5, 9, "LOC", 0.6)]) == pytest.approx(0.4)
    assert doubt_of_entities([]) == 0


def test_what_is_marked_otherwise_than_given_counts_by_how_sure_it_is() -> None:
    marked = [Entity(0, 3, "PER", 0.9), Entity(5, 9, "LOC", 0.8)]
    assert doubt_of_given(marked, [Span(0, 3, "PER"), Span(5, 9, "LOC")]) == 0
    assert doubt_of_given(marked, [Span(0, 3, "PER"), Span(5, 9, "ORG")]) == pytest.approx(0.8)
    assert doubt_of_given(marked[:1], [Span(0, 3, "PER"), Span(5, 9, "ORG")]) == pytest.approx(0.5)
    assert doubt_of_given([], []) == 0
