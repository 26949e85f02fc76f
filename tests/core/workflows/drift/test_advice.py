"""The rules behind the one sentence, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.continual.drift.tests import DriftTest, accuracy_drop, together
from core.tasks.text_classification.label_doubt import Contradictions, Doubt
from core.workflows.drift.advice import DriftEvidence, advise

NOTHING = Contradictions(repeated=0, contradictory=0, rows=500)
MANY = Contradictions(repeated=50, contradictory=30, rows=500)
DOUBT = Doubt(None, 0.05, 0.5, False, (1, 2))


def asked(*changed: str, accuracy: tuple[int, int] = (170, 200)) -> tuple[DriftTest, ...]:
    """Six tests of which the named ones changed; the classifier gets 170 of 200 of its own tests right."""
    names = ("labels", "words", "texts", "likeness", "confidence")
    tests = [DriftTest(name, 1.0, 0.001 if name in changed else 0.5, 0.1, (300, 500)) for name in names]  # type: ignore[arg-type]
    return together([*tests, accuracy_drop((170, 200), accuracy)])


def evidence(*changed: str, accuracy: tuple[int, int] = (170, 200), **facts: Any) -> DriftEvidence:
    plain = DriftEvidence(asked(*changed, accuracy=accuracy), 500, (300, 500), False, {}, NOTHING, None)
    return replace(plain, **facts)


def advised(case: DriftEvidence) -> tuple[str, str]:
    advice = advise(case)
    return advice.kind, advice.message.key


def test_nothing_found_means_no_update() -> None:
    unchanged = evidence()
    assert advised(unchanged) == ("no_change", "drift.no_change")
    assert "85.0% of the batch right, 85.0% of its own tests" in str(advise(unchanged).message)
    assert advised(replace(unchanged, tests=unchanged.tests[:-1])) == ("no_change", "drift.no_change_unmeasured")


def test_better_answers_are_said_to_be_better() -> None:
    # Wilson: 0.794 to 0.893 and 0.910 to 0.973. Newcombe: 0.1 - |0.040, 0.043| and 0.1 + |0.023, 0.056|.
    better = evidence(accuracy=(190, 200))
    assert advised(better) == ("no_change", "drift.better")
    text = str(advise(better).message)
    assert "95.0% of the batch right, 85.0% of its own tests (10.0 points more, 4.2 to 16.0)" in text
    assert "No evidence" not in text
    assert advised(evidence(accuracy=(180, 200))) == ("no_change", "drift.no_change")  # 5 points may be chance


def test_a_change_that_costs_accuracy_asks_for_an_update() -> None:
    worse = evidence("words", "texts", accuracy=(120, 200))
    assert advised(worse) == ("update", "drift.update")
    assert "3 of 6 comparisons" in str(advise(worse).message)


def test_a_loss_of_three_points_is_enough_beside_another_change() -> None:
    assert advised(evidence("texts", accuracy=(164, 200))) == ("update", "drift.update")  # 82 %
    assert advised(evidence("texts", accuracy=(165, 200))) == ("optional", "drift.update_optional")  # 82.5 %


def test_a_change_that_costs_nothing_makes_an_update_optional() -> None:
    assert advised(evidence("texts")) == ("optional", "drift.update_optional")


def test_a_change_without_known_labels_asks_for_an_update() -> None:
    unmeasured = evidence("texts")
    assert advised(replace(unmeasured, tests=unmeasured.tests[:-1])) == ("update", "drift.update_unmeasured")


def test_worse_answers_on_texts_as_before_point_at_the_meaning_of_labels() -> None:
    assert advised(evidence(accuracy=(130, 200))) == ("update", "drift.update_meaning")


def test_doubted_labels_come_first_where_the_texts_look_as_before() -> None:
    assert advised(evidence(accuracy=(100, 200), doubt=DOUBT)) == ("labels", "drift.labels_contradict")
    named = replace(DOUBT, label="positive")
    assert advised(evidence("labels", doubt=named, new_labels={"x": 50})) == ("labels", "drift.label_contradicts")


@pytest.mark.parametrize("change", ["words", "texts", "likeness"])
def test_errors_on_new_kinds_of_texts_are_no_fault_of_the_labels(change: str) -> None:
    assert advised(evidence(change, accuracy=(100, 200), doubt=DOUBT)) == ("update", "drift.update")


def test_labels_that_agree_by_chance_are_doubted_whatever_the_texts() -> None:
    doubted = evidence("texts", accuracy=(100, 200), doubt=replace(DOUBT, by_chance=True))
    assert advised(doubted) == ("labels", "drift.labels_by_chance")


def test_contradictory_copies_are_doubted_even_with_few_rows() -> None:
    assert advised(evidence(contradictions=MANY, rows=(300, 5))) == ("labels", "drift.contradictory")


def test_new_labels_are_learned_unless_they_are_rare() -> None:
    arrived = evidence("labels", new_labels={"refund": 40, "other": 3})
    assert advised(arrived) == ("new_labels", "drift.new_labels")
    assert "refund, other (43 rows)" in str(advise(arrived).message)
    assert advised(evidence("labels", new_labels={"postive": 2})) == ("new_labels", "drift.rare_labels")


def test_too_few_rows_to_say() -> None:
    assert advised(evidence(rows=(300, 99), batch_rows=99)) == ("too_few", "drift.too_few")
    assert advised(evidence(rows=(99, 500))) == ("too_few", "drift.too_few")
    assert advised(evidence(rows=(300, 0), batch_rows=20)) == ("too_few", "drift.few_new")  # however small the batch
    assert advised(evidence(rows=(300, 99))) == ("too_few", "drift.few_new")  # most rows were seen before
    # What is found counts with 30 rows.
    assert advised(evidence("texts", rows=(300, 60), batch_rows=60))[0] == "optional"
    assert advised(evidence("texts", rows=(300, 29), batch_rows=29))[0] == "too_few"


def test_corrections_say_nothing_about_drift() -> None:
    corrected = evidence("texts", picked=True, contradictions=MANY, doubt=DOUBT, new_labels={"x": 50})
    assert advised(corrected) == ("corrections", "drift.corrections")


def test_advice_can_be_stored() -> None:
    stored = advise(evidence()).to_dict()
    assert stored["kind"] == "no_change"
    assert stored["message"]["key"] == "drift.no_change"
