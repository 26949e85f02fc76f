"""What is said of an update on the new and the old tests, and how long the next one takes; figures by hand."""

from __future__ import annotations

from typing import Any

import pytest

from core.continual.gate.rules import GateConfig
from dashboard.update import rules
from dashboard.update.headline import changed, lost_for_sure
from dashboard.update.takes import Basis


def test_of(number: int, value: float, half: float, *more: float) -> dict[str, Any]:
    """A frozen test on which the accuracy changed by ``value``, give or take ``half``; of 200 rows, unless ``more`` says it."""
    difference = {"value": value, "low": value - half, "high": value + half}
    before = {"accuracy": {"value": 0.8}}
    return {
        "experience": number,
        "rows": more[0] if more else 200,
        "difference": {"accuracy": difference},
        "before": before,
    }


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("older", "newest", "said"),
    [
        ([], (0.094, 0.02), "Version 2 gains 9.4 points on the new test."),
        ([], (0.02, 0.05), "Version 2 gains 2.0 points on the new test, which may be chance."),
        ([], (-0.02, 0.05), "Version 2 loses 2.0 points on the new test, which may be chance."),
        ([], (-0.05, 0.02), "Version 2 loses 5.0 points on the new test."),
        ([], (0.0, 0.02), "Version 2 is as good as before on the new test."),
        ([(0.01, 0.1)], (0.1, 0.05), "Version 2 gains 10.0 points on the new test. No older test lost anything."),
        (
            [(-0.05, 0.02)],
            (0.1, 0.05),
            "Version 2 gains 10.0 points on the new test. On Test 1 it loses 5.0 points.",
        ),
        (
            [(-0.05, 0.08)],
            (0.1, 0.05),
            "Version 2 gains 10.0 points on the new test. On Test 1 it loses 5.0 points, which may be chance.",
        ),
        (  # an interval of a few rows tells too little of chance
            [(-0.05, 0.02, 16)],
            (1.0, 0.0, 24),
            "Version 2 gains 100.0 points on the new test, which may be chance. On Test 1 it loses 5.0 points, which may be "
            "chance.",
        ),
        (  # what is lost for sure is said before what is more, and may be chance
            [(-0.05, 0.08), (-0.03, 0.01)],
            (0.1, 0.05),
            "Version 2 gains 10.0 points on the new test. Of the older tests it loses most on Test 2: 3.0 points.",
        ),
    ],
)
def test_the_headline_says_what_changed_and_what_may_be_chance(
    older: list[tuple[float, ...]], newest: tuple[float, ...], said: str
) -> None:
    tests = [test_of(number, *change) for number, change in enumerate([*older, newest], start=1)]
    assert changed({"tests": tests}, 2) == said


@pytest.mark.parametrize(
    ("strata", "said"),
    [
        (
            [("good", 200, -0.081, 0.02), ("bad", 200, -0.2, 0.3)],
            "“good” is found less often, beyond chance: 8.1 points",
        ),
        ([("bad", 200, -0.2, 0.3)], ""),  # may be chance
        ([("rare", 12, -0.5, 0.1)], ""),  # of so few rows an interval tells too little
        ([("good", 200, 0.1, 0.02)], ""),
        ([], ""),
    ],
)
def test_a_label_that_lost_for_sure_stands_under_the_headline(
    strata: list[tuple[str, int, float, float]], said: str
) -> None:
    labels = [
        {"name": name, "rows": rows, "difference": {"value": value, "low": value - half, "high": value + half}}
        for name, rows, value, half in strata
    ]
    told = lost_for_sure({"gate_evidence": {"labels": labels}})
    assert said in told if said else told == ""


def test_a_time_is_scaled_by_rows_and_epochs() -> None:
    known = Basis(version=1, seconds=12.0, learning=10.0, rows=100, epochs=5, most=20)
    assert known.scaled(100) == pytest.approx(12.0)
    assert known.scaled(200) == pytest.approx(22.0)
    assert known.scaled(100, most=40) == pytest.approx(12.0)  # it had ended before the most
    assert known.scaled(100, most=1) == pytest.approx(4.0)
    full = Basis(version=1, seconds=12.0, learning=10.0, rows=100, epochs=5, most=5)
    assert full.scaled(100, most=10) == pytest.approx(22.0)


def test_a_rule_that_allows_nothing_is_zero_without_a_sign() -> None:
    told = rules.summary(GateConfig(tolerance=0.0, minimum_gain=0.0, label_tolerance=2.5))
    assert "older tests 0 at most" in told
    assert "labels −2.5 at most" in told
    assert "new test 0 at least" in told
