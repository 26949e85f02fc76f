import json

import numpy as np
import pytest
from sklearn import metrics

from core.base.errors import DataError, ModelError
from core.statistics.intervals import Estimate
from core.tasks.text_classification.scores import Report, confusion_matrix, evaluate, evaluate_predictions

# Truth against prediction, by hand: a: 3 hits, 1 taken for b; b: 2 hits, 1 taken for a, 1 for c; c: 2 hits.
TRUTH = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 0, 2, 2, 2]


def noisy(rows, classes, share_right, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, rows)
    predicted = np.where(generator.random(rows) < share_right, truth, generator.integers(0, classes, rows))
    return truth, predicted


def scored(truth, predicted, classes):
    return evaluate_predictions(truth, predicted, [str(number) for number in range(classes)], resamples=50)


def all_estimates(report):
    yield from (report.accuracy, report.macro_f1, report.macro_precision, report.macro_recall, report.weighted_f1)
    for scores in report.per_class.values():
        yield from (scores.precision, scores.recall, scores.f1)


def test_scores_match_those_worked_out_by_hand():
    report = evaluate_predictions(TRUTH, PREDICTED, ["a", "b", "c"])
    assert report.rows == 10
    assert report.accuracy.value == pytest.approx(7 / 10)
    assert report.confusion.tolist() == [[3, 1, 0], [1, 2, 1], [0, 0, 2]]
    assert report.per_class["a"].precision.value == pytest.approx(3 / 4)
    assert report.per_class["a"].recall.value == pytest.approx(3 / 4)
    assert report.per_class["b"].precision.value == pytest.approx(2 / 3)
    assert report.per_class["b"].recall.value == pytest.approx(2 / 4)
    assert report.per_class["b"].f1.value == pytest.approx(4 / 7)
    assert report.per_class["c"].f1.value == pytest.approx(4 / 5)
    assert [scores.support for scores in report.per_class.values()] == [4, 4, 2]
    assert report.macro_f1.value == pytest.approx((3 / 4 + 4 / 7 + 4 / 5) / 3)
    assert report.weighted_f1.value == pytest.approx((4 * 3 / 4 + 4 * 4 / 7 + 2 * 4 / 5) / 10)


