"""Sums over rows and what is solved from them, with figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn import linear_model
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor

from core.continual.feature_statistics import FeatureStatistics
from core.continual.strategies.linear_head import Coefficients, best_scale
from core.continual.strategies.ncm import NearestClassMean
from core.continual.strategies.ridge import Ridge
from core.continual.strategies.slda import StreamingLDA


def sums(features: list[list[float]] | Tensor, labels: list[int] | Tensor, classes: int = 2) -> FeatureStatistics:
    rows = torch.as_tensor(features, dtype=torch.float64)
    total = FeatureStatistics.empty(classes, rows.shape[1])
    total.add(rows, torch.as_tensor(labels))
    return total


def cloud(rows: int = 120, width: int = 7, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Overlapping labels of uneven size, far from the origin."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(rows, generator=generator).square() * classes).long()
    centres = torch.randn(classes, width, dtype=torch.float64, generator=generator)
    noise = torch.randn(rows, width, dtype=torch.float64, generator=generator)
    return centres[labels] + noise + 5, labels


def test_sums_by_hand() -> None:
    total = sums([[1, 2], [3, 4], [5, 6]], [0, 1, 0])
    assert total.counts.tolist() == [2, 1]
    assert total.sums.tolist() == [[6, 8], [3, 4]]
    assert total.gram.tolist() == [[35, 44], [44, 56]]
    assert (total.rows, total.width) == (3, 2)


def test_taking_a_row_away_undoes_adding_it() -> None:
    total = sums([[1, 2], [3, 4], [5, 6]], [0, 1, 0])
    total.add(torch.tensor([[3.0, 4.0]], dtype=torch.float64), torch.tensor([1]), sign=-1)
    assert total.counts.tolist() == [2, 0]
    assert total.sums.tolist() == [[6, 8], [0, 0]]
    assert total.gram.tolist() == [[26, 32], [32, 40]]
    assert total.is_possible()
    assert total.known().sums.tolist() == [[6, 8]]


def test_new_labels_begin_with_nothing() -> None:
    total = sums([[1, 2]], [1])
    total.grow(4)
    total.grow(3)  # never shrinks
    assert total.counts.tolist() == [0, 1, 0, 0]
    assert total.sums.shape == (4, 2)


def test_storing_keeps_every_bit_and_half_of_the_matrix() -> None:
    features, labels = cloud()
    total = sums(features, labels, 4)
    stored = total.to_tensors()
    assert stored["statistics.gram"].shape == (7 * 8 // 2,)
    again = FeatureStatistics.from_tensors(stored)
    assert again is not None
    assert torch.equal(again.sums, total.sums)
    assert torch.equal(again.gram.triu(), total.gram.triu())
    assert torch.equal(again.gram, again.gram.T)
    assert FeatureStatistics.from_tensors({}) is None


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ([1.0, 2.0], 1),  # more rows of a label than there are
        ([2.0, 2.0], 2),  # the only row of its label, but another one
        ([0.0, 9.0], 0),  # a longer one than all together
    ],
)
def test_rows_that_were_never_added_leave_impossible_sums(row: list[float], label: int) -> None:
    total = sums([[1, 2], [5, 6], [3, 1]], [0, 0, 2], 3)
    total.add(torch.tensor([row], dtype=torch.float64), torch.tensor([label]), sign=-1)
    assert not total.is_possible()


def test_nearest_class_mean_by_hand() -> None:
    # Means 1 and 5, centre 3, variance (9 + 1 + 1 + 9) / 4 = 5: the border lies at 3.
    solved = NearestClassMean(NearestClassMean.declared.config_class()).coefficients(
        sums([[0], [2], [4], [6]], [0, 0, 1, 1])
    )
    assert solved.weights.flatten().tolist() == pytest.approx([-0.4, 0.4])
    assert solved.biases.tolist() == pytest.approx([0.8, -1.6])


def test_ridge_regression_by_hand() -> None:
    # A = [[4 + 2, 2], [2, 2]], its inverse [[2, −2], [−2, 6]] / 8; right sides [0, 1] and [2, 1].
    solved = Ridge(Ridge.declared.config_class(ridge_penalty=2.0)).coefficients(sums([[0], [2]], [0, 1]))
    assert solved.weights.flatten().tolist() == pytest.approx([-0.25, 0.25])
    assert solved.biases.tolist() == pytest.approx([0.75, 0.25])


def test_streaming_lda_by_hand() -> None:
    # Scatter within labels 1; means relative to their own mean 3: −2 and 2; −½ · (−2) · (1 + 3) = 4, −½ · 2 · (5 + 3) = −8.
    solved = StreamingLDA(StreamingLDA.declared.config_class()).coefficients(sums([[0], [2], [4], [6]], [0, 0, 1, 1]))
    assert solved.weights.flatten().tolist() == pytest.approx([-2.0, 2.0])
    assert solved.biases.tolist() == pytest.approx([math.log(0.5) + 4, math.log(0.5) - 8])


@pytest.mark.parametrize("penalty", [0.5, 100.0])
def test_ridge_regression_agrees_with_scikit_learn(penalty: float) -> None:
    features, labels = cloud()
    solved = Ridge(Ridge.declared.config_class(ridge_penalty=penalty)).coefficients(sums(features, labels, 4))
    reference = linear_model.Ridge(alpha=penalty).fit(features.numpy(), np.eye(4)[labels.numpy()])
    np.testing.assert_allclose(solved.weights.numpy(), reference.coef_, atol=1e-10)
    np.testing.assert_allclose(solved.biases.numpy(), reference.intercept_, atol=1e-9)


@pytest.mark.parametrize("shrinkage", [0.01, 0.5, 1.0])
def test_streaming_lda_agrees_with_scikit_learn(shrinkage: float) -> None:
    features, labels = cloud()
    config = StreamingLDA.declared.config_class(covariance_shrinkage=shrinkage)
    solved = StreamingLDA(config).coefficients(sums(features, labels, 4))
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(features.numpy(), labels.numpy())
    # What all labels share does not count: compare the differences to the first.
    weights, biases = (value.numpy() - value.numpy()[0] for value in solved)
    np.testing.assert_allclose(weights, reference.coef_ - reference.coef_[0], atol=1e-9)
    np.testing.assert_allclose(biases, reference.intercept_ - reference.intercept_[0], atol=1e-8)


def test_nearest_class_mean_agrees_with_distances() -> None:
    features, labels = cloud()
    solved = NearestClassMean(NearestClassMean.declared.config_class()).coefficients(sums(features, labels, 4))
    means = torch.stack([features[labels == label].mean(dim=0) for label in range(4)])
    deviation = features.std(dim=0, correction=0)
    nearest = torch.cdist(features / deviation, means / deviation).argmin(dim=1)
    assert torch.equal((features @ solved.weights.T + solved.biases).argmax(dim=1), nearest)


@pytest.mark.parametrize("kind", [NearestClassMean, Ridge, StreamingLDA])
def test_one_row_of_each_label_is_enough(kind: type[NearestClassMean | Ridge | StreamingLDA]) -> None:
    solved = kind(kind.declared.config_class()).coefficients(sums([[0, 1], [2, 1]], [0, 1]))
    scores = torch.tensor([[0.0, 1.0], [2.0, 1.0]], dtype=torch.float64) @ solved.weights.T + solved.biases
    assert scores.argmax(dim=1).tolist() == [0, 1]
    assert torch.isfinite(scores).all()


def test_a_label_without_rows_gets_the_mean_of_the_others_and_never_wins() -> None:
    known = Coefficients(torch.tensor([[1.0, 0.0], [3.0, 2.0]]), torch.tensor([4.0, 0.0]))
    full = known.for_all(torch.tensor([True, False, True]))
    assert full.weights.tolist() == [[1, 0], [2, 1], [3, 2]]
    assert full.biases.tolist() == [4, 1, 0]
    scores = torch.randn(200, 2) * 10 @ full.weights.T + full.biases
    assert not (scores.argmax(dim=1) == 1).any()


def test_the_difference_of_two_heads_is_that_of_their_most_different_coefficient() -> None:
    first = Coefficients(torch.tensor([[1.0, 2.0]]), torch.tensor([5.0]))
    assert first.difference(Coefficients(torch.tensor([[1.5, 2.0]]), torch.tensor([2.0]))) == 3


def test_the_scale_by_hand() -> None:
    # Four rows at ±1, three of them right, each certain to 5/6: the best share is 5/6 · 3/4 + 1/6 · 1/2 = 17/24.
    logits = torch.tensor([[1.0, -1.0]] * 4)
    assert best_scale(logits, torch.tensor([0, 0, 1, 0])) == pytest.approx(math.log(17 / 7) / 2, rel=1e-2)


def test_scores_without_any_difference_are_left_as_they_are() -> None:
    assert best_scale(torch.ones(3, 2), torch.tensor([0, 1, 0])) == 1.0
    assert best_scale(torch.ones(3, 1), torch.tensor([0, 0, 0])) == 1.0


def test_few_right_answers_do_not_ask_for_endless_certainty() -> None:
    logits = torch.tensor([[0.6, 0.4], [0.3, 0.7]])
    shares = torch.softmax(best_scale(logits, torch.tensor([0, 1])) * logits, dim=1)
    assert 0.7 < float(shares.max()) < 0.95
