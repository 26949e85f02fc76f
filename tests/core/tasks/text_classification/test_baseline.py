import numpy as np
import pytest

from core.tasks.text_classification.baseline import fit_baseline

GOOD = ["a good phone", "good, not expensive", "really good value", "good battery"]
BAD = ["a bad phone", "bad, not cheap", "really bad value", "bad battery"]


def predict(texts, labels, questions, language, classes=("bad", "good")):
    return fit_baseline(texts, labels, classes, language=language).predict_proba(questions)


def test_it_learns_english_words():
    probabilities = predict(GOOD + BAD, [1] * 4 + [0] * 4, ["good camera", "bad camera"], "en")
    assert probabilities.argmax(axis=1).tolist() == [1, 0]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_it_learns_chinese_pairs_of_characters_without_spaces():
    texts = ["味道很好吃", "真的好吃", "好吃不贵", "味道很难吃", "真的难吃", "难吃又贵"]
    probabilities = predict(texts, [1, 1, 1, 0, 0, 0], ["面条好吃", "面条难吃"], "zh")
    assert probabilities.argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("language", ["mixed", "other"])
def test_mixed_texts_are_read_by_character_and_by_word(language):
    texts = ["这个 screen 好", "good 手机", "屏幕好", "这个 screen 差", "bad 手机", "屏幕差"]
    fitted = fit_baseline(texts, [1, 1, 1, 0, 0, 0], ["bad", "good"], language=language)
    assert {"屏 幕", "好", "screen", "good 手"} <= set(fitted.vectorizer.get_feature_names_out())
    assert fitted.predict_proba(["好", "bad"]).argmax(axis=1).tolist() == [1, 0]


def test_classes_without_training_rows_get_no_probability():
    probabilities = predict(GOOD + BAD, [3] * 4 + [1] * 4, ["good"], "en", ["new", "bad", "newer", "good"])
    assert probabilities.shape == (1, 4)
    assert probabilities[0, [0, 2]].tolist() == [0.0, 0.0]
    assert probabilities[0].argmax() == 3


def test_texts_without_any_feature_get_the_shares_of_the_classes():
    probabilities = predict(["", " ", "…"], [0, 1, 1], ["", "word"], "en")
    np.testing.assert_allclose(probabilities, [[1 / 3, 2 / 3]] * 2)


def test_two_thousand_different_texts_that_share_nothing_do_not_stop_it():
    texts = [f"word{number}" for number in range(2000)]
    probabilities = predict(texts, [0] * 500 + [1] * 1500, ["word1"], "en")
    np.testing.assert_allclose(probabilities, [[0.25, 0.75]])


def test_a_single_class_is_always_the_answer():
    assert predict(GOOD, [1] * 4, ["bad"], "en").tolist() == [[0.0, 1.0]]


def test_an_empty_question_and_no_questions_have_answers():
    fitted = fit_baseline(GOOD + BAD, [1] * 4 + [0] * 4, ["bad", "good"], language="en")
    np.testing.assert_allclose(fitted.predict_proba([""]).sum(axis=1), 1.0)
    assert fitted.predict_proba([]).shape == (0, 2)


def test_the_same_rows_give_the_same_probabilities():
    first, again = (predict(GOOD + BAD, [1] * 4 + [0] * 4, ["a good value"], "en") for _ in range(2))
    assert np.array_equal(first, again)
