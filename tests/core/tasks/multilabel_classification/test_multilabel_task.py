"""Several labels of a text as a task: targets, scores by hand and against scikit-learn, thresholds, calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics

from core.base.errors import DataError
from core.tasks import TASKS
from core.tasks.multilabel_classification.baseline import fit_one_vs_rest
from core.tasks.multilabel_classification.calibration import fit_lines, logits_of
from core.tasks.multilabel_classification.report import MultilabelReport
from core.tasks.multilabel_classification.row_statistics import MACRO_F1, MICRO_F1, multi_hot, ranking_rows
from core.tasks.multilabel_classification.task import MOST_LABELS, MultilabelConfig
from core.tasks.multilabel_classification.thresholds import UNKNOWN, best_thresholds

TASK = TASKS["multilabel_classification"]
TRUTH = ["joy|love", "joy", "|", "anger", "anger|joy"]
GIVEN = ["joy", "joy|love", "|", "joy", "anger|joy"]


def drawn(rows: int = 300, labels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels drawn by them: what is stated is true."""
    generator = np.random.default_rng(seed)
    stated = generator.beta(0.6, 2.0, size=(rows, labels))
    return stated, (generator.random((rows, labels)) < stated).astype(np.float64)


def names(table: np.ndarray) -> list[str]:
    return ["|".join(f"l{column}" for column in np.flatnonzero(row)) or "|" for row in table]


def test_a_target_is_any_number_of_labels() -> None:
    assert TASK.outputs(TRUTH, ("love",)) == ("love", "anger", "joy")
    assert TASK.encode(TRUTH, ("anger", "joy", "love")).tolist() == [
        [0, 1, 1],
        [0, 1, 0],
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
    ]
    assert [TASK.told(target) for target in ("joy|love", "|")] == ["joy, love", "–"]
    assert TASK.answers(np.array([[0.9, 0.5], [0.1, 0.2]]), ("b", "a")) == ["a|b", "|"]


def test_a_row_is_of_the_stratum_of_its_rarest_label() -> None:
    assert TASK.strata(TRUTH) == ["love", "joy", "|", "anger", "anger"]
    assert TASK.has_strata


def test_scores_by_hand() -> None:
    report = TASK.report(TRUTH, GIVEN, ("anger", "joy", "love"))
    figures = {name: score.value for name, score in report.scores.items()}
    # anger: 1 hit of 2, given once; joy: 3 of 3, given 4 times; love: 0 of 1, given once.
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 6 / 7 + 0) / 3)
    assert figures["micro_f1"] == pytest.approx(8 / 12)
    assert figures["subset_accuracy"] == pytest.approx(2 / 5)
    assert "ranking_precision" not in figures
    assert report.per_label["joy"].recall.value == 1
    assert [pair.to_list() for pair in report.confused] == [["anger", "joy", 1, 0]]
    assert [pair.to_list() for pair in report.together] == [["anger", "joy", 1, 1], ["joy", "love", 1, 0]]
    assert all(score.low <= score.value <= score.high for score in report.scores.values())


def test_scores_are_those_of_scikit_learn() -> None:
    stated, has = drawn()
    given = (stated > 0.3).astype(float)
    report = TASK.report(names(has), names(given), tuple(f"l{column}" for column in range(5)), stated)
    assert report.scores["macro_f1"].value == pytest.approx(metrics.f1_score(has, given, average="macro"))
    assert report.scores["micro_f1"].value == pytest.approx(metrics.f1_score(has, given, average="micro"))
    assert report.scores["macro_recall"].value == pytest.approx(metrics.recall_score(has, given, average="macro"))
    assert report.scores["subset_accuracy"].value == pytest.approx(metrics.accuracy_score(has, given))
    ranked = metrics.label_ranking_average_precision_score(has, stated)
    assert report.scores["ranking_precision"].value == pytest.approx(ranked)


def test_ranking_takes_equal_probabilities_as_scikit_learn_does() -> None:
    has = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], dtype=float)
    stated = np.array([[0.5, 0.5, 0.1], [0.2, 0.3, 0.4], [0.0, 0.0, 0.0]])
    expected = metrics.label_ranking_average_precision_score(has, stated)
    assert ranking_rows(has, stated)[:, 0].mean() == pytest.approx(expected)


def test_a_row_without_labels_is_right_when_it_is_given_none() -> None:
    rows = np.asarray(TASK.statistics(["|", "|"], ["|", "joy"]))
    assert MACRO_F1.of(rows).tolist() == [1, 0]
    assert MICRO_F1.of(rows).tolist() == [1, 0]


def test_a_report_comes_back_from_its_plain_values() -> None:
    report = TASK.report(TRUTH, GIVEN, ("anger", "joy", "love"), TASK.encode(GIVEN, ("anger", "joy", "love")))
    again = TASK.stored_report(report.to_dict())
    assert isinstance(again, MultilabelReport)
    assert again.to_dict() == report.to_dict()


