from __future__ import annotations

import pytest

from core.data.recipe.by_model import RedactEntities, looks_personal, redacted_spans
from core.data.recipe.working import read_steps, write_steps
from core.data.spans.targets import Span


@pytest.mark.parametrize(
    "name",
    ["PER", "PERSON", "per", "Name", "person_name", "PER.NAM", "LOC", "GPE.NAM", "address", "人名", "姓名", "地址"],
)
def test_types_of_people_and_places_are_taken_for_personal(name: str) -> None:
    assert looks_personal(name)


@pytest.mark.parametrize("name", ["ORG", "company_name", "PER.NOM", "MISC", "movie", "position", "game", ""])
def test_others_are_not(name: str) -> None:
    assert not looks_personal(name)


def test_placeholders_stand_in_place_of_entities_and_are_left_alone_later() -> None:
    text = "Tim met Ann at [EMAIL]"
    spans = [Span(0, 3, "PER"), Span(8, 11, "PER"), Span(16, 21, "PER")]
    once = redacted_spans(text, spans)
    assert once == "[PER] met [PER] at [EMAIL]"
    assert redacted_spans(once, [Span(1, 4, "PER"), Span(0, 5, "PER")]) == once


def test_what_a_pattern_finds_is_left_to_the_pattern() -> None:
    text = "write to tim.cook@example.org"
    assert redacted_spans(text, [Span(9, 12, "PER")]) == text


def test_of_two_that_overlap_the_first_counts() -> None:
    assert redacted_spans("New York City", [Span(0, 8, "LOC"), Span(4, 13, "LOC")]) == "[LOC] City"


def test_the_step_is_stored_by_its_fields() -> None:
    step = RedactEntities(classifier="Names", version=2, types=("PER", "LOC"))
    assert read_steps(write_steps([step])) == [step]
    assert str(step.sentence()) == "What 'Names', version 2, takes for personal replaced by [PER], [LOC]."
