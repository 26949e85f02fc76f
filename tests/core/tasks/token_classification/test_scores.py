"""Scores of marked entities: those of seqeval, and what else is told."""

from __future__ import annotations

import numpy as np
import pytest
from seqeval.metrics import f1_score

from core.data.spans.targets import Span, spans_of_tags, target_of
from core.tasks import TASKS
from core.tasks.token_classification.baseline import CrfSuite, Dictionary
from core.tasks.token_classification.report import EntityReport

TASK = TASKS["token_classification"]
TAGS = ("O", "B-A", "I-A", "B-B", "I-B")
OUTPUTS = ("O", "B-A", "I-A", "B-B", "I-B")


def drawn(rows: int, seed: int) -> list[list[str]]:
    generator = np.random.default_rng(seed)
    return [generator.choice(TAGS, 12, p=(0.5, 0.15, 0.1, 0.15, 0.1)).tolist() for _ in range(rows)]


def test_micro_and_macro_f1_are_those_of_seqeval() -> None:
    truth, answers = drawn(60, 0), drawn(60, 1)
    answers = [a if row % 3 else t for row, (t, a) in enumerate(zip(truth, answers, strict=True))]
    targets, given = ([target_of(spans_of_tags(tags)) for tags in side] for side in (truth, answers))
    report = TASK.report(targets, given, OUTPUTS)
    assert report.scores["micro_f1"].value == pytest.approx(f1_score(truth, answers))
    assert report.scores["macro_f1"].value == pytest.approx(f1_score(truth, answers, average="macro"))
    for average in ("micro_f1", "macro_f1"):
        own = report.scores[average]
        assert own.low < own.value < own.high


def test_a_test_without_a_mistake_is_not_known_without_doubt() -> None:
    targets = [target_of([Span(0, 2, "A")])] * 24
    perfect, nothing = (TASK.report(targets, given, OUTPUTS).scores["micro_f1"] for given in (targets, ["[]"] * 24))
    assert perfect.value == perfect.high == 1.0
    assert 0.9 < perfect.low < 0.95  # Wilson's of 24 of 24 is 0.862, as a rate of which F1 is 2 J / (1 + J)
    assert nothing.value == nothing.low == 0.0
    assert 0.1 < nothing.high < 0.3


def test_a_report_tells_types_confusions_lengths_and_comes_back_from_json() -> None:
    truth = [target_of([Span(0, 2, "A"), Span(5, 9, "B")]), target_of([Span(0, 3, "B")]), "[]"]
    given = [target_of([Span(0, 2, "A"), Span(6, 9, "B")]), target_of([Span(0, 3, "A")]), target_of([Span(1, 2, "A")])]
    report = TASK.report(truth, given, OUTPUTS)
    assert report.per_type["A"].support == 1
    assert report.per_type["A"].precision.value == pytest.approx(1 / 3)
    assert report.per_type["B"].recall.value == 0
    assert {(true, answer): count for true, answer, count in report.confused} == {
        ("A", "A"): 1,
        ("B", "B"): 1,  # it shares characters, and is no hit
        ("B", "A"): 1,
        ("", "A"): 1,
    }
    assert report.partial.value == pytest.approx(2 / 3)
    assert [(length, count) for length, _, count in report.by_length] == [(2, 2), (4, 1)]
    assert report.too_few
    assert EntityReport.from_dict(report.to_dict()).to_dict() == report.to_dict()


def test_types_that_a_test_has_none_of_are_not_judged() -> None:
    truth = [target_of([Span(0, 2, "A")]), "[]"]
    answers = [target_of([Span(0, 2, "A"), Span(3, 5, "B")]), target_of([Span(0, 1, "A")])]
    assert TASK.judged(answers, truth) == [target_of([Span(0, 2, "A")]), target_of([Span(0, 1, "A")])]


def test_the_gate_looks_at_each_type() -> None:
    truth = [target_of([Span(0, 2, "A"), Span(3, 4, "B")])] * 30
    before, after = truth, [target_of([Span(0, 2, "A")])] * 30
    pairs, score = TASK.changes(truth, before, after)
    assert pairs.strata == ("A", "B")
    recalls = [[float(score.of(answer)) for answer in pairs.rows.within(number).sums()] for number in (0, 1)]
    assert recalls == [[1, 1], [1, 0]]
    support, hits = TASK.found(truth, np.stack([TASK.worth(truth, before), TASK.worth(truth, after)]))[1:]
    assert support.tolist() == [30, 30]
    assert hits.tolist() == [[30, 30], [30, 0]]


def test_new_types_stand_behind_the_known_ones() -> None:
    first = TASK.outputs([target_of([Span(0, 1, "PER")])])
    assert first == ("O", "B-PER", "I-PER")
    assert TASK.outputs([target_of([Span(0, 1, "LOC"), Span(2, 3, "PER")])], first) == (*first, "B-LOC", "I-LOC")


def test_the_simple_methods_learn_what_was_marked() -> None:
    texts = [f"{name} went to {place} today" for name in ("Anna", "Tim", "Max") for place in ("Rome", "Paris", "Oslo")]
    targets = [
        target_of([Span(0, text.index(" "), "PER"), Span(text.index(" to ") + 4, text.index(" today"), "LOC")])
        for text in texts
    ]
    asked = "Tim went to Oslo today"
    wanted = target_of([Span(0, 3, "PER"), Span(12, 16, "LOC")])
    assert CrfSuite(texts, targets).answer([asked, ""]) == [wanted, "[]"]
    assert Dictionary(texts, targets).answer([asked, "去Rome玩"]) == [wanted, target_of([Span(1, 5, "LOC")])]


@pytest.mark.parametrize("score", ["micro_f1", "macro_f1"])
def test_few_texts_that_are_all_right_may_still_differ_by_chance(score: str) -> None:
    one, two = target_of([Span(0, 2, "A"), Span(3, 4, "B")]), target_of([Span(0, 2, "A")])
    few = TASK.difference(score, [one, two] * 5, [one, two] * 5, [one, two] * 5)
    assert few.value == 0
    assert few.low < -0.02
    assert few.high > 0.02
    many = TASK.difference(score, [one, two] * 1000, [one, two] * 1000, [one, two] * 1000)
    assert -0.004 < many.low < 0 < many.high < 0.004
    gained = TASK.difference(score, [two] * 10, [*[two] * 9, "[]"], [two] * 10)
    assert gained.low < 0 < gained.value < gained.high  # of ten, one more may be chance
    sure = TASK.difference(score, [two] * 200, ["[]"] * 200, [two] * 200)
    assert (sure.value, sure.high) == (1, 1)
    assert 0.95 < sure.low < 1
    assert (
        TASK.difference(score, ["[]"] * 9, ["[]"] * 9, ["[]"] * 9).value == 0
    )  # without an entity nothing can be added
