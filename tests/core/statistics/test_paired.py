import numpy as np
import pytest
from sklearn.metrics import f1_score

from core.statistics.paired import mcnemar, mcnemar_of_runs
from core.tasks.text_classification.pairs import flips, paired_difference


def versions(better, worse, both_right, both_wrong):
    """Two-label predictions with so many rows of each kind; the truth is always 0."""
    before = np.array([1] * better + [0] * worse + [0] * both_right + [1] * both_wrong)
    after = np.array([0] * better + [1] * worse + [0] * both_right + [1] * both_wrong)
    return np.zeros(len(before), dtype=int), before, after


def right(truth, before, after):
    return before == truth, after == truth


def test_flips_tell_better_worse_and_otherwise_changed_rows_apart():
    changed = flips([0, 0, 0, 0, 0], [0, 1, 0, 1, 1], [0, 0, 2, 2, 1])
    assert changed.better.tolist() == [1]
    assert changed.worse.tolist() == [2]
    assert changed.other.tolist() == [3]


def test_mcnemar_is_the_exact_binomial_test():
    # 1 against 5: 2 · (1 + 6) / 2^6
    assert mcnemar(*right(*versions(5, 1, 20, 4))) == pytest.approx(14 / 64)
    assert mcnemar(*right(*versions(0, 8, 20, 4))) == pytest.approx(2 / 256)


def test_mcnemar_is_one_when_the_split_is_even_or_nothing_changed():
    assert mcnemar(*right(*versions(3, 3, 10, 0))) == 1.0
    assert mcnemar(*right(*versions(0, 0, 10, 2))) == 1.0


def test_the_difference_of_accuracy_is_after_minus_before():
    gain = paired_difference(*versions(30, 10, 50, 10))
    assert gain.value == pytest.approx(0.20)
    # Agresti and Min: 30.5 and 10.5 of 102 rows; centre 20/102, half 1.96 · sqrt(41 - 400/102) / 102.
    assert (gain.low + gain.high) / 2 == pytest.approx(20 / 102)
    assert (gain.high - gain.low) / 2 == pytest.approx(1.959964 * np.sqrt(41 - 400 / 102) / 102, abs=1e-6)


def test_no_change_on_few_rows_is_not_certainty():
    for metric in ("accuracy", "macro_f1"):
        same = paired_difference([0, 1] * 20, [0, 1] * 20, [0, 1] * 20, metric=metric)
        assert same.value == 0.0
        # 1.96 / (40 + 2)
        assert (same.low, same.high) == pytest.approx((-0.04667, 0.04667), abs=1e-5)


def test_the_difference_of_macro_f1_agrees_with_scikit_learn_and_flips_its_sign():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 6, 400)
    before = np.where(generator.random(400) < 0.6, truth, generator.integers(0, 6, 400))
    after = np.where(generator.random(400) < 0.7, truth, generator.integers(0, 6, 400))
    gain = paired_difference(truth, before, after, metric="macro_f1")
    expected = f1_score(truth, after, average="macro") - f1_score(truth, before, average="macro")
    assert gain.value == pytest.approx(expected, abs=1e-12)
    assert gain.low < gain.value < gain.high
    loss = paired_difference(truth, after, before, metric="macro_f1")
    assert loss.value == pytest.approx(-gain.value)


def test_that_none_of_a_rare_class_s_rows_changed_is_not_certainty():
    # Each class is reckoned to have a tenth of a row that got better and one that got worse: of three rows one may change.
    truth = np.array([0] * 200 + [1] * 3)
    mistaken = np.array([0] * 190 + [1] * 10 + [1, 1, 0])
    same = paired_difference(truth, mistaken, mistaken, metric="macro_f1")
    assert same.value == 0.0
    # 1.96 / (203 + 2) for accuracy; macro-F1 moves by 1/2 of 2 / (13 + 3) and more for each such row.
    assert paired_difference(truth, mistaken, mistaken).high == pytest.approx(0.00956, abs=1e-5)
    assert same.high > 0.05
    assert same.low < -0.05


def test_the_bootstrap_of_macro_f1_matches_redrawing_rows_one_by_one():
    generator = np.random.default_rng(1)
    truth = np.repeat([0, 1], 100)
    before = np.where(generator.random(200) < 0.7, truth, 1 - truth)
    after = np.where(generator.random(200) < 0.8, truth, 1 - truth)
    differences = []
    for _ in range(400):
        rows = np.concatenate([generator.integers(0, 100, 100), generator.integers(100, 200, 100)])
        scores = [f1_score(truth[rows], predicted[rows], average="macro") for predicted in (before, after)]
        differences.append(scores[1] - scores[0])
    slow_low, slow_high = np.percentile(differences, [2.5, 97.5])
    gain = paired_difference(truth, before, after, metric="macro_f1", resamples=4000)
    assert gain.low == pytest.approx(slow_low, abs=0.02)
    assert gain.high == pytest.approx(slow_high, abs=0.02)


def test_the_interval_covers_the_true_difference_about_95_times_in_100():
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        kinds = generator.multinomial(150, [0.06, 0.02, 0.80, 0.12])
        gain = paired_difference(*versions(*kinds))
        covered += gain.low <= 0.04 <= gain.high
    assert 368 <= covered <= 396


def test_the_same_seed_gives_the_same_interval():
    arguments = versions(30, 10, 50, 10)
    first, again = (paired_difference(*arguments, metric="macro_f1", seed=4) for _ in range(2))
    assert first == again


def test_rows_of_different_number_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\), \(2,\) and \(1,\)"):
        flips([0, 1], [0, 1], [0])


def test_mcnemar_of_one_run_is_mcnemar():
    truth, before, after = versions(5, 1, 20, 4)
    assert mcnemar_of_runs([before == truth], [after == truth]) == mcnemar(before == truth, after == truth)


def test_more_runs_are_no_more_rows():
    truth, before, after = versions(5, 1, 20, 4)
    assert mcnemar_of_runs([before == truth] * 3, [after == truth] * 3) == pytest.approx(14 / 64)


def test_rows_that_differ_are_averaged_over_the_runs():
    # 6 and 4 rows better, 0 and 2 worse: 5 against 1 on average.
    first, second = versions(6, 0, 20, 4), versions(4, 2, 20, 4)
    before, after = ([run[index] == 0 for run in (first, second)] for index in (1, 2))
    assert mcnemar_of_runs(before, after) == pytest.approx(14 / 64)


def test_runs_of_different_number_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(2, 2\)"):
        mcnemar_of_runs([[True, True]], [[True, True], [True, True]])
