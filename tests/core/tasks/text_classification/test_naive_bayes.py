from __future__ import annotations

import numpy as np
import pytest

from core.tasks.text_classification.naive_bayes import NaiveBayes

GOOD = ["a good phone", "good, not expensive", "really good value", "good battery"]
BAD = ["a bad phone", "bad, not cheap", "really bad value", "bad battery"]


def fitted(texts: list[str], labels: list[int], classes: int = 2) -> NaiveBayes:
    return NaiveBayes.empty().grown(texts, labels, classes)


def test_it_learns_words_whatever_their_case() -> None:
    model = fitted(GOOD + BAD, [1] * 4 + [0] * 4)
    assert model.predict(["GOOD camera", "bad camera"]).tolist() == [1, 0]


def test_it_learns_characters_of_a_script_without_spaces_and_pairs_of_them() -> None:
    texts = ["味道很好吃", "真的好吃", "好吃不贵", "味道很难吃", "真的难吃", "难吃又贵"]
    assert fitted(texts, [1, 1, 1, 0, 0, 0]).predict(["面条好吃", "面条难吃"]).tolist() == [1, 0]


def test_pairs_tell_what_single_words_do_not() -> None:
    texts = ["not bad good", "good not bad", "not good bad", "bad not good"]
    assert fitted(texts, [1, 1, 0, 0]).predict(["not bad", "not good"]).tolist() == [1, 0]


def test_batches_in_any_order_give_what_all_rows_together_give() -> None:
    texts, labels = GOOD + BAD + ["where is it", "where"], [1] * 4 + [0] * 4 + [2] * 2
    questions = [*texts, "where is the phone", "value", "battery", ""]
    whole = fitted(texts, labels, 3)
    order = [9, 0, 4, 8, 1, 5, 2, 6, 3, 7]
    grown = NaiveBayes.empty()
    for rows in (order[:4], order[4:7], order[7:]):
        grown = grown.grown([texts[row] for row in rows], [labels[row] for row in rows], 3)
    assert grown.rows.tolist() == whole.rows.tolist() == [4, 4, 2]
    np.testing.assert_allclose(grown.sums.toarray(), whole.sums.toarray(), atol=1e-6)
    assert grown.predict(questions).tolist() == whole.predict(questions).tolist()


def test_a_batch_brings_new_labels_and_the_earlier_stay_as_they_were() -> None:
    before = fitted(GOOD + BAD, [1] * 4 + [0] * 4)
    sums = before.sums.toarray()
    after = before.grown(["where is it", "where, when"], [2, 2], 3)
    assert after.predict(["where", "good", "bad"]).tolist() == [2, 1, 0]
    assert np.array_equal(before.sums.toarray(), sums)
    assert before.rows.tolist() == [4, 4]


def test_a_label_without_training_rows_is_no_answer() -> None:
    model = fitted(GOOD + BAD, [3] * 4 + [1] * 4, 4)
    assert set(model.predict(["good", "bad", "", "never seen"]).tolist()) <= {1, 3}


@pytest.mark.parametrize("text", ["", " ", "…!"])
def test_a_text_without_words_gets_the_most_frequent_label(text: str) -> None:
    assert fitted([*GOOD, "bad"], [0] * 4 + [1]).predict([text]).tolist() == [0]


def test_a_single_label_is_always_the_answer_and_no_question_has_none() -> None:
    model = fitted(GOOD, [1] * 4)
    assert model.predict(["bad", "good"]).tolist() == [1, 1]
    assert model.predict([]).tolist() == []


def test_arrays_give_back_the_same() -> None:
    model = fitted(GOOD + BAD, [1] * 4 + [0] * 4)
    again = NaiveBayes.from_arrays(model.to_arrays())
    assert again is not None
    assert again.predict([*GOOD, *BAD, ""]).tolist() == model.predict([*GOOD, *BAD, ""]).tolist()
    assert NaiveBayes.from_arrays({}) is None
