"""Behavioural tests: failures counted by hand on a classifier that is easy to see through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.tasks.text_classification.behaviour import make_tests, run_tests, sides_of
from core.tasks.text_classification.behaviour.cases import MOST_CASES


class Counting:
    """Positive where there are more good words than bad ones; blind to capitals, negation and what is misspelt."""

    labels = ["negative", "positive"]

    def compute(self, texts: Sequence[str]) -> np.ndarray:
        good = ("good", "great", "excellent", "wonderful")
        bad = ("bad", "terrible", "awful", "horrible")
        scores = [sum(word in text for word in good) - sum(word in text for word in bad) for text in texts]
        share = 1 / (1 + np.exp(-np.array(scores, dtype=float)))
        return np.stack([1 - share, share], axis=1)


TEXTS = ["an excellent day.", "a terrible day.", "the good people of London", "", "  ", "nothing at all"]


def test_negation_is_failed_by_counting_words() -> None:
    results = {result.capability: result for result in run_tests(Counting(), TEXTS)}
    # six things: three sentences each with "good" or "great" that mean bad, one with "bad" that means good
    assert (results["negation"].cases, results["negation"].failures) == (24, 24)
    assert results["negation"].rate.value == 1
    assert results["negation"].kind == "minimum"


def test_plain_words_and_intensifiers_are_passed() -> None:
    results = {result.capability: result for result in run_tests(Counting(), TEXTS)}
    assert (results["vocabulary"].cases, results["vocabulary"].failures) == (48, 0)
    assert results["intensifiers"].failures == 0


def test_capitals_change_the_answer_of_one_text_in_four() -> None:
    results = {result.capability: result for result in run_tests(Counting(), TEXTS)}
    case = results["case"]
    assert case.cases == 4
    # "London" text only becomes small; "an excellent day." and "nothing at all" turn large: positive is lost once, and
    # "a terrible day." goes from negative to even, where the first label stays
    assert case.failures == 1
    (failed,) = [example for example in case.examples if example.failed]
    assert failed.text == "an excellent day."
    assert (failed.before[0], failed.after[0]) == ("positive", "negative")


def test_a_name_becomes_another_one() -> None:
    (test,) = [test for test in make_tests(TEXTS, sentiment=False) if test.capability == "names"]
    assert test.cases[0].text == "the good people of London"
    assert test.cases[0].changed is not None
    assert "London" not in test.cases[0].changed


def test_chinese_is_tested_in_chinese() -> None:
    tests = {test.capability: test for test in make_tests(["味道很好,推荐!", "送餐太慢了，100分钟"], sentiment=True)}
    assert [case.changed for case in tests["width"].cases] == ["味道很好，推荐！", "送餐太慢了，１００分钟"]
    assert any("一点也不好" in case.text for case in tests["negation"].cases)
    assert not any("not good" in case.text for case in tests["negation"].cases)
    assert "typos" not in tests


def test_labels_that_are_no_sentiment_have_no_templates() -> None:
    assert sides_of(["sports", "politics"]) is None
    assert sides_of(["positive", "good", "negative"]) is None
    capabilities = {test.capability for test in make_tests(["a longer sentence here"], sentiment=False)}
    assert capabilities == {"typos", "case", "punctuation"}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(["Negative", "POSITIVE"], (1, 0)), (["差评", "好评"], (1, 0)), (["pos", "neutral", "neg"], (0, 2))],
)
def test_sides_are_told_by_their_names(labels: list[str], expected: tuple[int, int]) -> None:
    sides = sides_of(labels)
    assert sides is not None
    assert (sides.good, sides.bad) == expected


def test_without_texts_only_templates_are_left() -> None:
    assert {result.kind for result in run_tests(Counting(), ["", " "])} == {"direction", "minimum"}


def test_many_texts_make_a_hundred_cases_and_the_same_ones_again() -> None:
    texts = [f"sentence number {number} about something" for number in range(1000)]
    first, second = make_tests(texts, sentiment=False), make_tests(texts, sentiment=False)
    assert first == second
    assert {len(test.cases) for test in first} == {MOST_CASES}
