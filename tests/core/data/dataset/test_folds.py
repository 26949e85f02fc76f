from __future__ import annotations

import numpy as np

from core.data.dataset.folds import make_folds


def test_every_row_is_in_one_fold_and_labels_are_spread_evenly() -> None:
    texts = [f"text {number}" for number in range(103)]
    labels = np.array([0] * 80 + [1] * 23)
    folds = make_folds(texts, labels, None, 5, seed=3)
    assert sorted(np.concatenate(folds)) == list(range(103))
    assert {int((labels[fold] == 0).sum()) for fold in folds} == {16}
    assert {int((labels[fold] == 1).sum()) for fold in folds} == {4, 5}
    again = make_folds(texts, labels, None, 5, seed=3)
    assert all((left == other).all() for left, other in zip(folds, again, strict=True))
    assert any((left != other).any() for left, other in zip(folds, make_folds(texts, labels, None, 5), strict=True))


def test_the_same_text_and_the_same_group_stay_in_one_fold() -> None:
    texts = ["Same  text", "same text", *(f"text {number}" for number in range(18))]
    groups = ["", "ann", "ann", "bob", "bob", *[""] * 15]
    labels = np.array([0, 1] * 10)
    for seed in range(5):
        folds = make_folds(texts, labels, groups, 4, seed=seed)
        home = {int(row): index for index, fold in enumerate(folds) for row in fold}
        assert home[0] == home[1] == home[2]  # by text, then by group
        assert home[3] == home[4]


def test_fewer_units_than_folds_leave_folds_empty() -> None:
    folds = make_folds(["a", "A", "b"], np.array([0, 0, 1]), None, 3)
    assert sorted(map(len, folds)) == [0, 1, 2]
    assert [len(fold) for fold in make_folds([], np.zeros(0, dtype=np.int64), None, 2)] == [0, 0]
