"""Permutation p-values on cases small enough to count by hand, and corrections for many tests."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.additive import RATE, hit_rows
from core.statistics.permutation import Sides, benjamini_hochberg, exchanged_runs, holm, permutation_test

VALUES = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])


def sum_of_the_new(sides: Sides) -> np.ndarray:
    return sides @ VALUES


def test_the_p_value_counts_the_deals_that_do_as_well() -> None:
    # Of the 20 ways to choose three of six rows, one gives all three ones: 1 / 20.
    observed, p_value = permutation_test(sum_of_the_new, 3, 3, seed=0, rounds=4000)
    assert observed == 3
    assert p_value == pytest.approx(1 / 20, abs=0.015)


def test_a_statistic_that_never_varies_proves_nothing() -> None:
    assert permutation_test(lambda sides: np.ones(len(sides)), 5, 5, seed=0, rounds=99) == (1, 1)


def test_a_p_value_is_never_zero() -> None:
    far = np.repeat([0.0, 100.0], 50)
    assert permutation_test(lambda sides: sides @ far, 50, 50, seed=0, rounds=99)[1] == 1 / 100


def test_every_deal_keeps_the_number_of_rows_and_the_seed_decides() -> None:
    seen = []

    def remember(sides: Sides) -> np.ndarray:
        seen.append(sides.copy())
        return sides @ VALUES

    first = permutation_test(remember, 2, 4, seed=7, rounds=50)
    assert all((sides.sum(axis=1) == 4).all() for sides in seen)
    assert seen[0].tolist() == [[False, False, True, True, True, True]]
    assert permutation_test(sum_of_the_new, 2, 4, seed=7, rounds=50) == first


def test_p_values_are_small_as_often_as_promised() -> None:
    generator = np.random.default_rng(0)
    alarms = 0
    for seed in range(400):
        values = generator.normal(size=40)
        alarms += (
            permutation_test(lambda sides, values=values: np.abs(sides @ values), 15, 25, seed=seed, rounds=99)[1]
            <= 0.05
        )
    # 400 cases at 5 %: 20 on average; more than 36 or fewer than 6 come once in several thousand times.
    assert 6 <= alarms <= 36


def test_answers_that_are_exchanged_by_coins_prove_what_all_rows_say() -> None:
    right, wrong = [[hit_rows([True] * 6)]], [[hit_rows([False] * 6)]]
    # Only the two exchanges of all rows or none of 64 are as far apart: 2 / 64.
    assert exchanged_runs(wrong, right, RATE, rounds=9999) == pytest.approx(2 / 64, abs=0.01)
    assert (
        exchanged_runs(wrong, right, RATE) == exchanged_runs(right, wrong, RATE) == exchanged_runs(wrong, right, RATE)
    )
    assert exchanged_runs(right, right, RATE) == 1


def test_rows_of_several_tests_and_runs_are_exchanged_by_the_same_coins() -> None:
    right, wrong = hit_rows([True] * 6), hit_rows([False] * 6)
    one = exchanged_runs([[wrong, right]], [[right, right]], RATE)
    assert exchanged_runs([[wrong, right]] * 2, [[right, right]] * 2, RATE) == one
    assert exchanged_runs([[wrong, right]], [[right, wrong]], RATE) == 1  # better on one test, worse on the other
    assert exchanged_runs([[wrong, wrong]], [[right, right]], RATE) < one


def test_exchanges_raise_false_alarms_as_often_as_promised() -> None:
    generator = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        one, other = (hit_rows(generator.random(40) < 0.7) for _ in range(2))
        alarms += exchanged_runs([[one]], [[other]], RATE, rounds=199) <= 0.05
    assert alarms <= 18


def test_holm_worked_out_by_hand() -> None:
    # sorted .01 .02 .03 .5 times 4 3 2 1: .04 .06 .06 .5
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
    assert holm([]) == []


def test_benjamini_hochberg_worked_out_by_hand() -> None:
    # sorted .01 .02 .03 .5 times 4/1 4/2 4/3 4/4: .04 .04 .04 .5
    assert benjamini_hochberg(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.04, 0.04, 0.5, 0.04])
    assert benjamini_hochberg(np.array([0.4, 0.9])) == pytest.approx([0.8, 0.9])
    assert benjamini_hochberg(np.array([])).tolist() == []
