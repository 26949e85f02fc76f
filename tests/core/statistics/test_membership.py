"""The attack on made-up confidences, bounds against Clopper and Pearson's own figures, and exposures counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.statistics import membership
from core.statistics.membership import attack, exposures, lower_bound, mean_exposure


def shadows(gap: float, *, shadows: int = 12, rows: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of rows that differ in how hard they are; a shadow that learned a row is surer of it by ``gap``."""
    generator = np.random.default_rng(seed)
    learned = generator.random((shadows, rows)) < 0.5
    hard = generator.normal(0, 3, rows)
    return hard + gap * learned + generator.normal(0, 1, (shadows, rows)), learned


def test_rows_of_which_nothing_is_known_cannot_be_told_apart() -> None:
    attacks = [attack(*shadows(0.0, seed=seed)) for seed in range(40)]
    areas = [each.auc for each in attacks if each is not None]
    assert len(areas) == 40
    assert np.mean([area.value for area in areas]) == pytest.approx(
        0.5, abs=0.01
    )  # no bias from leaving the target out
    covered = np.mean([area.low <= 0.5 <= area.high for area in areas])
    assert covered >= 0.85
    assert all(each is not None and each.bound is not None and each.bound.value < 0.1 for each in attacks)


def test_rows_that_are_remembered_are_told_apart_however_hard_they_are() -> None:
    confidence, learned = shadows(2.0)
    result = attack(confidence, learned)
    assert result is not None
    plain = membership.area(confidence, learned).value
    assert result.auc.value > 0.85 > 0.7 > plain  # the likelihood ratio knows the row's own difficulty
    assert result.auc.low < result.auc.value < result.auc.high
    assert result.hits.value > 0.1
    alarms, hits = result.curve
    assert alarms == sorted(alarms)
    assert hits == sorted(hits)
    assert (alarms[-1], hits[-1]) == (1.0, 1.0)


def test_a_likelihood_ratio_by_hand() -> None:
    # Two references learned the row and are sure of it by 3 and 5, two did not: −1 and 1. Both variances are 2, and a mean of
    # two adds half of that: the ratio at 4 is (4 − 0)² / 6 / … with 3 for each side.
    references = np.array([[3.0], [5.0], [-1.0], [1.0]])
    learned = np.array([[True], [True], [False], [False]])
    ratios = membership._ratios(references, learned, np.array([4.0]))
    assert ratios[0] == pytest.approx(((4 - 0) ** 2 - (4 - 4) ** 2) / (2 * 3))


def test_a_side_that_no_reference_shows_lies_as_far_off_as_in_other_rows() -> None:
    references = np.array([[3.0, 3.0], [5.0, 5.0], [-1.0, 4.0], [1.0, 4.0]])
    learned = np.array([[True, True], [True, True], [False, True], [False, True]])
    sure, unsure = (membership._ratios(references, learned, np.array([0.0, value]))[1] for value in (4.0, 0.0))
    assert sure > 0 > unsure


def test_the_area_counts_ties_half() -> None:
    scores = np.array([[1.0, 2.0, 2.0, 3.0]])
    learned = np.array([[False, False, True, True]])
    assert membership.area(scores, learned).value == pytest.approx(3.5 / 4)


def test_the_hit_rate_lets_no_more_others_pass_than_it_may() -> None:
    learned = np.tile([True, False], 200).reshape(1, -1)
    scores = np.where(learned, 150.5, np.arange(400) / 2)
    scores[0, 1::2] = np.arange(200)  # of 200 others 2 may pass: the threshold is 197
    assert membership.hit_rate(scores, learned).value == 0.0
    scores[learned] = 197.5
    assert membership.hit_rate(scores, learned).value == 1.0


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    doubt = 0.025
    bound = membership._epsilon(80, 100, 5, 90, 0.01, doubt)
    low = stats.binomtest(80, 100).proportion_ci(1 - 2 * doubt, method="exact").low
    high = stats.binomtest(5, 90).proportion_ci(1 - 2 * doubt, method="exact").high
    assert bound == pytest.approx(np.log((low - 0.01) / high))
    assert membership._epsilon(0, 100, 100, 100, 0.0, doubt) == -np.inf


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_randomised_response_is_bounded_closely_and_hardly_ever_beyond_its_epsilon(epsilon: float) -> None:
    honest = np.exp(epsilon) / (1 + np.exp(epsilon))
    values = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        learned = generator.random((8, 500)) < 0.5
        told = np.where(generator.random(learned.shape) < honest, learned, ~learned).astype(float)
        bound = lower_bound(told, learned)
        assert bound is not None
        assert bound.value <= bound.most
        values.append(bound.value)
    assert np.mean(np.array(values) > epsilon) <= 0.1
    assert np.mean(values) > 0.7 * epsilon


def test_delta_explains_a_few_hits() -> None:
    learned = np.repeat([[True, False]], 400, axis=0).T.reshape(1, -1)
    scores = learned * (np.arange(800) % 100 < 2).astype(float)  # a few members stand out, and no other does
    without, with_delta = (lower_bound(scores, learned, delta=delta) for delta in (0.0, 0.1))
    assert without is not None
    assert with_delta is not None
    assert with_delta.value <= without.value


def test_too_few_rows_prove_nothing() -> None:
    confidence, learned = shadows(5.0, rows=29)
    assert attack(confidence, learned) is None
    assert attack(*shadows(5.0, shadows=2)) is None
    assert lower_bound(confidence[:2], learned[:2]) is None
    assert attack(confidence, np.ones_like(learned)) is None


def test_inputs_stay_as_they_are() -> None:
    confidence, learned = shadows(1.0)
    before = confidence.copy(), learned.copy()
    attack(confidence, learned)
    assert np.array_equal(before[0], confidence)
    assert np.array_equal(before[1], learned)


def test_exposure_is_the_rank_among_texts_that_were_never_learned() -> None:
    references = np.tile(np.arange(7.0), (3, 1))
    # Above all seven: rank 1 of 8. Above none: rank 8. Equal to the fourth: three above, half a rank for the equal.
    bits = exposures(np.array([9.0, -1.0, 3.0]), references)
    assert bits == pytest.approx([3.0, 0.0, np.log2(8 / 4.5)])


def test_mean_exposures_are_told_for_shadows_with_a_canary_and_without() -> None:
    exposed = np.array([[3.0, 1.0], [1.0, 3.0], [3.0, 1.0], [1.0, 3.0]])
    learned = exposed > 2
    summary = mean_exposure(exposed, learned, 7)
    assert summary is not None
    assert (summary.inserted.value, summary.absent.value, summary.most) == (3.0, 1.0, 3.0)
    assert mean_exposure(exposed, np.zeros_like(learned), 7) is None


def test_a_text_that_was_not_learned_is_exposed_by_chance_alone() -> None:
    generator = np.random.default_rng(0)
    bits = exposures(generator.normal(size=2000), generator.normal(size=(2000, 511)))
    assert bits.mean() == pytest.approx(membership.CHANCE_EXPOSURE, abs=0.1)
