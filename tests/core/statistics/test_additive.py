"""Statistics that add up, by scores that have nothing to do with classes: mean words of a row, and perplexity."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from core.continual.gate.evidence import GateEvidence, measure_change, measure_strata
from core.continual.gate.judging import judge
from core.continual.gate.rules import GateConfig
from core.statistics.additive import RATE, Patterns, Score, estimates, hit_rows, redraw
from core.statistics.intervals import Estimate, rate_of
from core.statistics.learning_curve import Point, extrapolate, judge_curve, last_gain, measure_point
from core.statistics.paired import paired_rate_difference, paired_score_difference
from core.statistics.permutation import permutation_test, score_gap
from core.statistics.resampling import resampled_means, resampled_scores
from core.statistics.slices import by_value, worse_slices

MEAN = Score("mean_words", lambda sums: sums[..., 0] / sums[..., 1], largest=math.inf)
PERPLEXITY = Score(
    "perplexity",
    lambda sums: np.exp(sums[..., 0] / sums[..., 1]),
    smallest=1.0,
    largest=math.inf,
    higher_is_better=False,
)
E = math.e


def values(*each: float) -> np.ndarray:
    """Statistics (sum, count) of rows."""
    return np.stack([np.array(each, dtype=np.float64), np.ones(len(each))], axis=1)


def text(*tokens: int, nats: float) -> np.ndarray:
    """Statistics (nats, tokens) of rows with so many tokens, at so many nats for each of them."""
    counts = np.array(tokens, dtype=np.float64)
    return np.stack([nats * counts, counts], axis=1)


def test_rows_that_are_alike_are_counted_together_within_their_stratum() -> None:
    patterns = Patterns.of(values(3, 1, 3, 3), values(5, 5, 5, 6), stratum=[1, 0, 1, 1])
    assert patterns.counts.tolist() == [1, 2, 1]
    assert patterns.stratum.tolist() == [0, 1, 1]
    assert patterns.rows == 4
    assert patterns.sizes.tolist() == [1, 3]
    assert [sums.tolist() for sums in patterns.sums()] == [[10, 4], [21, 4]]
    own = patterns.within(1).answer(1)
    assert [sums.tolist() for sums in own.sums()] == [[16, 3]]


def test_sparse_statistics_are_the_same_rows() -> None:
    rows = values(3, 0, 3, 7)
    dense, thin = (Patterns.of(each, stratum=[1, 0, 1, 1]) for each in (rows, sparse.csr_array(rows)))
    assert thin.rows == dense.rows
    assert thin.sums()[0].tolist() == dense.sums()[0].tolist() == [13, 4]
    assert thin.within(1).sums()[0].tolist() == [13, 3]
    (drawn,) = redraw(thin, 50, np.random.default_rng(0))
    assert drawn.shape == (50, 2)
    assert (drawn[:, 1] >= 2).all()


def test_all_answers_meet_the_same_redrawn_rows() -> None:
    before, after = redraw(Patterns.of(values(1, 2, 5), values(2, 3, 6)), 200, np.random.default_rng(0))
    assert np.array_equal(before[:, 1], np.full(200, 3))
    assert np.array_equal(after[:, 0] - before[:, 0], np.full(200, 3))
    assert (
        len(np.unique(before[:, 0])) == 10
    )  # every multiset of three of three numbers: 3, 4, 5, 6, 7, 8, 9, 11, 12, 15


def test_sizes_of_strata_are_redrawn_and_none_loses_its_last_row() -> None:
    rows = np.array([[1.0, 0.0]] * 30 + [[0.0, 1.0]])
    (drawn,) = redraw(Patterns.of(rows, stratum=[0] * 30 + [1]), 500, np.random.default_rng(0))
    assert drawn[:, 1].min() == 1
    assert drawn[:, 1].max() > 1
    assert drawn[:, 0].std() > 0


def test_redrawing_in_small_parts_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).integers(0, 9, (60, 3))
    patterns = Patterns.of(rows, stratum=np.repeat([0, 1, 3], 20))
    (whole,) = redraw(patterns, 40, np.random.default_rng(1))
    monkeypatch.setattr("core.statistics.additive._CELLS", 100)  # two resamples of a stratum at a time
    (parts,) = redraw(patterns, 40, np.random.default_rng(1))
    assert np.array_equal(parts, whole)


def test_a_mean_has_about_the_interval_of_the_textbook() -> None:
    rows = values(*np.random.default_rng(3).normal(20, 6, 400))
    (measured,) = estimates(Patterns.of(rows), [MEAN], resamples=4000)
    mean, error = rows[:, 0].mean(), rows[:, 0].std() / 20
    assert measured.value == pytest.approx(mean)
    assert (measured.low, measured.high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.1 * error)


def test_a_bootstrap_is_widened_to_what_is_known_without_it_and_ends_where_the_score_does() -> None:
    sure = Patterns.of(text(5, 5, 5, nats=1))
    assert estimates(sure, [PERPLEXITY]) == [Estimate(*[pytest.approx(E)] * 3)]
    wide = replace(PERPLEXITY, implied=lambda sums: (sums[1] - 30, sums[1] + 30))  # of 15 tokens
    assert estimates(sure, [wide]) == [Estimate(pytest.approx(E), 1.0, 45.0)]


def test_rates_have_their_closed_forms() -> None:
    before, after = np.array([True] * 6 + [False] * 4), np.array([True] * 8 + [False] * 2)
    pairs = Patterns.of(hit_rows(before), hit_rows(after))
    assert estimates(pairs.answer(0), [RATE]) == [rate_of(before)]
    assert paired_score_difference(pairs, RATE) == paired_rate_difference(before, after)
    assert paired_rate_difference(before, after).value == pytest.approx(0.2)
    with pytest.raises(ValueError, match=r"\(2,\) and \(1,\)"):
        paired_rate_difference([True, False], [True])


def test_only_rows_that_were_tried_count_for_a_rate() -> None:
    rows = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    better = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert paired_score_difference(Patterns.of(rows, better), RATE).value == pytest.approx(1 / 2)


def test_a_paired_difference_is_after_minus_before_with_luck_in_the_rows_cancelled_out() -> None:
    # Whichever rows are drawn: e² before and e after; rows differ in length alone.
    pairs = Patterns.of(text(1, 9, 40, nats=2), text(1, 9, 40, nats=1))
    difference = paired_score_difference(pairs, PERPLEXITY)
    assert difference == Estimate(*[pytest.approx(E - E**2)] * 3)
    assert PERPLEXITY.gain(difference) == Estimate(*[pytest.approx(E**2 - E)] * 3)
    assert MEAN.gain(Estimate(1, 0, 3)) == Estimate(1, 0, 3)
    assert PERPLEXITY.gain(Estimate(1, 0, 3)) == Estimate(-1, -3, 0)


def test_a_paired_interval_of_means_is_that_of_the_differences_and_no_narrower_than_asked() -> None:
    generator = np.random.default_rng(5)
    before, change = generator.normal(20, 6, 300), generator.normal(1, 2, 300)
    pairs = Patterns.of(values(*before), values(*(before + change)))
    difference = paired_score_difference(pairs, MEAN, resamples=4000)
    half = 1.96 * change.std() / math.sqrt(300)
    assert difference.value == pytest.approx(change.mean())
    assert difference.high - difference.low == pytest.approx(2 * half, rel=0.05)
    wide = paired_score_difference(pairs, MEAN, at_least=Estimate(0.5, 0.2, 3.5))
    assert wide.high == pytest.approx(change.mean() + 3)
    assert wide.low == pytest.approx(min(change.mean() - 0.3, difference.low), abs=0.05)


def test_rows_reckoned_with_beyond_those_seen_are_drawn_and_do_not_count() -> None:
    rows = np.array([[10.0, 1.0], [90.0, 1.0]])
    stratum = np.zeros(2, dtype=np.int64)
    seen = Patterns(np.array([4.0, 0.0]), (rows,), stratum, 1, unseen=np.array([0.0, 1.0]))
    (measured,) = estimates(seen, [MEAN])
    assert measured.value == 10
    assert measured.high > 10
    (drawn,) = redraw(seen, 4000, np.random.default_rng(0))
    assert MEAN.of(drawn).mean() == pytest.approx(4 / 5 * 10 + 1 / 5 * 90, rel=0.03)


def test_scores_of_redrawn_rows_are_those_of_the_rows() -> None:
    first, second = text(1, 2, 5, 9, nats=1), text(1, 2, 5, 9, nats=2)
    first[0, 0] = 7
    drawn = resampled_scores([[first, sparse.csr_array(second)]], PERPLEXITY, resamples=3, seed=5)
    assert drawn.shape == (3, 2, 1)
    rows = np.random.default_rng([5, 0]).integers(4, size=(3, 4))
    assert drawn[:, 0, 0] == pytest.approx([np.exp(first[row, 0].sum() / first[row, 1].sum()) for row in rows])
    assert drawn[:, 1, 0] == pytest.approx([E**2] * 3)
    words = np.array([3.0, 8.0, 1.0, 2.0])
    assert resampled_scores([[values(*words)]], MEAN, resamples=9) == pytest.approx(
        resampled_means([[words]], resamples=9)
    )


def test_the_gap_between_two_groups_points_to_the_worse_one() -> None:
    rows = np.concatenate([text(*[10] * 12, nats=1), text(*[10] * 12, nats=2)])
    gap, chance = permutation_test(score_gap(rows, PERPLEXITY), 12, 12, seed=0)
    assert gap == pytest.approx(E**2 - E)
    assert chance == 1 / 1000
    # As a score of which more is better the second half is the better one.
    gap, chance = permutation_test(score_gap(rows, replace(PERPLEXITY, higher_is_better=True)), 12, 12, seed=0)
    assert gap == pytest.approx(E - E**2)
    assert chance == 1


def test_a_slice_is_found_by_any_score() -> None:
    rows = np.concatenate([text(*[10] * 40, nats=1), text(*[10] * 30, nats=2), text(*[10] * 50, nats=1)])
    rows[::7, 0] += 1
    groups = by_value("group", ["easy"] * 40 + ["hard"] * 30 + ["usual"] * 50)
    (hard,) = worse_slices(rows, groups, PERPLEXITY)
    assert (hard.slice.value, hard.p_value) == ("hard", 3 / 1000)  # 1 in 1,000, of three slices
    assert hard.score.value == pytest.approx(np.exp(rows[40:70, 0].sum() / 300))
    assert hard.rest.value < hard.score.low
    # By mean nats, of which more is better here, the others are worse than that one, and no one of them is so surely.
    assert "hard" not in [worse.slice.value for worse in worse_slices(values(*rows[:, 0]), groups, MEAN)]


def test_of_a_rate_that_should_be_low_the_slice_with_more_hits_is_worse() -> None:
    mistakes = np.array([True, False] * 20 + [False] * 60)
    groups = by_value("group", ["many"] * 40 + ["none"] * 60)
    low, high = (
        worse_slices(hit_rows(mistakes), groups, replace(RATE, higher_is_better=better)) for better in (False, True)
    )
    assert [worse.slice.value for worse in low] == ["many"]
    assert [worse.slice.value for worse in high] == ["none"]
    assert (low[0].score.value, low[0].rest.value) == (0.5, 0.0)


def test_the_gate_judges_a_score_of_which_less_is_better() -> None:
    tokens = [5, 8, 30] * 20
    stratum = np.repeat([0, 2], 30)

    def evidence(before: float, after: float) -> GateEvidence:
        pairs = Patterns.of(text(*tokens, nats=before), text(*tokens, nats=after), stratum=stratum)
        change = measure_change("Letters", pairs, PERPLEXITY)
        return GateEvidence((change,), change, measure_strata(pairs, ["short", "no row", "long"], PERPLEXITY))

    better, worse = evidence(1.5, 1.4), evidence(1.4, 1.5)
    test = better.older[0]
    assert (test.rows, test.before.value, test.after.value) == (60, pytest.approx(E**1.5), pytest.approx(E**1.4))
    assert test.difference.value == pytest.approx(1 - E**-0.1)  # a share of what it was before
    assert better.strata is not None
    assert [(stratum.name, stratum.rows) for stratum in better.strata] == [("short", 30), ("long", 30)]
    assert judge(better, GateConfig(check_calibration=False)).promote
    verdict = judge(worse, GateConfig(check_calibration=False))
    assert [rule.passed for rule in verdict.rules] == [False, False, False]


def test_a_learning_curve_of_a_score_of_which_less_is_better() -> None:
    runs = [Patterns.of(text(5, 20, nats=nats)) for nats in (1.0, 3.0)]
    point = measure_point(0.5, 10, runs, [PERPLEXITY, MEAN])
    assert point.scores["perplexity"].value == pytest.approx((E + E**3) / 2)
    assert point.scores["mean_words"].value == pytest.approx(2.0)
    assert list(point.to_dict()) == ["share", "rows", "perplexity", "mean_words"]
    gain = last_gain([Patterns.of(text(*[5, 20] * 20, nats=2), text(*[5, 20] * 20, nats=1))] * 2, PERPLEXITY)
    assert gain == Estimate(*[pytest.approx(E**2 - E)] * 3)
    curve = []
    for rows in (100, 200, 400, 800, 1600):
        value = 1 + 100 * rows**-0.5  # the best perplexity is 1
        curve.append(Point(rows / 1600, rows, {"perplexity": Estimate(value, value - 0.1, value + 0.1)}))
    assert extrapolate(curve, PERPLEXITY) == pytest.approx(1 + 100 * 3200**-0.5)
    assert extrapolate(curve, replace(PERPLEXITY, higher_is_better=True)) is None  # there is no best one
    verdict = judge_curve(curve, gain, 40, PERPLEXITY)
    assert (verdict.answer, verdict.estimate) == ("yes", pytest.approx(1 + 100 * 3200**-0.5))


@pytest.mark.parametrize("sparsely", [False, True])
def test_rows_that_none_has_seen_are_shared_out_over_strata(sparsely: bool) -> None:
    first, second = values(10, 20, 30, 40), values(11, 21, 31, 41)
    answers = [sparse.csr_array(first), sparse.csr_array(second)] if sparsely else [first, second]
    pairs = Patterns.of(*answers, stratum=[0, 2, 2, 2])
    wider = pairs.with_unseen((values(1, 2), values(3, 4)), rows=0.5)
    assert wider.stratum.tolist() == [0, 0, 0, 2, 2, 2, 2, 2]
    assert wider.counts.tolist() == [1, 0, 0, 1, 1, 1, 0, 0]
    assert wider.unseen is not None
    assert wider.unseen.tolist() == pytest.approx([0, 0.0625, 0.0625, 0, 0, 0, 0.1875, 0.1875])
    assert wider.rows == 4
    assert np.array_equal(np.asarray(wider.sums()), np.asarray(pairs.sums()))
