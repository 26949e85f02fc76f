"""ε of noise, against Opacus's accountant and the exact formula for Gaussian noise."""

from __future__ import annotations

import math

import pytest
from opacus.accountants import PRVAccountant

from core.training.private.accounting import Mechanism, epsilon_of, gaussian_noise, sampled_noise, usual_delta
from core.training.private.budget import Spend, spent

DELTA = 1e-5


def test_epsilon_of_sampled_steps_is_that_of_opacus() -> None:
    accountant = PRVAccountant()
    for _ in range(300):
        accountant.step(noise_multiplier=1.1, sample_rate=0.02)

    assert epsilon_of([Mechanism("dp-sgd", 1.1, 0.02, 300)], DELTA) == pytest.approx(
        accountant.get_epsilon(DELTA), abs=1e-3
    )


def test_the_noise_for_an_epsilon_costs_that_epsilon_and_never_more() -> None:
    noise = sampled_noise(3.0, DELTA, 0.02, 300)

    assert 2.98 < epsilon_of([Mechanism("dp-sgd", noise, 0.02, 300)], DELTA) <= 3.0


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0, 50.0])
def test_gaussian_noise_is_exact(epsilon: float) -> None:
    noise = gaussian_noise(epsilon, DELTA)

    assert epsilon_of([Mechanism("gaussian", noise)], DELTA) == pytest.approx(epsilon, rel=1e-6)
    # The older, rougher formula (Dwork & Roth 2014, theorem A.1) holds for ε below 1 and asks for more noise.
    assert epsilon >= 1 or noise < math.sqrt(2 * math.log(1.25 / DELTA)) / epsilon


def test_gaussian_sums_compose_as_one_with_less_noise() -> None:
    several = [Mechanism("gaussian", 4.0) for _ in range(4)]

    assert epsilon_of(several, DELTA) == pytest.approx(epsilon_of([Mechanism("gaussian", 2.0)], DELTA))


def test_sampled_and_plain_sums_cost_more_together_than_either_alone() -> None:
    plain, sampled = Mechanism("gaussian", 3.0), Mechanism("dp-sgd", 1.2, 0.02, 200)

    together = epsilon_of([plain, sampled], DELTA)

    assert together > max(epsilon_of([plain], DELTA), epsilon_of([sampled], DELTA))
    assert together < epsilon_of([plain], DELTA) + epsilon_of([sampled], DELTA)


def test_nothing_told_costs_nothing() -> None:
    assert epsilon_of([], DELTA) == 0.0
    assert usual_delta(1000) == pytest.approx(1000**-1.1)


def spend(number: int, noise: float, *, apart: bool) -> Spend:
    mechanism = Mechanism("gaussian", noise)
    return Spend(number, mechanism, epsilon_of([mechanism], DELTA), 100, 100, "row", apart)


def test_experiences_that_share_nobody_cost_as_much_as_the_dearest() -> None:
    spends = [spend(1, 4.0, apart=True), spend(2, 2.0, apart=True), spend(3, 4.0, apart=True)]

    assert spent(spends, DELTA) == pytest.approx(spends[1].epsilon)


def test_an_experience_that_meets_somebody_again_is_composed_with_all_before_it() -> None:
    spends = [spend(1, 4.0, apart=True), spend(2, 4.0, apart=True), spend(3, 4.0, apart=False)]

    assert spent(spends, DELTA) == pytest.approx(epsilon_of([spend.mechanism for spend in spends], DELTA))
    assert spent([], DELTA) == 0.0


def test_a_spend_is_stored_and_read_again() -> None:
    known = spend(1, 4.0, apart=True)

    assert Spend.from_dict(known.to_dict()) == known
