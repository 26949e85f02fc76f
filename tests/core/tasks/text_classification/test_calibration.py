import numpy as np
import pytest

from core.tasks.text_classification.calibration import (
    brier_score,
    calibration_difference,
    calibration_error,
    expected_calibration_error,
    reliability,
)


def test_the_error_is_the_gap_of_each_bin_weighed_by_its_rows():
    # three rows at 0.95, two of them right: 3/4 of the rows are off by 0.95 - 2/3; one right row at 0.55: off by 0.45
    error = expected_calibration_error([0.95, 0.95, 0.95, 0.55], [1, 1, 0, 1])
    assert error == pytest.approx(3 / 4 * (0.95 - 2 / 3) + 1 / 4 * 0.45)


def test_probabilities_that_come_true_have_no_error():
    assert expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0.0)
    assert expected_calibration_error([1.0, 1.0], [1, 1]) == 0.0


def test_gaps_within_a_bin_cancel_and_across_bins_do_not():
    # 0.94 and 0.96 share the bin from 14/15 to 1; 0.52 lies in another
    assert expected_calibration_error([0.94, 0.96], [1, 0]) == pytest.approx(abs(1 - 0.94 - 0.96) / 2)
    assert expected_calibration_error([0.52, 0.96], [1, 0]) == pytest.approx((0.48 + 0.96) / 2)


def test_a_probability_on_an_edge_belongs_to_the_bin_below():
    # with two bins 0.5 is in the first, together with 0.3: |(1 - 0.5) + (0 - 0.3)| / 2
    assert expected_calibration_error([0.5, 0.3], [1, 0], bins=2) == pytest.approx(0.1)
    assert expected_calibration_error([0.0], [0]) == 0.0


def test_without_rows_there_is_no_error_to_tell():
    assert np.isnan(expected_calibration_error([], []))


def test_the_difference_is_that_of_the_two_errors_with_an_interval_around_it():
    right = [1, 1, 1, 0] * 50
    difference = calibration_difference(([0.75] * 200, right), ([0.95] * 200, right))
    assert difference.value == pytest.approx(0.20)
    assert 0.05 < difference.low < difference.value < difference.high < 0.30
    again = calibration_difference(([0.75] * 200, right), ([0.95] * 200, right))
    assert again == difference


def test_nothing_changed_is_no_difference_at_all():
    side = ([0.9, 0.6, 0.7], [1, 0, 1])
    difference = calibration_difference(side, side)
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_unequal_rows_are_refused():
    with pytest.raises(ValueError, match="1 rows before and 2 after"):
        calibration_difference(([0.9], [1]), ([0.9, 0.8], [1, 0]))
    with pytest.raises(ValueError, match="shape"):
        expected_calibration_error([0.9], [1, 0])


def test_the_brier_score_by_hand():
    # (0.2² + 0.2²) and (0.7² + 0.7²), the mean of 0.08 and 0.98
    score = brier_score([0, 0], [[0.8, 0.2], [0.3, 0.7]])
    assert score.value == pytest.approx(0.53)
    assert (score.low, score.high) == pytest.approx((0.08, 0.98))
    assert brier_score([1] * 5, [[1.0, 0.0]] * 5).to_dict() == {"value": 2.0, "low": 2.0, "high": 2.0}


def test_the_interval_of_the_error_reaches_down_to_what_honest_probabilities_have():
    generator = np.random.default_rng(0)
    stated = generator.uniform(0.5, 1, 800)
    honest = calibration_error(stated, generator.random(800) < stated)
    assert honest.low == 0 < honest.value < honest.high < 0.08
    wrong = calibration_error(stated, generator.random(800) < stated - 0.3)
    assert 0.2 < wrong.low < wrong.value < wrong.high < 0.32


def test_a_reliability_bin_says_what_was_stated_and_what_came_true():
    # four rows between 0.8 and 0.9 of which three are right, one of 1.0; a probability on an edge belongs below
    first, second = reliability([0.82, 0.84, 0.88, 0.9, 1.0], [1, 1, 0, 1, 1])
    assert (first.low, first.high, first.rows) == pytest.approx((0.8, 0.9, 4))
    assert first.stated == pytest.approx(0.86)
    assert first.right.value == 0.75
    assert first.right.low < 0.4 < 0.9 < first.right.high
    assert (second.rows, second.right.value) == (1, 1.0)
    assert reliability([], []) == []
