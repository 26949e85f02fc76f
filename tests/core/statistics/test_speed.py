"""Percentiles and ratios of speed, worked out by hand."""

from __future__ import annotations

from core.statistics.speed import latency, paired_ratio, spread


def test_percentiles_are_those_of_all_answers_of_all_rounds() -> None:
    times = latency([list(range(1, 51)), list(range(51, 102))])  # 1 to 101 milliseconds
    assert (times.p50, times.p95, times.p99) == (51.0, 96.0, 100.0)


def test_spread_is_the_middle_round_and_the_extremes() -> None:
    assert spread([10.0, 30.0, 20.0]).to_dict() == {"median": 20.0, "low": 10.0, "high": 30.0}


def test_a_round_that_slows_both_does_not_change_the_ratio() -> None:
    assert paired_ratio([600.0, 60.0, 700.0], [100.0, 10.0, 100.0]).to_dict() == {
        "median": 6.0,
        "low": 6.0,
        "high": 7.0,
    }
