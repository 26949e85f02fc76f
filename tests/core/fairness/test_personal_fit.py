"""What groups get of their own: shrunk to what all share, kept beyond chance only, tested on rows that were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from core.fairness.personal_fit import FOLDS, Labelled, fit_accuracy, fit_false_positives, folds


def rows_with(bias: list[float], each: int = 200, *, seed: int = 0, outside: int = 40) -> Labelled:
    """Groups of which a shared model is wrong by these logits of the second label; then rows of no group."""
    generator = np.random.default_rng(seed)
    group = np.concatenate([np.repeat(np.arange(len(bias)), each), np.full(outside, -1)])
    margin = generator.normal(0, 2, len(group))
    true_margin = margin + np.array([*bias, 0.0])[group]
    truth = (generator.random(len(group)) < 1 / (1 + np.exp(-true_margin))).astype(np.int64)
    logits = np.stack([np.zeros(len(group)), margin], axis=1)
    return Labelled(logits, truth, group, len(bias), np.ones((len(group), 1)))


def test_a_group_that_the_shared_model_is_wrong_about_keeps_settings_and_others_do_not() -> None:
    rows = rows_with([3.0, 0.0, 0.0])
    before = rows.logits.copy()
    fitted = fit_accuracy(rows)
    assert [result.kept for result in fitted.results] == [True, False, False]
    first = fitted.results[0]
    assert first.difference.low > 0
    assert first.p_value < 0.05
    assert first.difference.value == pytest.approx(first.personal.value - first.shared.value)
    # In between nothing and the truth: the penalty pulls to what all share.
    shift = fitted.parameters[0, 1, 0] - fitted.parameters[0, 0, 0]
    assert 1.0 < shift < 3.5
    assert (rows.logits == before).all()


def test_without_a_difference_nothing_is_kept_and_answers_stay_as_they_are() -> None:
    rows = rows_with([0.0, 0.0])
    fitted = fit_accuracy(rows)
    assert not any(result.kept for result in fitted.results)
    shared = np.exp(rows.logits) / np.exp(rows.logits).sum(axis=1, keepdims=True)
    assert fitted.held_out == pytest.approx(shared)


def test_rows_of_no_group_stay_with_what_all_share() -> None:
    rows = rows_with([3.0, -3.0])
    fitted = fit_accuracy(rows)
    assert all(result.kept for result in fitted.results)
    outside = rows.group < 0
    shared = np.exp(rows.logits) / np.exp(rows.logits).sum(axis=1, keepdims=True)
    assert fitted.held_out[outside] == pytest.approx(shared[outside])
    assert not np.allclose(fitted.held_out[~outside], shared[~outside])


def test_a_head_finds_what_a_threshold_cannot() -> None:
    generator = np.random.default_rng(1)
    rows = rows_with([0.0, 0.0], 80)
    turned = np.where(rows.group == 1, -1.0, 1.0)  # in the second group the word means the opposite
    word = generator.choice([-1.0, 1.0], len(rows.group))
    truth = (word * turned > 0).astype(np.int64)
    logits = np.stack([np.zeros(len(word)), word], axis=1)
    with_word = Labelled(logits, truth, rows.group, 2, np.stack([np.ones(len(word)), word], axis=1))
    without = Labelled(logits, truth, rows.group, 2, np.ones((len(word), 1)))
    assert [result.kept for result in fit_accuracy(with_word).results] == [False, True]
    assert fit_accuracy(with_word).results[1].personal.value == 1.0
    assert not any(result.kept for result in fit_accuracy(without).results)


def test_rows_that_are_only_fitted_on_help_where_they_are_like_the_others() -> None:
    few, many = rows_with([1.2, 1.2], 40), rows_with([1.2, 1.2], 400, seed=5)
    alone, helped = fit_accuracy(few).parameters, fit_accuracy(few, many).parameters
    shift = [abs(each[0, 1, 0] - each[0, 0, 0] - 1.2) for each in (alone, helped)]
    assert shift[1] < max(shift[0], 0.3)


def test_false_positives_become_equally_frequent() -> None:
    rows = rows_with([0.0, 0.0, 0.0], 600)
    logits = rows.logits.copy()
    logits[rows.group == 0, 1] += 2.0  # the shared model gives the label too readily here
    rows = Labelled(logits, rows.truth, rows.group, 3, rows.design)
    fitted = fit_false_positives(rows, 1)
    first, *others = fitted.results
    assert first.kept
    overall = (logits.argmax(axis=1) == 1)[rows.truth == 0].mean()
    assert abs(first.personal.value - overall) < abs(first.shared.value - overall) / 2
    assert first.score == "false_positive_rate"
    assert first.difference.high < 0
    assert first.rows == int(((rows.group == 0) & (rows.truth == 0)).sum())
    assert all(fitted.parameters[number, 1, 0] > 0 for number, result in enumerate(others, 1) if result.kept)


def test_alike_false_positives_are_left_alone() -> None:
    assert not any(result.kept for result in fit_false_positives(rows_with([0.0, 0.0]), 1).results)


def test_each_group_is_dealt_evenly_over_the_folds() -> None:
    group = np.array([0] * 20 + [1] * 7 + [-1] * 3)
    counts = np.bincount(folds(group)[group == 0], minlength=FOLDS)
    assert counts.tolist() == [4] * FOLDS
