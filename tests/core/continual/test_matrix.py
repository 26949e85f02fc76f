import numpy as np
import pytest

from core.continual.matrix import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_experience,
    forgetting_per_stratum,
    forward_transfer,
    intransigence,
    plasticity,
)

nan = float("nan")

# Three experiences; the second test was best after the second, the first test after the second too.
R = np.array(
    [
        [0.80, 0.50, 0.40],
        [0.85, 0.90, 0.45],
        [0.70, 0.86, 0.95],
    ]
)
LOWER = np.where(np.tri(3, dtype=bool), R, nan)
ALL = [average_accuracy, forgetting, forgetting_per_experience, backward_transfer, plasticity]


def test_average_accuracy_is_the_mean_of_the_last_row():
    assert average_accuracy(R) == pytest.approx((0.70 + 0.86 + 0.95) / 3)


def test_forgetting_compares_with_the_best_earlier_score():
    assert forgetting_per_experience(R) == pytest.approx([0.85 - 0.70, 0.90 - 0.86])
    assert forgetting(R) == pytest.approx((0.15 + 0.04) / 2)


def test_forgetting_is_negative_when_the_last_experience_helped():
    assert forgetting([[0.6, nan], [0.7, 0.9]]) == pytest.approx(-0.1)


def test_backward_transfer_compares_with_the_score_just_after_learning():
    assert backward_transfer(R) == pytest.approx(((0.70 - 0.80) + (0.86 - 0.90)) / 2)


def test_forward_transfer_compares_with_random_start():
    baseline = [0.5, 0.48, 0.51]
    assert forward_transfer(R, baseline) == pytest.approx(((0.50 - 0.48) + (0.45 - 0.51)) / 2)


def test_plasticity_is_the_mean_of_the_diagonal():
    assert plasticity(R) == pytest.approx((0.80 + 0.90 + 0.95) / 3)


def test_scores_above_the_diagonal_matter_only_to_forward_transfer():
    for measure in ALL:
        assert measure(LOWER) == pytest.approx(measure(R))
    assert np.isnan(forward_transfer(LOWER, [0.5, 0.5, 0.5]))


def test_unknown_scores_are_left_out_of_the_mean():
    partly = LOWER.copy()
    partly[2, 0] = nan
    assert average_accuracy(partly) == pytest.approx((0.86 + 0.95) / 2)
    assert forgetting(partly) == pytest.approx(0.04)
    assert np.isnan(forgetting_per_experience(partly)[0])
    never_scored_before = LOWER.copy()
    never_scored_before[:2, 0] = nan
    assert np.isnan(forgetting_per_experience(never_scored_before)[0])
    assert backward_transfer(never_scored_before) == pytest.approx(-0.04)


def test_with_one_experience_nothing_can_be_forgotten_or_transferred():
    assert average_accuracy([[0.8]]) == plasticity([[0.8]]) == 0.8
    assert np.isnan(forgetting([[0.8]]))
    assert np.isnan(backward_transfer([[0.8]]))
    assert np.isnan(forward_transfer([[0.8]], [0.5]))
    assert forgetting_per_experience([[0.8]]).shape == (0,)


def test_the_matrix_is_never_written_to():
    frozen = R.copy()
    frozen.setflags(write=False)
    for measure in ALL:
        measure(frozen)
    forward_transfer(frozen, frozen[0])
    assert np.array_equal(frozen, R)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        forgetting(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="each of 3 tests"):
        forward_transfer(R, [0.5])


def test_intransigence_is_the_joint_reference_minus_the_diagonal():
    reference = [0.80, 0.93, 0.94]
    assert intransigence(R, reference) == pytest.approx((0.0 + 0.03 - 0.01) / 3)
    assert intransigence(LOWER, reference) == pytest.approx(intransigence(R, reference))
    with pytest.raises(ValueError, match=r"\(2,\)"):
        intransigence(R, [0.8, 0.9])


def test_forgetting_per_stratum_weighs_older_tests_by_their_rows_of_it():
    recall = np.full((3, 3, 3), nan)
    # Class 0: test 0 has 10 rows and falls from 0.9 to 0.6; test 1 has 30 and falls from 0.8 to 0.7.
    recall[:, 0, 0], recall[:, 1, 0] = [0.9, 0.8, 0.6], [0.5, 0.8, 0.7]
    # Class 1: only in test 1, and better than ever.
    recall[:, 1, 1] = [0.0, 0.4, 0.5]
    # Class 2: only in the newest test, which cannot have been forgotten.
    recall[:, 2, 2] = [0.0, 0.0, 1.0]
    rows = np.array([[10, 0, 0], [30, 5, 0], [20, 0, 8]])
    forgotten = forgetting_per_stratum(recall, rows)
    assert forgotten[:2] == pytest.approx([(10 * 0.3 + 30 * 0.1) / 40, -0.1])
    assert np.isnan(forgotten[2])


def test_forgetting_per_stratum_of_one_stratum_alone_in_each_test_is_forgetting():
    recall = np.full((3, 3, 3), nan)
    for test in range(3):
        recall[:, test, test] = R[:, test]
    per_class = forgetting_per_stratum(recall, 7 * np.eye(3))
    assert per_class[:2] == pytest.approx(forgetting_per_experience(R))


def test_forgetting_per_stratum_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\(2, 2, 1\)"):
        forgetting_per_stratum(np.zeros((2, 2, 1)), np.zeros((2, 3)))
