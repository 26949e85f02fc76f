"""Scores of answers whose truth nobody knows: right where only shares change, and silent where texts do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.tasks import TASKS
from core.tasks.answering import Foreseen

LABELS = ("a", "b", "c")
TASK = TASKS["text_classification"]


def _rows(
    generator: np.random.Generator, rows: int, shares: tuple[float, ...], blurred: float = 0.0
) -> tuple[NDArray[np.float64], list[str]]:
    """Probabilities by Bayes' rule of points around each label's corner, as learned with equal shares; blurred ones are nearer to
    the middle than what was learned.
    """
    truth = generator.choice(len(shares), rows, p=shares)
    points = np.eye(len(shares))[truth] * 1.8 * (1 - blurred) + generator.normal(size=(rows, len(shares)))
    powers = np.exp(points * 1.8)
    return powers / powers.sum(axis=1, keepdims=True), [LABELS[number] for number in truth]


def _told(seed: int, shares: tuple[float, ...], blurred: float = 0.0) -> tuple[Foreseen, float, dict[str, float]]:
    generator = np.random.default_rng(seed)
    tell = TASK.forecaster(*_rows(generator, 1500, (1 / 3, 1 / 3, 1 / 3)), LABELS)
    assert tell is not None
    live, truth = _rows(generator, 400, shares, blurred)
    answers = [LABELS[number] for number in live.argmax(axis=1)]
    right = float(np.mean([answer == target for answer, target in zip(answers, truth, strict=True)]))
    return tell(live), right, {label: truth.count(label) / len(truth) for label in LABELS}


def test_holds_the_true_accuracy_and_shares_where_labels_became_more_or_less_frequent() -> None:
    inside, shares_inside = [], []
    for seed in range(20):
        told, right, shares = _told(seed, (0.7, 0.25, 0.05))
        if told.unknown is None:
            inside.append(told.scores["accuracy"].low <= right <= told.scores["accuracy"].high)
            shares_inside += [
                told.shares[label].low <= share <= told.shares[label].high for label, share in shares.items()
            ]
    assert len(inside) >= 15
    assert np.mean(inside) >= 0.85
    assert np.mean(shares_inside) >= 0.85


def test_says_that_it_cannot_know_where_texts_are_unlike_the_known_ones() -> None:
    told, _, _ = _told(0, (1 / 3, 1 / 3, 1 / 3), blurred=0.6)
    assert told.unknown is not None
    assert told.unknown.key == "monitor.unlike"
    assert not told.scores
    assert not told.shares


def test_a_label_that_never_comes_is_not_counted_into_the_mean_over_labels() -> None:
    told, right, _ = _told(1, (0.5, 0.5, 0.0))
    assert told.unknown is None
    assert told.shares["c"].low == pytest.approx(0, abs=1e-6)
    assert 0 < told.shares["c"].high < 0.1
    assert told.scores["accuracy"].low <= right <= told.scores["accuracy"].high


@pytest.mark.parametrize(("rows", "key"), [(20, "monitor.few_live"), (60, "monitor.few_known")])
def test_says_what_it_would_take_where_rows_are_too_few(rows: int, key: str) -> None:
    generator = np.random.default_rng(0)
    tell = TASK.forecaster(*_rows(generator, 60, (1 / 3, 1 / 3, 1 / 3)), LABELS)
    assert tell is not None
    unknown = tell(_rows(generator, rows, (1 / 3, 1 / 3, 1 / 3))[0]).unknown
    assert unknown is not None
    assert unknown.key == key


def test_a_tree_of_labels_and_other_tasks_have_none() -> None:
    assert TASK.forecaster(np.full((200, 2), 0.5), ["a > b"] * 200, ("a > b", "c")) is None
    assert TASKS["token_classification"].forecaster(np.zeros((0, 0)), [], ()) is None
