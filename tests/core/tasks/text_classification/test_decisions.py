from __future__ import annotations

import numpy as np
import pytest

from core.base.errors import ModelError
from core.tasks.text_classification.decisions import (
    THRESHOLDS,
    Costs,
    coverage_curve,
    judge_line,
    judge_threshold,
    line_curve,
    suggest_line,
    suggest_threshold,
)

# Four rows: sure and right, sure and wrong, less sure and right, unsure and wrong.
TRUTH = [0, 1, 1, 0]
STATED = np.array([[0.95, 0.05], [0.9, 0.1], [0.3, 0.7], [0.4, 0.6]])
COSTS = Costs(np.array([[0.0, 4.0], [10.0, 0.0]]), person=1.0)


def at(values: np.ndarray, threshold: float) -> float:
    return float(values[round(threshold * 100)])


def test_coverage_accuracy_and_cost_by_hand() -> None:
    curve = coverage_curve(TRUTH, STATED, COSTS)
    assert (at(curve.coverage, 0), at(curve.accuracy, 0), at(curve.cost, 0)) == (1.0, 0.5, (10 + 4) / 4)
    assert (at(curve.coverage, 0.65), at(curve.accuracy, 0.65)) == (0.75, pytest.approx(2 / 3))
    assert at(curve.cost, 0.65) == (10 + 1) / 4
    assert (at(curve.coverage, 0.9), at(curve.coverage, 0.91)) == (0.5, 0.25)  # 0.9 is sure enough for 0.9
    assert (at(curve.accuracy, 0.95), at(curve.cost, 0.95)) == (1.0, 3 / 4)
    assert at(curve.coverage, 0.96) == 0
    assert np.isnan(at(curve.accuracy, 0.96))
    assert at(curve.cost, 0.96) == 1.0


def test_probabilities_of_a_file_reach_the_threshold_they_are_shown_with() -> None:
    assert judge_threshold([0], np.array([[0.9, 0.1]], dtype=np.float32), 0.9, COSTS).answered == 1


def test_one_threshold_comes_with_intervals() -> None:
    decision = judge_threshold(TRUTH * 25, np.tile(STATED, (25, 1)), 0.65, COSTS)
    assert (decision.rows, decision.answered, decision.coverage.value) == (100, 75, 0.75)
    assert decision.accuracy.value == pytest.approx(2 / 3)
    assert decision.accuracy.low < 2 / 3 < decision.accuracy.high
    assert decision.cost.value == 2.75
    assert 1.5 < decision.cost.low < 2.75 < decision.cost.high < 4
    assert not decision.too_few
    assert judge_threshold(TRUTH, STATED, 0.65, COSTS).too_few
    nothing = judge_threshold(TRUTH, STATED, 1.0, COSTS)
    assert (nothing.answered, nothing.accuracy.low, nothing.accuracy.high, nothing.cost.value) == (0, 0.0, 1.0, 1.0)


def test_the_cheapest_threshold_is_suggested_and_the_lowest_of_equals() -> None:
    truth, stated = TRUTH * 10, np.tile(STATED, (10, 1))
    assert suggest_threshold(truth, stated, COSTS) == 0.91
    # asking costs more than any mistake: always answer
    assert suggest_threshold(truth, stated, Costs(COSTS.mistakes, person=20.0)) == 0.0
    # asking is free: whatever could be wrong goes to a person, and what never is wrong is answered
    assert suggest_threshold(truth, stated, Costs(COSTS.mistakes, person=0.0)) == 0.91


def test_with_few_rows_nothing_is_suggested() -> None:
    assert suggest_threshold(TRUTH, STATED, COSTS) is None
    assert suggest_line([True] * 29, [0.5] * 29, missed=1, false_alarm=1) is None


def test_chows_rule_comes_out_for_honest_probabilities() -> None:
    # a mistake costs 10 and a person 1: answering pays from 1 - 1/10 on
    generator = np.random.default_rng(0)
    sure = generator.uniform(0.5, 1, 200_000)
    truth = (generator.random(len(sure)) > sure).astype(int)
    threshold = suggest_threshold(truth, np.stack([sure, 1 - sure], axis=1), Costs.even(2))
    assert threshold == pytest.approx(0.9, abs=0.015)


def test_the_line_between_two_labels_by_hand() -> None:
    positive, scores = [True, True, False, False], [0.9, 0.4, 0.6, 0.1]
    curve = line_curve(positive, scores, missed=8, false_alarm=2)
    assert (at(curve.precision, 0.5), at(curve.recall, 0.5), at(curve.cost, 0.5)) == (0.5, 0.5, (8 + 2) / 4)
    assert (at(curve.precision, 0.4), at(curve.recall, 0.4), at(curve.cost, 0.4)) == (pytest.approx(2 / 3), 1.0, 2 / 4)
    assert np.isnan(at(curve.precision, 1.0))
    line = judge_line(positive, scores, 0.4)
    assert (line.given, line.precision.value, line.recall.value) == (3, pytest.approx(2 / 3), 1.0)
    assert line.recall.low < 0.5  # of two rows
    assert suggest_line(positive * 10, scores * 10, missed=8, false_alarm=2) == 0.4
    assert suggest_line(positive * 10, scores * 10, missed=2, false_alarm=8) == 0.61


def test_rows_of_one_label_suggest_no_line() -> None:
    assert suggest_line([True] * 100, np.linspace(0, 1, 100), missed=1, false_alarm=1) is None
    assert judge_line([False] * 5, [0.9] * 5, 0.5).recall.to_dict() == {"value": 0.0, "low": 0.0, "high": 1.0}


def test_what_is_not_a_number_is_refused() -> None:
    broken = STATED.copy()
    broken[0] = np.nan
    with pytest.raises(ModelError):
        coverage_curve(TRUTH, broken, COSTS)
    with pytest.raises(ModelError):
        judge_line([True], [np.nan], 0.5)
    with pytest.raises(ValueError, match="at least one"):
        coverage_curve([], np.zeros((0, 2)), COSTS)


def test_thresholds_are_whole_per_cents() -> None:
    assert len(THRESHOLDS) == 101
    assert (THRESHOLDS[0], THRESHOLDS[50], THRESHOLDS[-1]) == (0, 0.5, 1)
