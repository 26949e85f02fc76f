"""Weights of two models, and what a blend is worth on rows that its weights were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from core.tasks.text_classification.blend import DOUBT, fit_weights, logarithms, pooled, try_blend


def stated(right: np.ndarray, sure: float) -> np.ndarray:
    """Probabilities of two classes where the truth is always class 0."""
    first = np.where(right, sure, 1 - sure)
    return np.stack([first, 1 - first], axis=1)


def test_equal_models_have_equal_weights() -> None:
    answers = logarithms(stated(np.array([True, True, False]), 0.8))
    first, second = fit_weights([0, 0, 0], [answers, answers])
    assert first == pytest.approx(second)


def test_the_weights_are_where_likelihood_and_doubt_are_in_balance() -> None:
    """One row of two classes, logits (1, 0) and (0, 1), truth 0: the margin is a − b, and with p its probability the slopes are
    p − 1 + 4 · DOUBT · (2a − 1) = 0 and 1 − p + 4 · DOUBT · (2b − 1) = 0. So a + b = 1, and a = 0.5296 where p = 1 − 8 (2a − 1).
    """
    first, second = fit_weights([0], [[[1.0, 0.0]], [[0.0, 1.0]]])
    probability = 1 / (1 + np.exp(second - first))
    assert probability - 1 + 4 * DOUBT * (2 * first - 1) == pytest.approx(0, abs=1e-4)
    assert first + second == pytest.approx(1, abs=1e-4)
    assert first == pytest.approx(0.5296, abs=1e-3)


def test_few_rows_hardly_move_weights_and_many_do() -> None:
    ratio = []
    for rows in (1, 1000):
        right = np.arange(rows) % 10 != 9
        first, second = fit_weights(np.zeros(rows, int), [logarithms(stated(own, 0.9)) for own in (right, ~right)])
        ratio.append(second / first)
    assert ratio[0] > 0.6
    assert ratio[1] < 0.1


def test_weights_are_never_below_zero() -> None:
    right = np.ones(500, dtype=bool)
    assert fit_weights(np.zeros(500, int), [logarithms(stated(own, 0.9)) for own in (right, ~right)]).min() >= 0


def test_a_pool_adds_logits() -> None:
    together = pooled([[[np.log(4.0), 0.0]], [[0.0, np.log(2.0)]]], [0.5, 1.0])  # margin log 2 − log 2
    assert together == pytest.approx(np.array([[0.5, 0.5]]))


def test_models_that_err_on_different_rows_are_better_as_one_beyond_chance() -> None:
    rows = np.arange(200)
    first, second = stated(rows % 5 != 0, 0.9), stated(rows % 5 != 1, 0.8)
    trial = try_blend(np.zeros(200, int), first, second)
    assert trial.gain.low > 0
    alone = -(0.8 * np.log(0.9) + 0.2 * np.log(0.1))
    assert trial.gain.value == pytest.approx(alone - trial.surprise)
    assert trial.probabilities.sum(axis=1) == pytest.approx(np.ones(200))


def test_noise_is_not_worth_a_blend() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(2, size=300)
    good = np.where(generator.random(300) < 0.9, truth, 1 - truth)
    first = np.eye(2)[good] * 0.8 + 0.1
    noise = generator.random(300)
    trial = try_blend(truth, first, np.stack([noise, 1 - noise], axis=1))
    assert trial.gain.low <= 0


def test_a_single_row_proves_nothing() -> None:
    right = np.array([True])
    assert try_blend([0], stated(right, 0.6), stated(right, 0.9)).gain.low == -np.inf
