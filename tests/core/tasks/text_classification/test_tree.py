"""Labels below labels: what is learned, answered and scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.base.errors import DataError
from core.data.dataset import label_tree
from core.data.dataset.label_spelling import canonical_labels
from core.data.dataset.rows import TextDataset
from core.data.loading.label_notes import label_notes
from core.networks.standalone.predict import BELOW, above, resolved
from core.tasks.text_classification.scores import Report, evaluate_predictions
from core.tasks.text_classification.task import TextClassification
from core.tasks.text_classification.temperature import fit_temperature
from core.tasks.text_classification.tree import (
    as_known,
    as_labelled,
    hierarchical_f1,
    judge_resolved,
    members,
    numbers_as_known,
    split_labels,
    tree_statistics,
)

TASK = TextClassification()
LABELS = ("Drink", "Food > Pizza", "Food > Sushi", "Food > Sushi > Maki")


def test_the_sign_between_levels_is_the_same_everywhere() -> None:
    assert label_tree.BELOW == BELOW
    assert canonical_labels(["Food>Pizza", "Food →Sushi", "食物›披萨", "a -> b", "x >= y", "<5", "> 3", "a > "]) == [
        "Food > Pizza",
        "Food > Sushi",
        "食物 > 披萨",
        "a > b",
        "x >= y",
        "<5",
        "> 3",
        "a >",
    ]
    assert above("a > b > c") == ["a", "a > b", "a > b > c"]


def test_the_label_above_answers_where_those_below_are_unsure() -> None:
    stated = np.array([[0.1, 0.8, 0.05, 0.05], [0.1, 0.45, 0.4, 0.05], [0.6, 0.2, 0.1, 0.1], [0.4, 0.3, 0.1, 0.2]])
    answers, sure, counts = resolved(stated, LABELS)
    assert answers == ["Food > Pizza", "Food", "Drink", "Food"]
    assert sure == pytest.approx([0.8, 0.9, 0.6, 0.6])
    assert counts.all()
    answers, sure, counts = resolved(stated, LABELS, 0.85)
    assert answers == ["Food", "Food", "Drink", "Drink"]  # what nobody is sure of is told as the likeliest label
    assert counts.tolist() == [True, True, False, False]
    assert sure == pytest.approx([0.9, 0.9, 0.6, 0.4])


def test_a_label_with_others_below_is_as_probable_as_all_of_them_together() -> None:
    answers, sure, _ = resolved(np.array([[0.1, 0.1, 0.35, 0.45]]), LABELS)
    assert (answers, sure.tolist()) == (["Food > Sushi"], [pytest.approx(0.8)])


def test_without_a_tree_the_most_probable_label_answers() -> None:
    answers, sure, counts = resolved(np.array([[0.3, 0.7], [0.5, 0.5]]), ("a", "b"), 0.6)
    assert (answers, sure.tolist(), counts.tolist()) == (["b", "a"], [0.7, 0.5], [True, False])


def test_a_row_of_a_label_above_teaches_that_it_is_one_of_those_below() -> None:
    outputs = ("Drink", "Food", "Food > Pizza", "Food > Sushi")
    loss = TASK.criterion(TASK.config_class(label_smoothing=0.0), np.array([1]), outputs)
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0]])
    stated = logits.softmax(dim=1)[0]
    assert float(loss(logits, torch.tensor([1]))) == pytest.approx(-float((stated[1] + stated[2] + stated[3]).log()))
    assert float(loss(logits, torch.tensor([3]))) == pytest.approx(-float(stated[3].log()))


def test_smoothing_and_weights_mean_the_same_where_no_label_has_others_below() -> None:
    outputs = ("A > a", "A > b", "B")
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 0, 1])
    own = TASK.criterion(TASK.config_class(label_smoothing=0.1), labels.numpy(), outputs)(logits, labels)
    assert float(own) == pytest.approx(
        float(torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)), rel=1e-5
    )


def test_new_labels_below_a_known_one_begin_as_that() -> None:
    labels = ("Food", "Drink", "Food > Pizza", "Food > Sushi > Maki", "Toys")
    assert split_labels(labels, 2) == {2: 0, 3: 0}
    assert TASK.parents(labels, 2) == {2: 0, 3: 0}
    assert members(labels)[0].tolist() == [True, False, True, True, False]


def test_an_answer_that_says_more_than_the_test_knows_is_right() -> None:
    assert as_known(["Food > Pizza", "Food > Pizza", "Drink"], ["Food", "Food > Sushi", "Food"]) == [
        "Food",
        "Food > Pizza",
        "Drink",
    ]


def test_a_row_labelled_from_further_up_is_as_probable_as_all_it_may_be() -> None:
    stated = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.2, 0.2, 0.1]])
    right, cut = as_labelled(np.array([2, 1]), stated, LABELS)  # Sushi, of which Maki is one; Pizza
    assert right.tolist() == [True, False]
    assert cut == pytest.approx(np.array([[0.1, 0.2, 0.7, 0.0], [0.5, 0.2, 0.2, 0.1]]))


def test_labels_that_were_split_do_not_make_a_version_doubt_itself() -> None:
    # Of 200 rows labelled Sushi the answer is the Maki below; 200 rows of Pizza are right in nine of ten.
    sushi = np.tile([0.02, 0.02, 0.16, 0.8], (200, 1))
    pizza = np.tile([0.05, 0.9, 0.03, 0.02], (200, 1))
    pizza[::10] = [0.9, 0.05, 0.03, 0.02]
    truth, stated = np.repeat([2, 1], 200), np.concatenate([sushi, pizza])
    fitted = fit_temperature(truth, stated, members(LABELS))
    assert fitted.errors == 20
    assert fitted.value < 1.2
    alone = fit_temperature(truth, stated)
    assert alone.errors == 220
    assert alone.value > 1.5


def test_epochs_are_compared_by_answers_as_far_as_rows_tell() -> None:
    outputs = np.array([[0.0, 0.0, 5.0, 0.0], [0.0, 0.0, 5.0, 0.0], [5.0, 0.0, 0.0, 0.0]])
    names = ("Drink", "Food", "Food > Pizza", "Food > Sushi")
    assert TASK.measure(outputs, np.array([1, 3, 0]), names)["accuracy"] == pytest.approx(2 / 3)


def test_hierarchical_f1_counts_the_levels_that_are_right() -> None:
    truth, answers = ["Food > Pizza", "Food > Pizza", "Drink"], ["Food > Pizza", "Food > Sushi", "Food"]
    assert tree_statistics(truth, answers).tolist() == [[2, 2, 2, 1], [1, 2, 2, 1], [0, 1, 1, 1]]
    estimate = hierarchical_f1(truth, answers)
    assert estimate.value == pytest.approx(2 * 3 / (5 + 5))
    assert estimate.low <= estimate.value <= estimate.high
    perfect = hierarchical_f1(["A > a"] * 40, ["A > a"] * 40)
    assert perfect.value == perfect.high == 1
    assert perfect.low == pytest.approx(0.954, abs=0.005)  # 40 right ones of 40 are no proof of perfection


def test_the_report_of_a_tree_has_the_figure_and_that_of_other_labels_has_none() -> None:
    rng = np.random.default_rng(0)
    truth, given = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    report = evaluate_predictions(truth, given, LABELS)
    names = [LABELS[number] for number in truth], [LABELS[number] for number in given]
    assert report.hierarchical_f1 is not None
    assert report.hierarchical_f1.value == pytest.approx(hierarchical_f1(*names).value)
    assert report.accuracy.value < report.hierarchical_f1.value
    again = Report.from_dict(report.to_dict())
    assert again.hierarchical_f1 == report.hierarchical_f1
    assert evaluate_predictions(truth, given, ("a", "b", "c", "d")).hierarchical_f1 is None


def test_answers_are_counted_by_the_level_they_end_at() -> None:
    stated = np.array([[0.1, 0.8, 0.05, 0.05], [0.1, 0.45, 0.4, 0.05], [0.6, 0.2, 0.1, 0.1]])
    judged = judge_resolved(["Food > Pizza", "Food > Sushi", "Food > Pizza"], stated, LABELS, None)
    assert [(level.depth, level.answers, level.right.value) for level in judged.levels] == [(1, 2, 0.5), (2, 1, 1.0)]
    assert judged.unanswered == 0
    judged = judge_resolved(["Food > Pizza", "Food > Sushi", "Food > Pizza"], stated, LABELS, 0.95)
    assert (judged.unanswered, judged.levels, judged.f1) == (3, (), None)


def test_a_tree_is_drawn_by_parents_and_never_in_a_circle() -> None:
    parents = {"Pizza": "Food", "Maki": "Sushi", "Sushi": "Food", "Tea": "Drink"}
    assert label_tree.placed(parents) == {
        "Pizza": "Food > Pizza",
        "Maki": "Food > Sushi > Maki",
        "Sushi": "Food > Sushi",
        "Tea": "Drink > Tea",
    }
    with pytest.raises(DataError, match=r"a, b, a stand below each other in a circle"):
        label_tree.placed({"a": "b", "b": "a"})
    with pytest.raises(DataError, match=r"c, c stand below"):
        label_tree.placed({"c": "c"})


def test_labels_of_a_table_that_stand_below_each_other_in_a_circle_are_told() -> None:
    assert label_tree.circle_in(["Food > Pizza", "Food > Cake", "New York > New York", "good"]) == []
    circle = label_tree.circle_in(["a > b", "b > c > d", "x > y", "c > a"])
    assert (set(circle), circle[0]) == ({"a", "b", "c"}, circle[-1])
    names = ("Food > Pizza", "Pizza > Food")
    (note,) = label_notes(TextDataset(("a", "b"), np.array([0, 1]), names))
    assert "stand below each other in a circle" in str(note)
    assert label_notes(TextDataset(("a", "b"), np.array([0, 0]), names[:1])) == []


def test_class_numbers_that_say_more_than_the_truth_are_cut_back_to_it() -> None:
    classes = ("Food", "Food > Pizza", "Taxi")
    truth, answers = np.array([0, 0, 1, 0, 2]), np.array([1, 0, 0, 2, 1])
    assert numbers_as_known(answers, truth, classes).tolist() == [0, 0, 0, 2, 1]
