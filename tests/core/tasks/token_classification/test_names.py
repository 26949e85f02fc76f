"""What outputs of a model of entities stand for, targets with some types only, and answers told by them."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.spans.targets import NO_SPANS, Span, target_of
from core.tasks import TASKS

TASK, LABELS = TASKS["token_classification"], TASKS["text_classification"]
OUTPUTS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
PER, LOC = Span(0, 2, "PER"), Span(3, 5, "LOC")


def test_outputs_stand_for_types_and_of_labels_for_themselves() -> None:
    assert TASK.named(OUTPUTS) == ("PER", "LOC")
    assert LABELS.named(("b", "a")) == ("b", "a")


def test_only_what_is_looked_for_stays_marked() -> None:
    targets = [target_of([PER, LOC]), target_of([LOC]), NO_SPANS]
    assert TASK.marked(targets, ["PER"]) == [target_of([PER]), NO_SPANS, NO_SPANS]
    assert LABELS.marked(["a", "b"], ["a"]) == ["a", "b"]


def test_statistics_have_the_columns_of_the_outputs_whatever_was_answered() -> None:
    truth = [target_of([PER]), target_of([LOC])]
    assert TASK.counted(truth, [NO_SPANS, NO_SPANS], OUTPUTS).shape == (2, 3 * 2 + 2)
    assert TASK.counted(truth, truth, OUTPUTS).sum(axis=0).tolist() == [1, 1, 1, 1, 1, 1, 2, 2]
    assert LABELS.counted(["a", "b"], ["a", "a"], ("a", "b", "c")).shape == (2, 9)


def test_scores_of_answers_by_hand() -> None:
    truth, answers = [target_of([PER, LOC]), target_of([PER])], [target_of([PER]), NO_SPANS]
    # PER: 1 of 2 found, 1 marked, F1 2/3; LOC: 0 of 1 found, F1 0. Together 1 of 3 found, 1 marked: 2/4.
    assert TASK.scored(truth, answers, OUTPUTS) == pytest.approx({"micro_f1": 0.5, "macro_f1": 1 / 3})
    # a: 1 of 2 rows right and nothing else taken for it, F1 2/3; b: its row right, one more taken for it, F1 2/3.
    assert LABELS.scored(["a", "a", "b"], ["a", "b", "b"], ("a", "b")) == pytest.approx(
        {"accuracy": 2 / 3, "macro_f1": 2 / 3}
    )


def test_labels_that_were_found() -> None:
    names, support, hits = LABELS.found(["b", "a", "b"], np.array([[True, False, True], [False, False, True]]))
    assert names == ("a", "b")
    assert support.tolist() == [1, 2]
    assert hits.tolist() == [[0, 2], [0, 1]]
