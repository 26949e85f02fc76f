"""What the trust tab says of stated probabilities; the tab on a real version opens in test_page.py."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.intervals import rate_estimate
from core.tasks.text_classification.calibration import brier_score, calibration_error, reliability
from dashboard.evaluate.trust.calibration import Side, Trust, bin_table, verdict


def trust_of(stated: np.ndarray, right: np.ndarray) -> Trust:
    rows = np.stack([stated, 1 - stated], axis=1)
    side = Side(
        float(stated.mean()),
        calibration_error(stated, right),
        brier_score((~right).astype(int), rows),
        reliability(stated, right),
    )
    return Trust(len(right), rate_estimate(int(right.sum()), len(right)), side, side)


@pytest.mark.parametrize(
    ("stated", "hits", "said"),
    [(0.95, 475, "taken at their word"), (0.95, 400, "too sure of itself"), (0.7, 450, "could be surer")],
)
def test_the_sentence_says_which_way_the_probabilities_are_off(stated: float, hits: int, said: str) -> None:
    trust = trust_of(np.full(500, stated), np.arange(500) < hits)
    assert said in verdict(trust)
    assert f"{stated:.0%}" in verdict(trust)
    assert f"{hits / 500:.0%}" in verdict(trust)


def test_ranges_that_are_off_in_opposite_ways_do_not_hide_each_other() -> None:
    stated = np.repeat([0.65, 0.85], 500)
    right = np.concatenate([np.arange(500) < 425, np.arange(500) < 325])
    assert "single ranges are off" in verdict(trust_of(stated, right))


def test_a_range_with_few_answers_says_so() -> None:
    table = bin_table(reliability([0.95] * 9 + [0.65] * 10, [1] * 19))
    assert table["Range"].tolist() == ["60%–70%", "90%–100%"]
    assert table["Remark"].tolist() == ["", "too few rows to judge"]
    assert "Of the" not in verdict(trust_of(np.array([0.95] * 9 + [0.65] * 10), np.ones(19, dtype=bool)))
