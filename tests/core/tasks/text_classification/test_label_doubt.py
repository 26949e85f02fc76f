"""When labels are to be doubted: contradictory copies, and sure answers that the labels contradict."""

from __future__ import annotations

import numpy as np

from core.tasks.text_classification.label_doubt import (
    Contradictions,
    LabelledAnswers,
    contradictions_found,
    surely_contradicted,
)


def test_contradictions_within_the_batch_and_against_earlier_labels() -> None:
    keys = ["a", "a", "b", "b", "c", "d", "e"]
    labels = ["x", "y", "x", "x", "y", "x", "x"]
    contradictions = contradictions_found(keys, labels, {"c": {"x"}, "d": {"x", "y"}})
    # a contradicts itself, b does not, c was x before, d was both, e occurs once
    assert contradictions == Contradictions(repeated=4, contradictory=2, rows=7)


def test_a_label_below_the_earlier_one_contradicts_nothing() -> None:
    earlier = {"a": {"Food"}, "b": {"Food > Pizza"}, "c": {"Food > Pizza"}}
    found = contradictions_found(["a", "b", "c"], ["Food > Pizza", "Food", "Food > Sushi"], earlier)
    assert (found.repeated, found.contradictory) == (3, 1)
    within = contradictions_found(["a", "a", "b", "b"], ["Food", "Food > Pizza", "Food > Sushi", "Food > Pizza"], {})
    assert (within.repeated, within.contradictory) == (2, 1)


def test_a_few_contradictions_are_ordinary() -> None:
    assert not Contradictions(repeated=4, contradictory=4, rows=40).noticeable  # too few to say
    assert not Contradictions(
        repeated=100, contradictory=12, rows=400
    ).noticeable  # 10 % is tolerated, 12 may be chance
    assert not Contradictions(repeated=6, contradictory=6, rows=5000).noticeable  # a thousandth of the batch
    assert Contradictions(repeated=100, contradictory=25, rows=400).noticeable
    assert Contradictions(repeated=6, contradictory=6, rows=400).noticeable


def answers(rows: int, wrong: float, *, seed: int = 0, of: str | None = None, labels: str = "ab") -> LabelledAnswers:
    """Answers to rows of some labels, of which a share (of one label's, or of all) is wrong; confidences are uniform."""
    generator = np.random.default_rng(seed)
    truth = np.array([labels[row % len(labels)] for row in range(rows)], dtype=object)
    other = np.array([labels[(row + 1) % len(labels)] for row in range(rows)], dtype=object)
    turned = (generator.random(rows) < wrong) & (np.ones(rows, dtype=bool) if of is None else truth == of)
    return LabelledAnswers(truth, np.where(turned, other, truth), generator.uniform(0.5, 1.0, rows))


def test_ordinary_errors_give_no_reason_to_doubt() -> None:
    assert surely_contradicted(answers(300, 0.1), answers(300, 0.2, seed=1)) is None


def test_labels_at_random_are_doubted_as_a_whole() -> None:
    held_out, batch = answers(300, 0.05), answers(300, 0.5, seed=1)
    doubt = surely_contradicted(held_out, batch)
    assert doubt is not None
    assert doubt.label is None
    assert doubt.by_chance
    assert 0.4 < doubt.after < 0.6
    assert doubt.before < 0.1
    assert all(batch.labels[row] != batch.predicted[row] for row in doubt.rows)
    sure = batch.confidence[list(doubt.rows)]
    assert (np.diff(sure) <= 0).all()
    assert sure.min() >= np.median(held_out.confidence)


def test_one_wrong_label_is_named() -> None:
    doubt = surely_contradicted(answers(400, 0.05, labels="abcd"), answers(400, 0.6, seed=1, of="b", labels="abcd"))
    assert doubt is not None
    assert doubt.label == "b"
    assert not doubt.by_chance


def test_few_rows_are_not_enough_to_doubt() -> None:
    assert surely_contradicted(answers(300, 0.05), answers(30, 0.5, seed=1)) is None
    assert surely_contradicted(answers(300, 0.05), answers(0, 0.5)) is None
    assert surely_contradicted(answers(0, 0.05), answers(300, 0.5)) is None


def test_a_batch_of_one_label_agrees_by_more_than_chance() -> None:
    # Chance cannot be told where every row has the same label, so that alone is no sign of it.
    doubt = surely_contradicted(answers(300, 0.05), LabelledAnswers(*answers_of_one_label()))
    assert doubt is not None
    assert doubt.label == "a"
    assert not doubt.by_chance


def answers_of_one_label() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    predicted = np.array(["b", "a"] * 50, dtype=object)
    return np.array(["a"] * 100, dtype=object), predicted, np.full(100, 0.99)


def test_the_same_doubt_for_a_timid_classifier() -> None:
    bold_before, bold_after = answers(300, 0.05), answers(300, 0.5, seed=1)
    timid = [LabelledAnswers(bold.labels, bold.predicted, bold.confidence / 2) for bold in (bold_before, bold_after)]
    assert surely_contradicted(*timid) == surely_contradicted(bold_before, bold_after)
