import numpy as np
import pytest

from core.fairness.groups import Grouping
from core.fairness.rates import Judged, rates_of


def grouped(*sizes: int) -> Grouping:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return Grouping(tuple("abc"[: len(sizes)]), np.stack([groups == number for number in range(len(sizes))], axis=1))


def rows(truth: list[int], answered: list[int]) -> Judged:
    true, given = np.array(truth, dtype=bool), np.array(answered, dtype=bool)
    return Judged(true, given, true == given)


# a: 40 positive (30 found), 40 negative (20 flagged); b: 40 positive (20 found), 40 negative (4 flagged).
TRUTH = [1] * 40 + [0] * 40 + [1] * 40 + [0] * 40
ANSWERED = [1] * 30 + [0] * 10 + [1] * 20 + [0] * 20 + [1] * 20 + [0] * 20 + [1] * 4 + [0] * 36


def test_rates_and_gaps_are_those_of_fairlearn() -> None:
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    judged, grouping = rows(TRUTH, ANSWERED), grouped(80, 80)
    rates = rates_of(judged, grouping)
    first, second = rates.groups
    assert (first.rows, first.positives, first.negatives) == (80, 40, 40)
    assert [first.selection.value, first.tpr.value, first.fpr.value, first.accuracy.value] == [0.625, 0.75, 0.5, 0.625]
    assert [second.selection.value, second.tpr.value, second.fpr.value] == [0.3, 0.5, 0.1]
    sides = {"sensitive_features": grouping.members[:, 1]}
    parity = demographic_parity_difference(judged.truth, judged.answered, **sides)
    odds = equalized_odds_difference(judged.truth, judged.answered, **sides)
    assert rates.gaps["selection"].gap.value == pytest.approx(parity) == pytest.approx(0.325)
    assert rates.gaps["odds"].gap.value == pytest.approx(odds) == pytest.approx(0.4)
    assert (rates.gaps["fpr"].highest, rates.gaps["fpr"].lowest) == ("a", "b")
    assert rates.gaps["fpr"].gap.low > 0
    assert rates.gaps["fpr"].p_value < 0.05
    assert rates.worst == "a"
    assert set(first.worse) == {"fpr"}


def test_groups_that_are_alike_have_a_gap_that_may_be_chance() -> None:
    generator = np.random.default_rng(1)
    truth = generator.random(400) < 0.5
    answered = np.where(generator.random(400) < 0.2, ~truth, truth)
    rates = rates_of(Judged(truth, answered, truth == answered), grouped(200, 200))
    assert rates.gaps["fpr"].gap.low == 0.0
    assert rates.gaps["fpr"].p_value > 0.05
    assert not any(group.worse for group in rates.groups)


def test_a_group_that_is_too_small_says_so_and_does_not_count() -> None:
    truth, answered = [0] * 129, [0] * 50 + [1] * 50 + [1] * 29
    rates = rates_of(rows(truth, answered), grouped(50, 50, 29))
    assert not rates.groups[2].enough
    assert rates.groups[2].fpr is None
    assert rates.gaps["fpr"].highest == "b"
    assert "tpr" not in rates.gaps  # no row is positive
    assert "odds" not in rates.gaps


def test_one_group_alone_has_no_gap_and_other_rows_are_told() -> None:
    members = np.zeros((100, 1), dtype=bool)
    members[:40] = True
    rates = rates_of(rows([0] * 100, [1] * 40 + [0] * 60), Grouping(("a",), members))
    assert rates.gaps == {}
    assert (rates.rest.rows, rates.rest.fpr.value) == (60, 0.0)
    assert set(rates.groups[0].worse) == {"fpr", "accuracy"}


def test_rows_in_several_groups_count_in_each_and_calibration_takes_probabilities() -> None:
    truth = np.tile([True, False], 150)
    judged = Judged(truth, truth, truth, np.where(truth, 0.9, 0.1))
    rates = rates_of(judged, Grouping(("a", "b"), np.ones((300, 2), dtype=bool)))
    assert [group.rows for group in rates.groups] == [300, 300]
    assert rates.gaps["accuracy"].gap.value == 0.0
    assert rates.groups[0].calibration.value == pytest.approx(0.1)
    assert rates_of(judged, grouped(100, 200)).groups[0].calibration is None
    assert rates.to_dict()["gaps"]["accuracy"]["value"] == 0.0
