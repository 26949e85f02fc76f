"""Each drift test on figures worked out by hand, on data that changed, and on data that did not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.continual.drift.representation import mean_discrepancy, text_vectors, two_sample_classifier
from core.continual.drift.tests import (
    DriftTest,
    accuracy_drop,
    confidence_shift,
    strata_shift,
    together,
    vocabulary_shift,
)


def alarms(p_values: list[float | None]) -> int:
    return sum(p_value is not None and p_value <= 0.05 for p_value in p_values)


# -- strata


def test_strata_shift_is_chi_square_of_the_table() -> None:
    # Expected 40 in each cell, found 10 more or less: 4 x 100 / 40 = 10, on one degree of freedom.
    shift = strata_shift([50, 30], [30, 50])
    assert shift.statistic == pytest.approx(10)
    assert shift.p_value == pytest.approx(0.0015654, rel=1e-4)
    assert shift.effect == pytest.approx(0.25)  # 62.5 % became 37.5 %
    assert shift.rows == (80, 80)


def test_rare_strata_are_dealt_at_random_and_agree_with_counting() -> None:
    # All 3 rows of the rare stratum on the new side, of 60 + 40 rows: 40 x 39 x 38 / (100 x 99 x 98) = 0.061. The other
    # end, all 3 on the old side (0.212), has a smaller χ².
    shift = strata_shift([60, 0], [37, 3], rounds=4000)
    assert shift.p_value == pytest.approx(0.061, abs=0.015)
    assert strata_shift([60, 0], [37, 3]) == strata_shift([60, 0], [37, 3])


def test_one_stratum_on_both_sides_is_no_shift() -> None:
    shift = strata_shift([50, 0], [40, 0])
    assert (shift.statistic, shift.p_value, shift.effect) == (0, 1, 0)


def test_strata_shift_raises_few_false_alarms_with_many_rare_strata() -> None:
    generator = np.random.default_rng(0)
    shares = np.full(40, 1 / 40)
    p_values = [
        strata_shift(generator.multinomial(60, shares), generator.multinomial(90, shares), seed=seed, rounds=99).p_value
        for seed in range(300)
    ]
    assert 3 <= alarms(p_values) <= 29  # 15 on average


# -- words


def test_unknown_words_are_shares_of_all_words() -> None:
    before = (np.ones(50), np.full(50, 10))
    after = (np.full(40, 3), np.full(40, 10))
    shift = vocabulary_shift(before, after)
    assert (shift.before, shift.after, shift.effect) == pytest.approx((0.1, 0.3, 0.2))
    assert shift.p_value == 0.001
    assert shift.verdict == "changed"


def test_fewer_unknown_words_are_a_change_too() -> None:
    shift = vocabulary_shift((np.full(50, 3), np.full(50, 10)), (np.ones(40), np.full(40, 10)))
    assert shift.effect == pytest.approx(-0.2)
    assert shift.p_value == 0.001


def test_one_odd_text_is_not_a_new_vocabulary() -> None:
    # A single text with 60 unknown words makes 3 % of all words unknown; word by word that would be beyond chance.
    after = np.zeros(40)
    after[0] = 60
    shift = vocabulary_shift((np.zeros(40), np.full(40, 50)), (after, np.full(40, 50)))
    assert shift.effect == pytest.approx(60 / 2000)
    assert shift.p_value is not None
    assert shift.p_value > 0.9  # whichever side the odd text is on, the difference is the same


# -- confidence


def test_confidence_shift_is_the_largest_gap_between_the_distributions() -> None:
    # 0.5 and 0.9 in equal parts against 0.5 alone: up to 0.5, 50 % against 100 %.
    shift = confidence_shift(np.repeat([0.5, 0.9], 30), np.full(60, 0.5))
    assert shift.statistic == pytest.approx(0.5)
    assert shift.effect == pytest.approx(-0.2)
    assert shift.p_value == 0.001


def test_equal_confidences_with_ties_are_no_shift() -> None:
    shift = confidence_shift(np.full(40, 0.7), np.full(60, 0.7))
    assert (shift.statistic, shift.p_value) == (0, 1)


def test_confidence_shift_raises_few_false_alarms() -> None:
    generator = np.random.default_rng(1)
    p_values = [
        confidence_shift(generator.beta(5, 1, 60), generator.beta(5, 1, 35), seed=seed, rounds=99).p_value
        for seed in range(300)
    ]
    assert 3 <= alarms(p_values) <= 29


# -- accuracy


def test_a_gain_of_accuracy_is_no_alarm() -> None:
    drop, gain = accuracy_drop((90, 100), (60, 100)), accuracy_drop((60, 100), (90, 100))
    assert drop.effect == pytest.approx(-0.3)
    assert drop.verdict == "changed"
    assert gain.verdict == "same"


def test_a_rise_of_accuracy_is_told_by_its_interval() -> None:
    gain, drop = accuracy_drop((48, 80), (56, 70)), accuracy_drop((56, 70), (48, 80))
    assert gain.interval is not None
    assert (gain.interval.low, gain.interval.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert gain.rose
    assert not drop.rose
    assert not accuracy_drop((80, 100), (82, 100)).rose  # may be chance
    assert not accuracy_drop((8, 10), (10, 10)).rose  # too few rows to say
    stored = gain.to_dict()
    assert (stored["rose"], stored["interval"]["value"]) == (True, pytest.approx(0.2))


# -- texts as a whole

THINGS = ("kettle", "phone", "lamp", "shoe", "book", "bag", "cable", "chair", "table", "mug")
WORDS = ("good", "bad", "fine", "poor", "great", "awful", "nice", "dull")


def texts(rows: int, generator: np.random.Generator, things: tuple[str, ...] = THINGS) -> list[str]:
    return [f"the {generator.choice(things)} is {' '.join(generator.choice(WORDS, 3))}" for _ in range(rows)]


def test_a_new_topic_is_told_by_both_tests() -> None:
    generator = np.random.default_rng(0)
    vectors = text_vectors(texts(120, generator) + texts(100, generator, ("hotel", "beach", "pool")))
    assert vectors is not None
    told, likeness = two_sample_classifier(vectors, 120), mean_discrepancy(vectors, 120)
    assert told.effect is not None
    assert told.effect > 0.9
    assert told.p_value == likeness.p_value == 0.001
    assert likeness.effect is not None
    assert likeness.effect > 0


def test_the_same_topic_raises_few_false_alarms() -> None:
    generator = np.random.default_rng(3)
    told, likeness = [], []
    for seed in range(120):
        vectors = text_vectors(texts(50, generator) + texts(40, generator), seed=seed)
        assert vectors is not None
        told.append(two_sample_classifier(vectors, 50, seed=seed, rounds=99).p_value)
        likeness.append(mean_discrepancy(vectors, 50, seed=seed, rounds=99).p_value)
    # 6 on average; more than 16 come once in several thousand times.
    assert alarms(told) <= 16
    assert alarms(likeness) <= 16


def test_mean_discrepancy_worked_out_by_hand() -> None:
    # Two heaps of 30 equal points at distance 1: within each k = 1, across k = exp(−1 / m). Of the 1,770 pairs 900 lie
    # across, so the median of the squared distances is m = 1, and MMD² = 2 − 2 / e.
    discrepancy = mean_discrepancy(np.repeat([[0.0], [1.0]], 30, axis=0), 30)
    assert discrepancy.statistic == pytest.approx(2 - 2 / np.e, rel=1e-5)
    assert discrepancy.effect == pytest.approx(np.e - 1, rel=1e-5)  # (1 − 1/e) / (1/e)


def test_perfectly_separable_rows_have_an_area_of_one() -> None:
    test = two_sample_classifier(np.repeat([[0.0], [1.0]], 40, axis=0), 40)
    assert test.effect == 1
    assert test.rows == (40, 40)


def test_vectors_do_not_depend_on_which_side_a_text_is_on() -> None:
    generator = np.random.default_rng(5)
    some = texts(60, generator)
    turned = text_vectors(some[::-1])
    straight = text_vectors(some)
    assert straight is not None
    assert turned is not None
    distances = [np.linalg.norm(vectors[0] - vectors[59]) for vectors in (straight, turned)]
    assert distances[0] == pytest.approx(distances[1], abs=1e-6)


@pytest.mark.parametrize("some", [["", " "] * 40, ["?"] * 80])
def test_texts_without_words_have_no_vectors(some: list[str]) -> None:
    assert text_vectors(some) is None


def test_chinese_is_read_character_by_character() -> None:
    vectors = text_vectors(["快递很快", "物流太慢", "快递太慢"] * 20)
    assert vectors is not None
    assert vectors.shape[0] == 60


# -- all together


def test_with_too_few_rows_nothing_is_judged_and_the_reason_is_said() -> None:
    few = [
        strata_shift([20, 9], [50, 50]),
        vocabulary_shift((np.ones(29), np.ones(29)), (np.ones(50), np.ones(50))),
        confidence_shift(np.ones(29), np.ones(50)),
        accuracy_drop((20, 29), (20, 50)),
        two_sample_classifier(np.zeros((79, 2)), 29),
        mean_discrepancy(np.zeros((79, 2)), 29),
    ]
    assert {test.verdict for test in few} == {"unjudged"}
    assert all(test.reason is not None and test.reason.key == "drift.few_rows" for test in few)
    assert together(few) == tuple(few)


def judged(p_value: float) -> DriftTest:
    return DriftTest("labels", 1.0, p_value, 0.1, (50, 50))


def test_together_corrects_only_what_was_judged() -> None:
    first, skipped, second = together([judged(0.04), accuracy_drop((1, 2), (1, 2)), judged(0.02)])
    assert (first.adjusted, second.adjusted) == pytest.approx((0.04, 0.04))
    assert skipped.adjusted is None
    assert [test.verdict for test in (first, skipped, second)] == ["changed", "unjudged", "changed"]


def test_noticeable_alone_but_not_among_many_is_perhaps() -> None:
    tests = together([judged(0.04), judged(0.5), judged(0.6)])
    assert [test.verdict for test in tests] == ["perhaps", "same", "same"]


def test_a_test_can_be_stored() -> None:
    for test in (*together([judged(0.01)]), accuracy_drop((1, 2), (1, 2))):
        stored = json.loads(json.dumps(test.to_dict(), allow_nan=False))
        assert stored["verdict"] == test.verdict
        assert stored["judged"] == test.judged


def test_arguments_stay_as_they_were() -> None:
    counts, sure = np.array([40, 20]), np.linspace(0.5, 1, 60)
    kept = counts.copy(), sure.copy()
    strata_shift(counts, counts)
    confidence_shift(sure, sure)
    assert (counts == kept[0]).all()
    assert (sure == kept[1]).all()
