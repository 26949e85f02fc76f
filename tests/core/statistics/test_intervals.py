import numpy as np
import pytest

from core.statistics.intervals import Estimate, combined, estimate, rate_difference, rate_estimate, wilson


def test_wilson_of_8_in_10_is_the_textbook_interval():
    low, high = wilson(8, 10)
    assert float(low) == pytest.approx(0.4902, abs=5e-5)
    assert float(high) == pytest.approx(0.9433, abs=5e-5)


def test_a_perfect_rate_of_few_rows_keeps_an_honest_lower_end():
    # n / (n + z²) with n = 10 and z² = 3.8415
    perfect = rate_estimate(10, 10)
    assert perfect.value == perfect.high == 1.0
    assert perfect.low == pytest.approx(10 / 13.8415, abs=1e-5)


def test_nothing_is_known_about_a_rate_of_no_trials():
    assert rate_estimate(0, 0) == Estimate(0.0, 0.0, 1.0)


def test_the_difference_of_two_rates_has_newcombes_interval():
    # Table II of the paper, example a: 56 of 70 against 48 of 80, method 10: 0.0524 to 0.3339.
    difference = rate_difference((48, 80), (56, 70))
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    turned = rate_difference((56, 70), (48, 80))
    assert (turned.low, turned.high) == pytest.approx((-difference.high, -difference.low))
    assert rate_difference((0, 30), (30, 30)).high == 1


def test_an_estimate_always_encloses_its_value_and_stays_in_range():
    assert estimate(0.5, 0.6, 1.4) == Estimate(0.5, 0.5, 1.0)
    assert estimate(-0.5, -1.4, -0.6, smallest=-1.0) == Estimate(-0.5, -1.0, -0.5)


def test_the_interval_of_a_mean_of_two_is_narrower_than_theirs_by_the_square_root_of_two():
    values, halves = np.array([0.5, 0.7]), np.array([0.1, 0.1])
    low, high = combined(values, values - halves, values + halves, np.array([0.5, 0.5]))
    assert low == pytest.approx(0.6 - 0.1 / np.sqrt(2))
    assert high == pytest.approx(0.6 + 0.1 / np.sqrt(2))
