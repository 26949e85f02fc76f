"""Figures worked out by hand on a handful of sentences."""

from __future__ import annotations

import json

from core.data.loading.entity_doubts import doubts, examples, stretches
from core.data.loading.entity_survey import survey, type_figures
from core.data.spans.cells import unmarked
from core.data.spans.targets import NO_SPANS, target_of


def rows(*marked: str) -> tuple[list[str], list[str]]:
    """Texts and targets of lines with marks."""
    read = [unmarked(line) for line in marked]
    return [text for text, _ in read], [target_of(spans) for _, spans in read]


LINES = (
    "[Jordan](LOC) is dry .",
    "[Jordan](LOC) and [New York](LOC) .",
    "[Jordan](PER) plays .",
    "New York is large .",
    "[New York](LOC) Times is read in New York .",
    "[Titan](SHIP) sank .",
)


def test_each_type_has_its_figures_the_most_frequent_first() -> None:
    place, person, ship = type_figures(*rows(*LINES))
    assert (place.name, place.entities, place.texts) == ("LOC", 4, 3)
    assert place.length == 7  # of 6, 6, 8 and 8 characters
    assert place.surfaces == (("Jordan", 2), ("New York", 2))
    assert [(each.name, each.entities) for each in (person, ship)] == [("PER", 1), ("SHIP", 1)]


def test_a_surface_under_several_types_is_named_with_the_rare_one_first() -> None:
    rare, usual = survey(*rows(*LINES)).ambiguous
    assert (rare.row, rare.span.type) == (2, "PER")
    assert (usual.row, usual.span.type) == (0, "LOC")
    assert rare.marked == {"LOC": 2, "PER": 1}


def test_mentions_that_nobody_marked_are_found_as_whole_words_outside_of_entities() -> None:
    texts, targets = rows(*LINES, "Newly York , [Big New York Club](ORG) , New Yorkers .")
    found = survey(texts, targets).unmarked
    assert [(each.row, texts[each.row][each.span.start : each.span.end]) for each in found] == [
        (3, "New York"),
        (4, "New York"),
    ]
    assert found[0].marked == {"LOC": 2}
    assert found[0].unmarked == 2


def test_those_that_nearly_always_are_marked_come_first() -> None:
    texts, targets = rows("[May](PER) . [May](PER)", "[Ann](PER) [Ann](PER) [Ann](PER) Ann", "May May May rain")
    found = survey(texts, targets).unmarked
    assert [texts[each.row][each.span.start : each.span.end] for each in found] == ["Ann", "May", "May", "May"]


def test_what_is_marked_once_and_single_signs_are_not_looked_for() -> None:
    texts, targets = rows("[Bo](PER) 和 [中](LOC) 和 [中](LOC) [7](NUM) [7](NUM)", "Bo 中 7")
    assert survey(texts, targets).unmarked == ()


def test_rows_of_which_nobody_said_anything_are_passed_over() -> None:
    texts, targets = rows("[Ann](PER) met [Ann](PER)", "Ann sleeps")
    assert len(survey(texts, targets).unmarked) == 1
    assert survey(texts, [targets[0], ""]).unmarked == ()


def test_the_same_text_marked_otherwise_is_named_whatever_its_blanks() -> None:
    texts, targets = rows("[Ann](PER) sleeps .", "[Ann](PER)  sleeps .", "Ann sleeps .", "All sleep .")
    assert survey(texts, targets).differing == ((0, 1, 2),)
    assert survey(texts[:2], targets[:2]).differing == ()


def test_nothing_at_all_is_no_error() -> None:
    found = survey((), ())
    assert found == ((), (), (), ())
    assert doubts(found, ()) == []
    assert survey(("a b",), (NO_SPANS,)).types == ()


def test_doubts_have_rows_notes_and_no_text() -> None:
    texts, targets = rows(*LINES)
    listed = {doubt.kind: doubt for doubt in doubts(survey(texts, targets), targets)}
    assert [*listed] == ["unmarked_mentions", "single_types", "ambiguous_entities"]
    assert {kind: doubt.count for kind, doubt in listed.items()} == {
        "unmarked_mentions": 2,
        "single_types": 2,
        "ambiguous_entities": 1,
    }
    assert listed["single_types"].rows == (2, 5)
    assert listed["ambiguous_entities"].rows == (2, 0)
    assert str(listed["ambiguous_entities"].notes[0]) == "PER here (1–6); in all LOC 2, PER 1"
    assert all(len(doubt.rows) == len(doubt.notes) for doubt in listed.values())
    stored = json.dumps([[note.to_dict() for note in doubt.notes] for doubt in listed.values()])
    assert not any(word in stored for word in ("Jordan", "New York", "Titan"))
    unmarked_doubt = listed["unmarked_mentions"]
    (place,) = stretches(unmarked_doubt.notes[0])
    assert texts[3][place.start : place.end] == "New York"
    assert examples(unmarked_doubt.rows, unmarked_doubt.notes, dict(enumerate(texts))) == ["New York (LOC)"]


def test_the_time_grows_with_the_characters_alone() -> None:
    text, target = rows(" ".join(f"[Ann](PER) met Ben{number} in [Rome](LOC) and Rome ." for number in range(3000)))
    found = survey(text, target)
    assert len(found.unmarked) == 3000
