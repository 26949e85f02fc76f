from __future__ import annotations

import numpy as np
import pytest

from core.tasks.language_modelling.ngrams import KneserNey, best_ngrams


def probability(model: KneserNey, history: list[int], token: int) -> float:
    place = len(history)
    return float(model.probabilities([*history, token] if token else history)[place])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_probabilities_after_any_history_sum_to_one(order: int) -> None:
    generator = np.random.default_rng(0)
    texts = [generator.integers(1, 6, generator.integers(1, 8)).tolist() for _ in range(20)]
    model = KneserNey(texts, 6, order)
    for history in ([], [1], [2, 3], [5, 5, 4]):
        assert sum(probability(model, history, token) for token in range(6)) == pytest.approx(1.0)


def test_single_tokens_by_hand() -> None:
    # Texts 2 2 | and 3 |: tokens 2, 2, end, 3, end. Once: 3; twice: 2 and end; D = 1 / (1 + 2 · 2) = 0.2.
    model = KneserNey([[2, 2], [3]], 4, 1)
    rest = 0.2 * 3 / 5 / 4  # three different tokens give up 0.2 each, shared by all four
    assert probability(model, [], 2) == pytest.approx((2 - 0.2) / 5 + rest)
    assert probability(model, [], 3) == pytest.approx((1 - 0.2) / 5 + rest)
    assert probability(model, [], 1) == pytest.approx(rest)
    assert model.loss([[3]]) == pytest.approx(-np.log(0.8 / 5 + rest) - np.log(1.8 / 5 + rest))


def test_pairs_by_hand() -> None:
    # Pairs in 2 3 | 2 3 | 2 |: (end 2) 3 times, (2 3) twice, (3 end) twice, (2 end) once; D = 1 / (1 + 2 · 2) = 0.2.
    # Different tokens before 2: 1, before 3: 1, before the end: 2; of these D = 2 / (2 + 2 · 1) = 0.5.
    model = KneserNey([[2, 3], [2, 3], [2]], 4, 2)
    after_anything = (1 - 0.5) / 4 + 0.5 * 3 / 4 / 4
    assert probability(model, [2], 3) == pytest.approx((2 - 0.2) / 3 + 0.2 * 2 / 3 * after_anything)


def test_the_order_is_chosen_on_validation_texts() -> None:
    alternating = [[2, 3] * 4] * 10
    assert best_ngrams(alternating, alternating, 4).order > 1
    generator = np.random.default_rng(1)
    noise = [generator.integers(1, 30, 6).tolist() for _ in range(30)]
    assert best_ngrams(noise[:15], noise[15:], 30).order == 1
