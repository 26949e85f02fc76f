import numpy as np
import pytest

from core.base.errors import ConfigError, DataError
from core.tasks import DEFAULT, TASKS, task_of
from core.tasks.text_classification.task import MOST_LABELS, ClassificationConfig, TextClassification, rarity_weights

TASK = TextClassification()


def test_balanced_class_weights_by_hand() -> None:
    # 4 rows, 2 labels present: 4 / (2 · 3) and 4 / (2 · 1); the absent label keeps 1.
    assert rarity_weights(np.array([0, 0, 0, 2]), 3).tolist() == pytest.approx([2 / 3, 1.0, 2.0])


def test_the_loss_is_a_cross_entropy_that_asks_for_less_than_certainty() -> None:
    torch = pytest.importorskip("torch")
    logits, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0])
    for settings in ({}, {"label_smoothing": 0.0}, {"class_weights": "balanced"}):
        config = ClassificationConfig(**settings)
        weight = torch.tensor([4 / 6, 4 / 2]) if config.class_weights == "balanced" else None
        reference = torch.nn.CrossEntropyLoss(weight, label_smoothing=config.label_smoothing)
        loss = TASK.criterion(config, np.array([0, 0, 0, 1]), ("a", "b"))(logits, labels)
        assert loss.item() == pytest.approx(reference(logits, labels).item())


def test_new_labels_follow_the_known_ones_in_alphabetical_order() -> None:
    assert TASK.outputs(["d", "a", "c", "a"], ("c", "b")) == ("c", "b", "a", "d")
    assert TASK.encode(["a", "c"], ("c", "b", "a")).tolist() == [2, 0]


def test_statistics_of_rows_add_up_to_the_scores_of_the_report() -> None:
    truth, answers = list("aabbbc"), list("abbbac")
    report = TASK.report(truth, answers, ("a", "b", "c"))
    sums = np.asarray(TASK.statistics(truth, answers)).sum(axis=0)
    for score in TASK.scores:
        assert score.of(sums) == pytest.approx(report.scores[score.name].value)
    assert report.scores.keys() == set(TASK.averages)
    assert TASK.worth(truth, answers).tolist() == [True, False, True, True, False, True]


def test_answers_are_the_most_probable_label_and_of_equals_the_first() -> None:
    assert TASK.answers(np.array([[0.2, 0.8], [0.5, 0.5]]), ("no", "yes")) == ["yes", "no"]


def test_an_unknown_task_is_named_with_those_there_are() -> None:
    assert task_of(DEFAULT) is TASKS[DEFAULT]
    with pytest.raises(ConfigError, match="text_classification"):
        task_of("poetry")


def test_a_column_of_thousands_of_labels_is_refused_with_both_numbers() -> None:
    TASK.check([f"label {number}" for number in range(MOST_LABELS)] * 2)
    with pytest.raises(DataError, match=r"5,000 different labels, and a classifier can have 1,000 at most"):
        TASK.check([f"label {number}" for number in range(5000)])
