"""Scores of doubt, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.tasks.text_classification.selection import (
    disagreement,
    doubt_of_labels,
    entropy_doubt,
    margin_doubt,
    most_doubtful_first,
)

ANSWERS = [[0.5, 0.5, 0.0], [0.6, 0.3, 0.1], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]


def test_margin_is_the_distance_of_the_two_most_probable_labels() -> None:
    assert margin_doubt(ANSWERS) == pytest.approx([1.0, 0.7, 0.0, 1.0])


def test_entropy_counts_all_labels() -> None:
    assert entropy_doubt(ANSWERS) == pytest.approx([np.log(2) / np.log(3), 0.8173454, 0.0, 1.0])


def test_disagreement_is_the_divergence_of_both_from_their_mean() -> None:
    first = [[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]]
    second = [[0.0, 1.0], [0.5, 0.5], [0.5, 0.5]]
    # The last: mean (¾, ¼) has 0.8113 bits, the two have 0 and 1: 0.8113 − ½.
    assert disagreement(first, second) == pytest.approx([1.0, 0.0, 0.3112781])
    assert disagreement(second, first) == pytest.approx(disagreement(first, second))
    with pytest.raises(ValueError, match="differ"):
        disagreement(first, second[:1])


def test_a_label_is_doubted_when_another_is_more_probable() -> None:
    # other minus own, from −1 … 1 to 0 … 1; a label that the classifier does not know says nothing
    assert doubt_of_labels([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]], [0, 1, -1]) == pytest.approx([0.1, 0.9, 0.5])


def test_equal_doubts_keep_their_order() -> None:
    assert most_doubtful_first([0.2, 0.9, 0.2, 0.9]).tolist() == [1, 3, 0, 2]


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="two classes"):
        margin_doubt([[1.0]])
