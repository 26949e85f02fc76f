"""What a labelled set says of a pretraining: figures worked out by hand, and a plain verdict."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.intervals import Estimate
from core.tasks.text_classification.probe import ProbeRows, compare_answers, linear_answers, verdict

TRUTH = np.array([0, 1] * 50)


def rows(count: int = 100) -> ProbeRows:
    texts = tuple(f"{'good' if label else 'bad'} {row}" for row, label in enumerate(TRUTH[:count]))
    return ProbeRows("id", "shop", ("bad", "good"), texts, TRUTH[:count], texts, TRUTH[:count])


def test_the_difference_is_after_minus_before_on_the_same_rows() -> None:
    before = TRUTH.copy()
    before[:20] = 1 - before[:20]
    report = compare_answers(rows(), before, TRUTH)
    assert report["accuracy"]["before"]["value"] == pytest.approx(0.8)
    assert report["accuracy"]["difference"]["value"] == pytest.approx(0.2)
    assert report["macro_f1"]["difference"]["value"] == pytest.approx(0.2)
    assert report["verdict"] == "better"
    assert compare_answers(rows(), TRUTH, before)["verdict"] == "worse"


def test_two_rows_more_of_a_hundred_are_noise() -> None:
    before = TRUTH.copy()
    before[:2] = 1 - before[:2]
    assert compare_answers(rows(), before, TRUTH)["verdict"] == "noise"


def test_a_verdict_needs_the_whole_interval_on_one_side() -> None:
    assert verdict(Estimate(0.02, 0.001, 0.04)) == "better"
    assert verdict(Estimate(0.02, -0.001, 0.04)) == "noise"
    assert verdict(Estimate(-0.02, -0.04, 0.0)) == "noise"
    assert verdict(Estimate(-0.02, -0.04, -0.001)) == "worse"


def test_a_linear_head_finds_what_features_tell_apart() -> None:
    def encode(texts: object) -> np.ndarray:
        return np.array([[float(text.startswith("good")), 3.0] for text in texts], dtype=np.float32)  # type: ignore[attr-defined]

    assert linear_answers(rows(), encode).tolist() == TRUTH.tolist()
