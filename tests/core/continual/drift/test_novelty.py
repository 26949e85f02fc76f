"""How unlike learned texts a text is: by its spelling, and by what an encoder says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from core.continual.drift.novelty import Neighbours, Spelling, Usual, lengths_of, shrunk_covariance

WORDS = 8  # where the features of words begin: after four kinds of runs of letters, two features each


def test_rarity_of_words_is_counted_in_texts() -> None:
    counted = Spelling.of(["ab ab", "AB", "ac"])
    known, unknown, both = counted.features(["ab", "zz", "ab zz"])
    assert known[WORDS : WORDS + 2] == pytest.approx([math.log(4 / 2.5), 0])  # two of three texts hold it
    assert unknown[WORDS : WORDS + 2] == pytest.approx([math.log(4 / 0.5), 1])
    assert both[WORDS : WORDS + 2] == pytest.approx([(math.log(4 / 2.5) + math.log(8)) / 2, math.sqrt(0.5)])
    assert np.isnan(known[WORDS + 2 :]).all()  # a single word makes no pair


def test_a_text_without_any_letter_has_a_distance_too() -> None:
    texts = [f"the lamp number {row} is {'great' if row % 3 else 'awful'}" for row in range(200)]
    counted = Spelling.of(texts[:100])
    usual = Usual.of(counted.features(texts[100:]), lengths_of(texts[100:]))
    strange = ["", "  ", "a", "!", "\ud800", "x" * 5000]
    assert np.isfinite(usual.distances(counted.features(strange), lengths_of(strange))).all()


@pytest.mark.parametrize(
    "texts", [["the same"] * 100, [f"w{row}" for row in range(100)], ["a", "b"] * 50, [" "] * 100, ["x" * 700] * 100]
)
def test_tables_whose_texts_are_all_alike_or_single_words_have_distances(texts: list[str]) -> None:
    counted = Spelling.of(texts[:50])
    usual = Usual.of(counted.features(texts[50:]), lengths_of(texts[50:]))
    strange = [*texts[:3], "quite another text", "完全不同"]
    distances = usual.distances(counted.features(strange), lengths_of(strange))
    assert np.isfinite(distances).all()
    assert distances[3:].min() >= distances[:3].max()


def test_rarer_is_novel_and_more_usual_is_not() -> None:
    generator = np.random.default_rng(0)
    usual = Usual.of(generator.normal(size=(500, 4)), np.full(500, 30.0))
    rarer, same, more_usual = usual.distances(np.array([[6.0] * 4, [0.0] * 4, [-6.0] * 4]), np.full(3, 30.0))
    assert rarer > 50
    assert same < 1
    assert more_usual == 0


def test_other_languages_and_noise_lie_farther_than_usual_texts() -> None:
    things, words = ("kettle", "phone", "lamp", "shoe", "book"), ("great", "awful", "broken", "lovely")
    generator = np.random.default_rng(1)
    texts = [f"the {generator.choice(things)} I bought is {generator.choice(words)} {row}" for row in range(400)]
    counted = Spelling.of(texts[:150])
    usual = Usual.of(counted.features(texts[150:300]), lengths_of(texts[150:300]))
    known = usual.distances(counted.features(texts[300:]), lengths_of(texts[300:]))
    strange = ["快递很快，东西很好吃", "xq zvv kkw qqq jjx", "der Kessel, den ich kaufte, ist kaputt"]
    assert usual.distances(counted.features(strange), lengths_of(strange)).min() > np.quantile(known, 0.99)


def test_the_covariance_is_drawn_in_as_scikit_learn_has_it() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(40, 12)) @ generator.normal(size=(12, 12))
    assert shrunk_covariance(values) == pytest.approx(ledoit_wolf(values)[0])
    assert shrunk_covariance(np.zeros((5, 2))).tolist() == [[1, 0], [0, 1]]


def test_the_nearest_learned_texts_count() -> None:
    near = Neighbours.of(np.array([[2.0, 0.0], [0.0, 5.0]]))
    # Cosines of (1, 0) are 1 and 0, of (-1, 0) they are -1 and 0; with two learned texts both are near.
    assert near.distances(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx([0.5, 1.5])
    many = Neighbours.of(np.array([[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 50))
    assert many.distances(np.array([[1.0, 0.0]])) == pytest.approx([0.0], abs=1e-3)
