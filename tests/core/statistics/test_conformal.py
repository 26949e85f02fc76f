"""p-values among values from before, and how many of several new values may be marked."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.conformal import most_marked, p_values


def test_a_value_is_ranked_among_those_before_and_itself() -> None:
    # Of 1, 2, 3: as large as 4 none, as 3 one, as 2.5 one, as 0 all; and the value itself.
    assert p_values([4, 3, 2.5, 0], [1, 2, 3]).tolist() == [1 / 4, 2 / 4, 2 / 4, 1]
    assert p_values([], [1, 2]).tolist() == []


@pytest.mark.parametrize(
    ("rows", "known", "most"),
    [
        (1, 19, 1),  # marked with a chance of 1/20, which is more than 2.5 %
        (2, 19, 1),  # none 19·20/(20·21) = .905, one 2·19/(20·21) = .090: together .995
        (5, 10, 0),  # the smallest p-value is 1/11, so nothing is ever marked
        (0, 100, 0),
    ],
)
def test_how_many_may_be_marked(rows: int, known: int, most: int) -> None:
    assert most_marked(rows, known, 0.05) == most


def test_values_as_ever_are_marked_as_often_as_was_said() -> None:
    generator = np.random.default_rng(0)
    marked, beyond = [], 0
    for _ in range(400):
        known = np.sort(generator.normal(size=99))
        count = int((p_values(generator.normal(size=200), known) <= 0.05).sum())
        marked.append(count / 200)
        beyond += count > most_marked(200, 99, 0.05)
    assert np.mean(marked) == pytest.approx(0.05, abs=0.005)
    assert beyond / 400 < 0.04
    # A binomial range would be left more often: the same 99 values stand behind all 200.
    assert most_marked(200, 99, 0.05) > most_marked(200, 1_000_000, 0.05) >= 16
