"""Judging a candidate again at another tolerance, and the rows that flipped; numbers by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.metrics import evaluate_predictions
from dashboard.update_page_verdict import Answers, judge_again


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def measured(number: int, before: float, after: float) -> dict[str, Any]:
    return {
        "experience": number,
        "name": f"batch {number}",
        "rows": 100,
        "before": {"accuracy": estimate(before)},
        "report": {"accuracy": estimate(after)},
        "difference": {"accuracy": estimate(after - before)},
    }


def test_a_loss_passes_once_the_tolerance_reaches_it() -> None:
    report = {"tests": [measured(1, 0.90, 0.87), measured(2, 0.60, 0.80)]}
    strict, generous = judge_again(report, 2.5), judge_again(report, 3.0)
    assert strict is not None
    assert generous is not None
    assert [rule.passed for rule in strict.rules] == [False, True]
    assert not strict.promote
    assert generous.promote


def test_a_loss_on_the_newest_test_passes_at_no_tolerance() -> None:
    verdict = judge_again({"tests": [measured(1, 0.90, 0.91), measured(2, 0.60, 0.59)]}, 10.0)
    assert verdict is not None
    assert not verdict.promote


def test_the_sentences_use_the_given_names() -> None:
    verdict = judge_again(
        {"tests": [measured(1, 0.9, 0.9), measured(2, 0.6, 0.8)]}, 1.0, lambda n, name: f"{n}: {name}"
    )
    assert verdict is not None
    assert [rule.message.facts["test"] for rule in verdict.rules] == ["1: batch 1", "2: batch 2"]


def test_a_single_test_gives_no_verdict() -> None:
    assert judge_again({"tests": [measured(1, 0.9, 0.9)]}, 1.0) is None


def test_flipped_rows_by_kind_and_test() -> None:
    table = pd.DataFrame(
        [
            (1, "a", "x", "x", "x"),  # right and right
            (1, "b", "x", "y", "x"),  # better
            (2, "c", "x", "x", "y"),  # worse
            (2, "d", "x", "y", "z"),  # wrong in another way
            (2, "e", "y", "x", "y"),  # better
        ],
        columns=["test", "text", "truth", "before", "after"],
    )
    nothing = evaluate_predictions([0], [0], ("x",))
    answers = Answers(table, nothing, nothing)
    assert answers.flipped("better")["text"].tolist() == ["b", "e"]
    assert answers.flipped("better", 2)["text"].tolist() == ["e"]
    assert answers.flipped("worse")["text"].tolist() == ["c"]
    assert answers.flipped("other")["text"].tolist() == ["d"]