def test_what_rows_are_worth_to_versions_has_the_same_columns() -> None:
    one, other = TASK.worth(TRUTH, GIVEN), TASK.worth(TRUTH, ["new"] * len(TRUTH))
    assert one.shape == other.shape
    report = TASK.report(TRUTH, GIVEN, ())
    assert MACRO_F1.of(one.sum(axis=0)) == pytest.approx(report.scores["macro_f1"].value)


def test_each_label_changes_by_the_share_of_its_rows_that_find_it() -> None:
    pairs, score = TASK.changes(TRUTH, GIVEN, ["|"] * len(TRUTH))
    assert pairs.strata == ("anger", "joy", "love")
    assert pairs.rows.sizes.tolist() == [2, 3, 1]
    recalls = [[float(score.of(sums)) for sums in pairs.rows.within(number).sums()] for number in range(3)]
    assert recalls == [[0.5, 0], [1, 0], [0, 0]]


def test_the_loss_is_that_of_a_logistic_regression_for_each_label() -> None:
    truth = TASK.encode(["a|b", "|"], ("a", "b"))
    logits = torch.tensor([[2.0, -1.0], [0.0, 0.5]])
    loss = TASK.criterion(MultilabelConfig(), truth, 2)(logits, torch.from_numpy(truth))
    each = np.log1p(np.exp(-logits.numpy() * (2 * truth - 1)))
    assert float(loss) == pytest.approx(each.sum(axis=1).mean(), rel=1e-6)
    assert (
        float(TASK.criterion(MultilabelConfig(class_weights="balanced"), truth, 2)(logits, torch.from_numpy(truth))) > 0
    )


def test_the_best_threshold_is_found_where_rows_are_many() -> None:
    stated, has = drawn(20_000, 1)
    (threshold,) = best_thresholds(stated, has, expected=0)
    scores = [metrics.f1_score(has[:, 0], stated[:, 0] >= value) for value in np.linspace(0.02, 0.9, 89)]
    assert metrics.f1_score(has[:, 0], stated[:, 0] >= threshold) >= max(scores) - 1e-9
    smoothed = best_thresholds(stated, has)
    assert metrics.f1_score(has[:, 0], stated[:, 0] >= smoothed[0]) >= max(scores) - 0.005


def test_thresholds_of_rare_labels_hold_on_other_rows() -> None:
    plain, smoothed = [], []
    for seed in range(40):
        stated, has = drawn(60, 1, seed)
        stated, has = stated * 0.3, (np.random.default_rng(seed).random(stated.shape) < stated * 0.3).astype(float)
        others, others_have = drawn(4000, 1, 1000 + seed)
        others = others * 0.3
        others_have = (np.random.default_rng(7 + seed).random(others.shape) < others).astype(float)
        for expected, scores in ((0.0, plain), (30.0, smoothed)):
            given = others >= best_thresholds(stated, has, expected=expected)
            scores.append(metrics.f1_score(others_have[:, 0], given[:, 0]))
    assert np.mean(smoothed) > np.mean(plain) + 0.02


def test_without_rows_a_threshold_is_a_half() -> None:
    assert best_thresholds(np.zeros((0, 3)), np.zeros((0, 3))).tolist() == [UNKNOWN] * 3


def test_lines_put_distorted_probabilities_right() -> None:
    stated, has = drawn(4000, 3)
    distorted = 1 / (1 + np.exp(-(2.5 * logits_of(stated) + np.array([1.0, -1.0, 0.0]))))
    lines = fit_lines(distorted, has)
    assert lines.slopes == pytest.approx(np.full(3, 1 / 2.5), rel=0.1)
    put_right = 1 / (1 + np.exp(-(logits_of(distorted) * lines.slopes + lines.offsets)))
    assert np.abs(put_right - stated).mean() < 0.02
    assert lines.undone(put_right) == pytest.approx(distorted, abs=1e-6)


def test_of_few_rows_probabilities_are_left_as_they_are() -> None:
    stated, has = drawn(50, 3)
    lines = fit_lines(stated, has)
    assert lines.idle
    assert "50 validation rows" in str(lines.note)


def test_too_many_labels_and_none_are_refused_with_a_sentence() -> None:
    with pytest.raises(DataError, match=f"5,000 different labels, and a model of this kind gives {MOST_LABELS:,}"):
        TASK.check([f"label {number}" for number in range(5000)])
    with pytest.raises(DataError, match="No row of these texts has a label"):
        TASK.check(["|", "", "|"])


def test_the_baseline_finds_what_words_say_and_answers_constant_labels() -> None:
    texts = [f"{'lovely' if row % 2 else 'dull'} {'cheap' if row % 3 else 'dear'} thing {row}" for row in range(120)]
    targets = [
        "|".join([*(["good"] if row % 2 else []), *(["price"] if row % 3 else []), "thing"]) for row in range(120)
    ]
    outputs = TASK.outputs(targets)
    fitted = fit_one_vs_rest(texts, multi_hot(targets, outputs), language="en")
    assert (fitted.given(texts) == (multi_hot(targets, outputs) > 0)).mean() > 0.98
    assert fitted.predict_proba(["lovely"])[0, outputs.index("thing")] == 1
