import numpy as np
import pytest

from core.base.errors import DataError
from core.tasks.text_classification.curves import pr_points, roc_points

TRUTH = [0, 0, 1, 1]
SCORES = [0.1, 0.4, 0.35, 0.8]


def test_the_area_is_the_share_of_pairs_in_right_order():
    # Of the four pairs only (0.4, 0.35) is in the wrong order.
    assert roc_points(TRUTH, SCORES).area.value == pytest.approx(3 / 4)
    assert roc_points([0, 1], [0.5, 0.5]).area.value == pytest.approx(1 / 2)


def test_roc_runs_from_nothing_called_positive_to_everything():
    curve = roc_points(TRUTH, SCORES)
    assert (curve.x[0], curve.y[0], curve.thresholds[0]) == (0.0, 0.0, np.inf)
    assert (curve.x[-1], curve.y[-1]) == (1.0, 1.0)
    # From 0.8 up only the right row is positive.
    assert (0.0, 0.5, 0.8) in list(zip(curve.x, curve.y, curve.thresholds, strict=True))
    assert curve.area.value == pytest.approx(3 / 4)


def test_precision_and_recall_at_each_threshold():
    curve = pr_points(TRUTH, SCORES)
    points = {
        threshold: (recall, precision)
        for recall, precision, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True)
    }
    assert points[0.8] == (0.5, 1.0)
    assert points[0.35] == (1.0, pytest.approx(2 / 3))
    # Average precision: 1/2 · 1 at the first hit, 1/2 · 2/3 at the second.
    assert curve.area.value == pytest.approx(1 / 2 + 1 / 3)


@pytest.mark.parametrize("curve", [roc_points, pr_points])
def test_a_curve_of_one_label_is_refused_with_a_cure(curve):
    with pytest.raises(DataError, match="both"):
        curve([1, 1], [0.3, 0.6])


def test_areas_come_with_intervals_that_shrink_with_rows():
    few, many = (roc_points(TRUTH * times, SCORES * times).area for times in (5, 100))
    assert few.value == many.value == pytest.approx(3 / 4)
    assert few.low < many.low < 3 / 4 < many.high < few.high <= 1
    # 400 positive and 400 negative scores of two normals one apart: Φ(1/√2) = 0.760, and 95 % of ± 0.033 (Hanley, McNeil)
    generator = np.random.default_rng(0)
    scores = np.concatenate([generator.normal(0, 1, 400), generator.normal(1, 1, 400)])
    gauss = roc_points(np.repeat([0, 1], 400), scores).area
    assert gauss.low < 0.760 < gauss.high
    assert (gauss.high - gauss.low) / 2 == pytest.approx(0.033, abs=0.006)
    assert pr_points(TRUTH * 5, SCORES * 5).area.low < 1 / 2 + 1 / 3
