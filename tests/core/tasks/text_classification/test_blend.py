"""Shares of two models, and what a blend is worth on rows that its shares were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from core.tasks.text_classification.blend import fit_shares, mixed, try_blend


def stated(right: np.ndarray, sure: float) -> np.ndarray:
    """Probabilities of two classes where the truth is always class 0."""
    first = np.where(right, sure, 1 - sure)
    return np.stack([first, 1 - first], axis=1)


def test_equal_models_keep_the_shares_they_had() -> None:
    answers = stated(np.array([True, True, False]), 0.8)
    assert fit_shares([0, 0, 0], [answers, answers]) == pytest.approx([0.5, 0.5], abs=1e-3)
    assert fit_shares([0, 0, 0], [answers, answers], (0.8, 0.2)) == pytest.approx([0.8, 0.2], abs=1e-3)


def test_the_share_is_where_the_likelihood_with_its_four_rows_is_highest() -> None:
    """One row, p = .9 and .1: the derivative .8 / (.1 + .8 s) + 2 / s − 2 / (1 − s) is zero at s = 0.5854."""
    first, second = fit_shares([0], [stated(np.array([True]), 0.9), stated(np.array([False]), 0.9)])
    assert 0.8 / (0.1 + 0.8 * first) + 2 / first - 2 / (1 - first) == pytest.approx(0, abs=1e-2)
    assert first == pytest.approx(0.5854, abs=1e-3)
    assert first + second == pytest.approx(1)


def test_one_right_row_does_not_give_all_to_one_and_many_do() -> None:
    for rows, share in ((1, (0.5, 0.7)), (1000, (0.98, 1.0))):
        right = np.ones(rows, dtype=bool)
        first, _ = fit_shares(np.zeros(rows, int), [stated(right, 0.9), stated(~right, 0.9)])
        assert share[0] < first <= share[1]


def test_a_mixture_is_the_weighted_mean() -> None:
    assert mixed([[[1.0, 0.0]], [[0.0, 1.0]]], [0.25, 0.75]).tolist() == [[0.25, 0.75]]


def test_models_that_err_on_different_rows_are_better_as_one_beyond_chance() -> None:
    rows = np.arange(200)
    first, second = stated(rows % 5 != 0, 0.9), stated(rows % 5 != 1, 0.9)
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
