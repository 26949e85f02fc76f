from __future__ import annotations

import math

import pytest

from core.base import wording
from core.base.messages import message


def test_a_score_has_three_decimals_and_its_interval() -> None:
    assert wording.score(0.9123, 0.8966, 0.9257) == "0.912 (0.897–0.926)"
    assert wording.score(0.5) == "0.500"
    assert wording.score(None) == wording.score(math.nan) == "–"


@pytest.mark.parametrize(
    ("difference", "shown"),
    [
        (0.174, "+17.4"),
        (-0.003, "−0.3"),
        (0.0, "0.0"),
        (-0.0004, "0.0"),
        (0.0004, "0.0"),
        (-0.0, "0.0"),
        (1.0, "+100.0"),
    ],
)
def test_a_difference_is_in_points_and_zero_has_no_sign(difference: float, shown: str) -> None:
    assert wording.points(difference) == shown


def test_a_score_without_an_upper_end_has_one_decimal_and_so_has_its_interval() -> None:
    assert wording.score(266.577) == "266.6"
    assert wording.score(1281.06) == "1,281.1"
    assert wording.score(266.577, 247.622, 286.964) == "266.6 (247.6–287.0)"
    assert wording.score(9.512, 8.9, 10.21) == "9.5 (8.9–10.2)"
    assert wording.interval(247.622, 286.964) == "247.6–287.0"


def test_the_ends_of_a_difference_stand_with_room_for_their_signs() -> None:
    assert wording.points_interval(-0.0123, 0.004) == "−1.2 – +0.4"


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0.01 s"), (0.42, "0.42 s"), (3.14, "3.1 s"), (73.6, "74 s")])
def test_no_time_is_zero_seconds(value: float, shown: str) -> None:
    assert wording.seconds(value) == shown


@pytest.mark.parametrize(
    ("template", "facts", "shown"),
    [
        ("{count:,} rows are set aside.", {"count": 1}, "1 row is set aside."),
        ("Version {version} as files.", {"version": 1}, "Version 1 as files."),
        ("{count:,} rows are set aside.", {"count": 1000}, "1,000 rows are set aside."),
        ("**{count} new rows** were found", {"count": "1"}, "**1 new row** was found"),
        ("Over {runs} seeds", {"runs": 1}, "Over 1 seed"),
        ("{rows} of {all} rows", {"rows": 1, "all": 5}, "1 of 5 rows"),
        ("lost {points} points", {"points": "1.0"}, "lost 1.0 points"),
        ("{text} rows", {"text": "{text} rows"}, "{text} rows rows"),
    ],
)
def test_english_nouns_agree_with_a_count_of_one(template: str, facts: dict[str, object], shown: str) -> None:
    assert str(message("a.b", template, **facts)) == shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("No such table.", "Broke off: No such table. Try again."),
        ("No such table", "Broke off: No such table. Try again."),
        ("and so on...", "Broke off: and so on.... Try again."),
        ("../..", "Broke off: ../... Try again."),
        ("没有这张表。", "Broke off: 没有这张表. Try again."),
    ],
)
def test_a_reason_with_a_full_stop_gets_no_second_one(reason: str, shown: str) -> None:
    assert str(message("x", "Broke off: {reason}. Try again.", reason=reason)) == shown


@pytest.mark.parametrize(
    ("template", "facts", "shown"),
    [
        ("{rows} 条文本", {"rows": 1350}, "1,350 条文本"),
        ("{rows:,} rows", {"rows": 1350}, "1,350 rows"),
        ("of {rows} rows", {"rows": 1}, "of 1 row"),
        (
            "port {port}, seed {seed}, version {version}",
            {"port": 8731, "seed": 2024, "version": 1000},
            "port 8731, seed 2024, version 1000",
        ),
        ("{sure}", {"sure": True}, "True"),
    ],
)
def test_thousands_of_what_is_counted_are_separated(template: str, facts: dict[str, object], shown: str) -> None:
    assert str(message("a.b", template, **facts)) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.031, "3.1%"), (-0.004, "−0.4%"), (-0.0004, "0.0%"), (-0.0, "0.0%"), (0.0004, "0.0%"), (1.0, "100.0%")],
)
def test_a_share_below_zero_has_its_sign_and_zero_has_none(share: float, shown: str) -> None:
    assert wording.percent(share) == shown


@pytest.mark.parametrize(
    ("template", "number", "shown"),
    [
        ("{it:.1f} points", -0.04, "0.0 points"),
        ("{it:+.1f} points", -0.04, "0.0 points"),
        ("{it:.0%}", -0.0001, "0%"),
        ("{it:.1f} points", -0.06, "-0.1 points"),
        ("{it}", -0.0, "0.0"),
        ("{it:.1f}", -math.inf, "-inf"),
    ],
)
def test_no_sentence_holds_a_negative_zero(template: str, number: float, shown: str) -> None:
    assert str(message("test.key", template, it=number)) == shown


def test_a_number_for_a_table_is_never_a_negative_zero() -> None:
    assert [math.copysign(1, wording.unsigned_zero(value, 3)) for value in (-0.0004, -0.0, 0.0004)] == [1, 1, 1]
    assert wording.unsigned_zero(-0.0006, 3) == -0.001
