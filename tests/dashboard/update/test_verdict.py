"""The rows whose answer flipped between two versions; numbers by hand."""

from __future__ import annotations

import pandas as pd

from core.tasks.text_classification.scores import evaluate_predictions
from dashboard.update.verdict import Answers


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
