import numpy as np
import pytest

from core.fairness.counterfactual import counterfactual_gaps, exchanges, from_templates
from core.fairness.terms import TermGroup, axes_of, terms_for

WOMEN = TermGroup("gender", "women", ("she", "her", "her", "nun"))
MEN = TermGroup("gender", "men", ("he", "his", "him"))


def pairs(*texts: str) -> list[tuple[str, str]]:
    return [(each.first, each.second) for each in exchanges(texts, WOMEN, MEN)]


def test_words_are_exchanged_either_way_in_their_case() -> None:
    assert pairs("She left", "and HE said so") == [("She left", "He left"), ("and SHE said so", "and HE said so")]


def test_of_several_counterparts_the_first_stands_before_a_word() -> None:
    assert pairs("I saw her book", "I saw her.") == [("I saw her book", "I saw his book"), ("I saw her.", "I saw him.")]


def test_texts_that_name_both_groups_or_a_word_without_counterpart_are_passed_over() -> None:
    assert pairs("she and he", "the nun sang", "nobody") == []


def test_a_pair_does_not_stand_twice() -> None:
    assert pairs("she left", "he left", "she left") == [("she left", "he left")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_axis_of_the_built_in_lists_has_templates(language: str) -> None:
    for axis, groups in axes_of(terms_for(language)).items():
        for second in groups[1:]:
            made = from_templates(groups[0], second, language)
            assert made, axis
            assert all(each.first != each.second and "{" not in each.first for each in made)


def test_a_model_that_goes_by_one_word_is_told_with_the_word() -> None:
    def answering(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        named = np.array([text.startswith("she") for text in texts])
        return np.where(named, 0.9, 0.2), named

    texts = [f"she has number {number}" for number in range(40)] + [f"read her {number}" for number in range(5)]
    (gap,) = (each for each in counterfactual_gaps(answering, texts, [WOMEN, MEN], "en") if each.source == "texts")
    assert gap.texts == 45
    assert gap.gap.value == pytest.approx(-0.7 * 40 / 45)
    assert gap.gap.high < 0
    assert gap.flips.value == pytest.approx(40 / 45)
    assert (gap.words[0].first, gap.words[0].second) == ("she", "he")
    assert gap.words[0].gap.value == pytest.approx(-0.7)


def test_too_few_texts_give_no_figure() -> None:
    def answering(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(len(texts)), np.zeros(len(texts), dtype=bool)

    own = [each for each in counterfactual_gaps(answering, ["she left"], [WOMEN, MEN], "en") if each.source == "texts"]
    assert [(each.texts, each.gap, each.flips) for each in own] == [(1, None, None)]
