"""A test that looks every day: it stays quiet where nothing changes, and tells a change within days."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.sequential import FALSE_ALARMS, LIMIT, watch


def _days(generator: np.random.Generator, count: int, rows: int, ends: tuple[float, float]) -> list[list[float]]:
    return [generator.beta(*ends, rows).tolist() for _ in range(count)]


def test_hardly_ever_alarms_in_a_year_without_a_change() -> None:
    alarms = 0
    for seed in range(20):
        generator = np.random.default_rng(seed)
        watched = watch(generator.beta(1, 3, 300), _days(generator, 365, 8, (1, 3)), seed=seed)
        alarms += watched.alarm is not None
    assert alarms <= 20 * FALSE_ALARMS


@pytest.mark.parametrize("ends", [(2, 3), (1, 9)], ids=["less sure", "surer"])
def test_tells_a_change_whichever_way_it_goes(ends: tuple[float, float]) -> None:
    generator = np.random.default_rng(0)
    days = _days(generator, 30, 30, (1, 3)) + _days(generator, 30, 30, ends)
    watched = watch(generator.beta(1, 3, 1000), days)
    assert watched.alarm is not None
    assert 30 <= watched.alarm < 45
    assert watched.evidence[watched.alarm] >= LIMIT
    assert (watched.evidence[:30] < LIMIT).all()


def test_values_that_are_all_the_same_are_no_change() -> None:
    assert watch([0.5] * 100, [[0.5] * 20] * 100).alarm is None


def test_the_same_seed_gives_the_same_evidence_and_empty_days_are_days() -> None:
    first, again = (watch([0.1, 0.2], [[], [0.15], []], seed=3).evidence for _ in range(2))
    assert len(first) == 3
    assert np.array_equal(first, again)
