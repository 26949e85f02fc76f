import numpy as np
import pytest

from core.statistics.resampling import enclosing, resampled_means
from core.tasks.text_classification.pairs import paired_difference, resampled_macro_f1
from core.tasks.text_classification.scores import evaluate_predictions, macro_f1

nan = float("nan")
RIGHT = np.array([True] * 80 + [False] * 20)


def test_accuracy_varies_as_a_share_of_so_many_rows_does():
    (drawn,) = resampled_means([[RIGHT]], resamples=4000).transpose(2, 0, 1)
    assert drawn.shape == (4000, 1)
    assert drawn.mean() == pytest.approx(0.8, abs=0.003)
    assert drawn.std() == pytest.approx(np.sqrt(0.8 * 0.2 / 100), rel=0.05)


def test_all_models_meet_the_same_rows():
    drawn = resampled_means([[RIGHT, ~RIGHT, RIGHT]], resamples=50)[:, :, 0]
    assert drawn[:, 0] + drawn[:, 1] == pytest.approx(np.ones(50))
    assert np.array_equal(drawn[:, 0], drawn[:, 2])
    again = resampled_means([[~RIGHT]], resamples=50)[:, 0, 0]
    assert np.array_equal(drawn[:, 1], again)


def test_each_test_is_redrawn_within_itself():
    drawn = resampled_means([[np.ones(5)], [np.zeros(7)], [RIGHT]], resamples=20)
    assert drawn.shape == (20, 1, 3)
    assert (drawn[:, 0, 0] == 1).all()
    assert (drawn[:, 0, 1] == 0).all()


def test_unknown_answers_stay_unknown():
    drawn = resampled_means([[RIGHT, np.full(100, nan)]], resamples=5)
    assert np.isnan(drawn[:, 1]).all()
    assert not np.isnan(drawn[:, 0]).any()


def test_large_tests_are_drawn_in_parts_without_a_difference(monkeypatch):
    whole = resampled_means([[RIGHT]], resamples=30)
    monkeypatch.setattr("core.statistics.resampling._CELLS", 700)
    assert np.array_equal(resampled_means([[RIGHT]], resamples=30), whole)


def test_macro_f1_of_redrawn_rows_is_that_of_the_rows():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 60)
    predicted = np.where(generator.random(60) < 0.7, truth, generator.integers(0, 3, 60))
    drawn = resampled_macro_f1([truth], [[predicted, truth]], 4, resamples=3, seed=5)
    rows = np.random.default_rng([5, 0]).integers(60, size=(3, 60))
    assert drawn[:, 0, 0] == pytest.approx([macro_f1(truth[row], predicted[row], 4) for row in rows])
    assert drawn[:, 1, 0] == pytest.approx([1, 1, 1])


def test_macro_f1_alone_is_that_of_the_report():
    truth, predicted = [0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 3, 2]
    # F1: 2·1/(2+1), 2·2/(3+3), 2·1/(1+1); class 3 has no rows.
    assert macro_f1(truth, predicted, 4) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert macro_f1(truth, predicted, 4) == pytest.approx(evaluate_predictions(truth, predicted, "abcd").macro_f1.value)


def test_a_paired_bootstrap_agrees_with_the_closed_form():
    truth = np.zeros(400, dtype=int)
    before, after = truth.copy(), truth.copy()
    before[:70], after[30:80] = 1, 1
    drawn = resampled_means([[before == 0, after == 0]], resamples=4000)[:, :, 0]
    low, high = enclosing(0.05, drawn[:, 1] - drawn[:, 0])
    formula = paired_difference(truth, before, after)
    assert (low, high) == pytest.approx((formula.low, formula.high), abs=0.004)


def test_an_interval_never_leaves_out_what_was_measured():
    assert enclosing(0.5, np.linspace(0.6, 0.8, 100))[0] == 0.5
    assert enclosing(0.9, np.linspace(0.6, 0.8, 100))[1] == 0.9


def test_very_large_tests_vary_as_if_each_row_was_redrawn_by_itself():
    """Also where rows stand in an order: neighbours are alike, those that are redrawn together are not."""
    rows, share = 50_000, 0.2
    hits = (np.arange(rows) < share * rows).astype(float)
    drawn = resampled_means([np.stack([hits, np.full(rows, np.nan)])])
    assert drawn.shape == (1000, 2, 1)
    assert drawn[:, 0].mean() == pytest.approx(share, abs=2e-4)
    assert drawn[:, 0].std() == pytest.approx(np.sqrt(share * (1 - share) / rows), rel=0.1)
    assert np.isnan(drawn[:, 1]).all()
