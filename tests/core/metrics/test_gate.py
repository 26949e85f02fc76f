import json

import pytest

from core.metrics import Estimate, TestChange, Verdict, judge, measure_change


def change(name, difference, low, high, rows=500):
    before = Estimate(0.9, 0.87, 0.92)
    after = Estimate(0.9 + difference, 0.87 + difference, 0.92 + difference)
    return TestChange(name, rows, before, after, Estimate(difference, low, high))


GAIN = change("Music", 0.05, 0.02, 0.08)


def sentences(verdict):
    return [str(rule.message) for rule in verdict.rules]


def test_a_small_loss_is_allowed_and_said_with_its_interval():
    verdict = judge([change("Books", -0.008, -0.019, 0.003)], GAIN, tolerance=1.0)
    assert verdict.promote
    assert sentences(verdict) == [
        "Books lost 0.8 points (−1.9 to +0.3); allowed are 1.0.",
        "Music gained 5.0 points (+2.0 to +8.0).",
    ]
    assert verdict.rules[0].figure == pytest.approx(-0.8)
    assert verdict.rules[0].limit == -1.0


def test_one_older_test_that_lost_too_much_blocks():
    verdict = judge([change("Books", 0.0, -0.01, 0.01), change("Toys", -0.02, -0.03, -0.01)], GAIN, tolerance=1.0)
    assert not verdict.promote
    assert [rule.passed for rule in verdict.rules] == [True, False, True]
    assert sentences(verdict)[1] == "Toys lost 2.0 points (−3.0 to −1.0), more than the 1.0 allowed."


def test_a_loss_of_exactly_the_limit_is_allowed():
    # 0.90 - 0.91 is a little more than one point in floating point.
    assert judge([change("Books", 0.90 - 0.91, -0.02, 0.0)], GAIN, tolerance=1.0).promote


def test_a_loss_just_over_the_limit_shows_enough_decimals_to_see_why():
    verdict = judge([change("Books", -0.0104, -0.02, 0.0)], GAIN, tolerance=1.0)
    assert sentences(verdict)[0] == "Books lost 1.04 points (−2.00 to 0.00), more than the 1.0 allowed."


def test_a_tiny_loss_is_not_shown_as_zero():
    verdict = judge([change("Books", -0.0002, -0.01, 0.01)], GAIN, tolerance=0.25)
    assert sentences(verdict)[0] == "Books lost 0.02 points (−1.00 to +1.00); allowed are 0.25."


def test_older_tests_may_gain_or_stay():
    older = [change("Books", 0.004, -0.01, 0.018), change("Toys", 0.0, -0.004, 0.004)]
    assert sentences(judge(older, GAIN, tolerance=0.0))[:2] == [
        "Books gained 0.4 points (−1.0 to +1.8).",
        "Toys is as accurate as before (change −0.4 to +0.4 points).",
    ]


def test_the_newest_test_must_not_lose_whatever_the_tolerance():
    verdict = judge([], change("Music", -0.004, -0.02, 0.012), tolerance=5.0)
    assert not verdict.promote
    assert sentences(verdict) == ["Music lost 0.4 points (−2.0 to +1.2); the newest test must not lose."]


def test_a_gain_that_may_be_chance_passes_and_says_so():
    verdict = judge([], change("Music", 0.012, -0.004, 0.028), tolerance=1.0)
    assert verdict.promote
    assert sentences(verdict) == [
        "Music gained 1.2 points (−0.4 to +2.8); the interval includes zero, so it may be chance."
    ]


def test_a_newest_test_that_stays_the_same_passes():
    assert judge([], change("Music", 0.0, -0.01, 0.01), tolerance=1.0).promote


def test_too_few_rows_are_said_and_block_nothing():
    few = change("Corrections", -0.1, -0.3, 0.1, rows=29)
    for verdict in (judge([few], GAIN, tolerance=1.0), judge([], few, tolerance=1.0)):
        assert verdict.promote
        assert not verdict.rules[0].judged
        assert sentences(verdict)[0] == (
            "Corrections: too few rows to judge (29; at least 30 are needed). "
            "It changed by −10.0 points (−30.0 to +10.0)."
        )
    assert not judge([change("Corrections", -0.1, -0.3, 0.1, rows=30)], GAIN, tolerance=1.0).promote


def test_measuring_a_change_counts_the_same_rows_before_and_after():
    measured = measure_change("Books", [0] * 40, [0] * 26 + [1] * 14, [0] * 34 + [1] * 6)
    assert measured.rows == 40
    assert measured.before.value == pytest.approx(26 / 40)
    assert measured.after.value == pytest.approx(34 / 40)
    assert measured.difference.value == pytest.approx(8 / 40)
    assert measured.difference.low > 0


def test_a_verdict_comes_back_from_json_exactly():
    older = [change("书", -0.02, -0.03, -0.01), change("Few", 0.1, -0.1, 0.3, rows=5)]
    verdict = judge(older, GAIN, tolerance=1.0)
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict
