"""Entities that a learned text had, and those that none had."""

from __future__ import annotations

from core.data.spans.targets import Span, target_of
from core.tasks import TASKS
from core.tasks.token_classification.familiarity import familiar, surfaces

TASK = TASKS["token_classification"]


def test_an_entity_is_known_as_it_is_written_and_by_its_type() -> None:
    learned = surfaces(["Paris calls", "Li calls"], [target_of([Span(0, 5, "LOC")]), target_of([Span(0, 2, "PER")])])
    assert learned == {("paris", "LOC"), ("li", "PER")}
    texts = ["PARIS and Rome", "Paris Li"]
    truth = [
        target_of([Span(0, 5, "LOC"), Span(10, 14, "LOC")]),
        target_of([Span(0, 5, "PER"), Span(6, 8, "PER")]),
    ]
    answers = [truth[0], target_of([Span(6, 8, "PER")])]
    rates = familiar(texts, truth, answers, learned)
    assert {name: (share.value, count) for name, (share, count) in rates.items()} == {
        "seen": (1.0, 2),  # PARIS as a place, Li as a person
        "unseen": (0.5, 2),  # Rome is found; Paris as a person is not
    }


def test_a_report_tells_of_it_as_plain_values() -> None:
    target = target_of([Span(0, 5, "LOC")])
    told = TASK.further(["Paris"], [target], [target], lambda: (["Oslo"], [target_of([Span(0, 4, "LOC")])]))
    assert told is not None
    assert told["seen"][1] == 0
    assert told["unseen"][0]["value"] == 1.0
