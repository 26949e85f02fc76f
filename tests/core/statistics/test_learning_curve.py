"""Would more labels help: by gains and curves worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.intervals import Estimate
from core.statistics.learning_curve import (
    Point,
    extrapolate,
    judge_curve,
    last_gain,
    measure_point,
    runs_for,
    worthwhile_shares,
)
from core.tasks.text_classification.row_statistics import ACCURACY, MACRO_F1, answered


def point(rows: int, accuracy: float) -> Point:
    around = Estimate(accuracy, accuracy - 0.02, accuracy + 0.02)
    return Point(rows / 1600, rows, {"accuracy": around})


CURVE = [point(rows, 1 - 2 * rows**-0.5) for rows in (100, 200, 400, 800, 1600)]


def test_shares_with_less_than_two_rows_a_label_are_left_out() -> None:
    assert worthwhile_shares(32, 2) == (1 / 8, 1 / 4, 1 / 2, 1.0)
    assert worthwhile_shares(6, 2) == (1.0,)
    assert worthwhile_shares(2, 2) == (1.0,)


def test_quick_trainings_are_repeated() -> None:
    assert [runs_for(seconds) for seconds in (1, 30, 300)] == [3, 2, 1]


def test_a_point_is_the_mean_over_its_runs() -> None:
    truth = np.array([0, 0, 1, 1])
    runs = [answered(truth, answers, classes=2) for answers in ([0, 0, 1, 1], [0, 1, 1, 0])]
    scores = measure_point(0.5, 10, runs, [ACCURACY, MACRO_F1]).scores
    assert scores["accuracy"].value == pytest.approx(0.75)
    assert scores["macro_f1"].value == pytest.approx(0.75)
    assert scores["accuracy"].low < 0.75 < scores["accuracy"].high


def test_the_gain_is_paired_and_widened_by_how_much_runs_differ() -> None:
    truth = np.zeros(100, dtype=np.int64)
    bad, good = np.ones(100, dtype=np.int64), np.zeros(100, dtype=np.int64)
    half = np.repeat([0, 1], 50)
    alike = last_gain([answered(truth, bad, half, classes=2)] * 2, ACCURACY)
    apart = last_gain([answered(truth, bad, after, classes=2) for after in (bad, good)], ACCURACY)
    assert alike.value == apart.value == pytest.approx(0.5)
    assert alike.low > 0.3
    # Differences 0 and 1: variance 0.5, of the mean 0.25, 1.96 standard errors 0.98.
    assert apart.low < 0.5 - 0.98 < 0


def test_a_power_law_is_carried_on_to_twice_the_rows() -> None:
    assert extrapolate(CURVE, ACCURACY) == pytest.approx(1 - 2 * 3200**-0.5)


def test_what_no_power_law_explains_is_not_carried_on() -> None:
    jump = [*CURVE[:-1], point(1600, 0.99)]
    falling = [point(rows, 0.9 - rows / 10_000) for rows in (100, 200, 400, 800)]
    assert extrapolate(jump, ACCURACY) is None
    assert extrapolate(falling, ACCURACY) is None
    assert extrapolate(CURVE[:3], ACCURACY) is None
    assert extrapolate([*CURVE[:-1], point(1600, 1.0)], ACCURACY) is None


@pytest.mark.parametrize(
    ("gain", "answer"),
    [((0.03, 0.01, 0.05), "yes"), ((0.003, -0.01, 0.02), "hardly"), ((0.02, -0.01, 0.05), "unclear")],
)
def test_the_last_doubling_decides(gain: tuple[float, float, float], answer: str) -> None:
    verdict = judge_curve(CURVE, Estimate(*gain), 500, ACCURACY)
    assert verdict.answer == answer
    assert f"{100 * gain[0]:+.1f}" in str(verdict.message)
    assert "from 800 to 1,600 rows" in str(verdict.message)


def test_few_rows_are_not_judged() -> None:
    gain = Estimate(0.03, 0.01, 0.05)
    assert judge_curve(CURVE, gain, 29, ACCURACY).message.key == "curve.too_few_tests"
    assert judge_curve(CURVE[:2], gain, 500, ACCURACY).message.key == "curve.too_few"
    assert judge_curve(CURVE[:1], None, 500, ACCURACY).answer == "too_few"