@pytest.mark.parametrize(("rows", "classes", "share"), [(40, 2, 0.9), (200, 5, 0.6), (500, 60, 0.3)])
def test_scores_agree_with_scikit_learn(rows, classes, share):
    truth, predicted = noisy(rows, classes, share)
    report = scored(truth, predicted, classes)
    macro = metrics.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    ours = [report.macro_precision.value, report.macro_recall.value, report.macro_f1.value]
    np.testing.assert_allclose(ours, macro[:3], rtol=0, atol=1e-12)
    assert report.accuracy.value == pytest.approx(metrics.accuracy_score(truth, predicted), abs=1e-12)
    weighted = metrics.f1_score(truth, predicted, average="weighted", zero_division=0)
    assert report.weighted_f1.value == pytest.approx(weighted, abs=1e-12)
    each = metrics.precision_recall_fscore_support(truth, predicted, labels=range(classes), zero_division=0)
    np.testing.assert_allclose([s.precision.value for s in report.per_class.values()], each[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose([s.recall.value for s in report.per_class.values()], each[1], rtol=0, atol=1e-12)
    np.testing.assert_allclose([s.f1.value for s in report.per_class.values()], each[2], rtol=0, atol=1e-12)
    assert [s.support for s in report.per_class.values()] == each[3].tolist()


def test_the_most_probable_class_is_the_prediction_and_the_first_of_equals_wins():
    report = evaluate([0, 1], [[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], ["a", "b", "c"])
    assert report.confusion.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_a_version_that_never_learnt_the_last_class_counts_as_wrong_on_it():
    report = evaluate([0, 1, 2], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["a", "b", "new"])
    assert report.accuracy.value == pytest.approx(2 / 3)
    assert report.per_class["new"].recall.value == 0.0


def test_macro_scores_leave_out_classes_that_occur_nowhere():
    report = evaluate_predictions(TRUTH, PREDICTED, ["a", "b", "c", "absent"])
    assert report.macro_f1.value == pytest.approx((3 / 4 + 4 / 7 + 4 / 5) / 3)
    absent = report.per_class["absent"]
    assert (absent.support, absent.f1) == (0, Estimate(0.0, 0.0, 1.0))


def test_a_class_without_test_rows_has_no_share_in_the_macro_average():
    # a: 2 rows, one of them taken for b, which has no rows.
    report = evaluate_predictions([0, 0], [0, 1], ["a", "b"])
    assert report.macro_f1.value == pytest.approx(2 / 3)
    assert report.macro_recall.value == pytest.approx(1 / 2)


def test_every_interval_encloses_its_value():
    for seed in range(5):
        truth, predicted = noisy(60, 8, 0.7, seed)
        for figure in all_estimates(scored(truth, predicted, 8)):
            assert 0.0 <= figure.low <= figure.value <= figure.high <= 1.0


def test_thirty_right_answers_are_no_certainty():
    report = scored([0] * 15 + [1] * 15, [0] * 15 + [1] * 15, 2)
    for figure in all_estimates(report):
        assert figure.value == figure.high == 1.0
        assert figure.low < 0.96


def test_intervals_cover_the_true_macro_f1_about_95_times_in_100():
    generator = np.random.default_rng(3)
    truth = np.repeat([0, 1, 2], 40)
    # Each class is right with chance 0.9, else one of the two others: by symmetry every expected F1 is 0.9.
    covered = 0
    for repeat in range(200):
        wrong = (truth + generator.integers(1, 3, len(truth))) % 3
        predicted = np.where(generator.random(len(truth)) < 0.9, truth, wrong)
        macro_f1 = evaluate_predictions(truth, predicted, "abc", seed=repeat, resamples=200).macro_f1
        covered += macro_f1.low <= 0.9 <= macro_f1.high
    assert covered >= 182


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    truth, predicted = noisy(300, 4, 0.5)
    first, again, other = (evaluate_predictions(truth, predicted, "abcd", seed=seed) for seed in (1, 1, 2))
    assert first.to_dict() == again.to_dict()
    assert first.macro_f1 != other.macro_f1


def test_too_few_rows_are_flagged_below_30_and_classes_below_10():
    assert scored([0, 1] * 14, [0, 1] * 14, 2).too_few
    enough = scored([0] * 21 + [1] * 9, [0] * 30, 2)
    assert not enough.too_few
    assert [scores.too_few for scores in enough.per_class.values()] == [False, True]


def test_a_report_comes_back_from_json_exactly():
    truth, predicted = noisy(100, 5, 0.6)
    report = evaluate_predictions(truth, predicted, ["好", "b", "c", "d", "never seen"])
    restored = Report.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False)))
    assert restored.to_dict() == report.to_dict()
    assert restored.per_class == report.per_class
    assert restored.classes == report.classes
    assert restored.confusion.dtype == np.int64
    assert np.array_equal(restored.confusion, report.confusion)


def test_arguments_are_left_as_they_were():
    truth, probabilities = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    kept = truth.copy(), probabilities.copy()
    evaluate(truth, probabilities, ["a", "b"])
    assert np.array_equal(truth, kept[0])
    assert np.array_equal(probabilities, kept[1])


def test_no_rows_is_an_error_with_a_cure():
    with pytest.raises(DataError, match="at least one row"):
        evaluate(np.zeros(0, dtype=int), np.zeros((0, 2)), ["a", "b"])


def test_probabilities_that_are_not_numbers_are_counted_and_refused():
    with pytest.raises(ModelError, match="1 of 2 rows"):
        evaluate([0, 1], [[0.5, 0.5], [float("nan"), 0.5]], ["a", "b"])


def test_class_numbers_out_of_range_and_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="from 0 to 2, but there are 2"):
        confusion_matrix([0, 1], [0, 2], 2)
    with pytest.raises(ValueError, match=r"\(2,\)"):
        confusion_matrix([0, 1], [0], 2)


def test_the_interval_of_macro_f1_holds_the_truth_also_where_a_label_is_rare():
    # 1:20, three quarters of the frequent label and two thirds of the rare one are recognised
    cells = np.array([[0.75, 0.25], [0.35, 0.65]]) * np.array([[20 / 21], [1 / 21]])
    hits, support, guessed = np.diag(cells), cells.sum(axis=1), cells.sum(axis=0)
    true = (2 * hits / (support + guessed)).mean()
    generator = np.random.default_rng(0)
    held = 0
    for seed in range(300):
        drawn = generator.choice(4, size=600, p=cells.ravel())
        score = evaluate_predictions(drawn // 2, drawn % 2, ("usual", "rare"), seed=seed, resamples=300).macro_f1
        held += score.low <= true <= score.high
    assert 0.92 <= held / 300 <= 0.98
