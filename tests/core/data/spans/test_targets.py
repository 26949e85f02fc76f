"""Entities as targets, and tags of every scheme as entities."""

from __future__ import annotations

import pytest

from core.data.spans.targets import Span, counts_of, jumps, spans_of, spans_of_tags, target_of, types_of

ORG, PER = Span(0, 5, "ORG"), Span(11, 14, "PER")


def test_a_target_is_the_same_whatever_the_order_and_gives_the_entities_back() -> None:
    target = target_of([PER, ORG, ORG])
    assert target == target_of([ORG, PER]) == '[[0, 5, "ORG"], [11, 14, "PER"]]'
    assert spans_of(target) == (ORG, PER)
    assert spans_of("") == spans_of(target_of([])) == ()
    assert target_of([]) == "[]"
    assert spans_of(target_of([Span(0, 2, "地名")])) == (Span(0, 2, "地名"),)


def test_types_and_their_counts() -> None:
    targets = [target_of([ORG, PER]), target_of([PER]), ""]
    assert types_of(targets) == ("ORG", "PER")
    assert list(counts_of(targets).items()) == [("PER", 2), ("ORG", 1)]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-B", [(0, 2, "A"), (3, 4, "B")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("I-A I-A O", [(0, 2, "A")]),  # IOB1: an I begins what no B has begun
        ("I-A B-A I-A", [(0, 1, "A"), (1, 3, "A")]),
        ("I-A I-B", [(0, 1, "A"), (1, 2, "B")]),
        ("B-A I-A E-A S-B", [(0, 3, "A"), (3, 4, "B")]),  # BIOES
        ("B-A E-A I-A", [(0, 2, "A"), (2, 3, "A")]),
        ("U-A B-B I-B L-B", [(0, 1, "A"), (1, 4, "B")]),  # BILOU
        ("B_A I_A", [(0, 2, "A")]),
        ("B-PER.NAM I-PER.NAM", [(0, 2, "PER.NAM")]),
        ("B-A-B I-A-B O", [(0, 2, "A-B")]),
        ("O O", []),
    ],
)
def test_tags_of_every_scheme(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert spans_of_tags(tags.split()) == spans


def test_tags_that_jump_are_counted() -> None:
    assert jumps("B-A I-A O I-A B-B I-A".split()) == 2
    assert jumps("B-A E-A S-A O".split()) == 0


def test_marked_tags_are_those_of_seqeval() -> None:
    """Its default mode is the evaluation of CoNLL-2000."""
    from seqeval.metrics.sequence_labeling import get_entities

    for tags in ("B-A I-A O I-A B-B I-A E-A S-A I-B", "I-A O B-A B-A I-B I-B", "S-A I-A E-A I-A B-A"):
        expected = [(start, end + 1, name) for name, start, end in get_entities(tags.split())]
        assert [tuple(span) for span in spans_of_tags(tags.split())] == expected
