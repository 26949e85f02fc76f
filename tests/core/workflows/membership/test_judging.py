"""What an attack's record says beside a promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.workflows.membership.judging import Figures, judge


def figures(gap: float, promised: float | None, *, rows: int = 200, **changed: Any) -> Figures:
    generator = np.random.default_rng(0)
    learned, inserted = (generator.random((8, count)) < 0.5 for count in (rows, 30))
    facts: dict[str, Any] = {
        "rows": generator.normal(size=learned.shape) + gap * learned,
        "learned": learned,
        "canaries": generator.normal(size=inserted.shape) + gap * inserted,
        "inserted": inserted,
        "exposures": generator.random(inserted.shape) + inserted,
        "references": 511,
        "taking_part": rows,
        "available": rows,
        "asked": 8,
        "promised": None if promised is None else {"epsilon": promised, "delta": 1e-4},
    }
    return Figures(**facts | changed)


@pytest.mark.parametrize(
    ("gap", "promised", "key"),
    [
        (0.0, None, "membership.no_promise_nothing"),
        (4.0, None, "membership.no_promise"),
        (0.0, 3.0, "membership.kept"),
        (6.0, 1.0, "membership.broken"),
        (0.0, 30.0, "membership.too_weak"),
    ],
)
def test_the_verdict_names_the_bound_beside_the_promise(gap: float, promised: float | None, key: str) -> None:
    record = judge(figures(gap, promised))
    assert record["verdict"]["key"] == key
    assert record["epsilon"]["value"] == record["verdict"]["facts"].get("value", 0.0)
    assert record["promised"] == (None if promised is None else {"epsilon": promised, "delta": 1e-4})


def test_too_few_rows_and_no_canaries_prove_nothing() -> None:
    few = figures(
        4.0, 3.0, rows=20, canaries=np.zeros((8, 0)), inserted=np.zeros((8, 0), dtype=bool), exposures=np.zeros((8, 0))
    )
    record = judge(few)
    assert (record["epsilon"], record["attack"], record["canaries"], record["exposure"]) == (None, None, None, None)
    assert record["verdict"]["key"] == "membership.nothing"


def test_the_larger_bound_counts_and_holds_for_both() -> None:
    both, rows_only = (
        judge(figures(3.0, None)),
        judge(
            figures(
                3.0, None, canaries=np.zeros((8, 0)), inserted=np.zeros((8, 0), dtype=bool), exposures=np.zeros((8, 0))
            )
        ),
    )
    assert both["epsilon"]["value"] == max(both[name]["bound"]["value"] for name in ("attack", "canaries"))
    assert rows_only["attack"]["bound"]["value"] > both["attack"]["bound"]["value"]  # the doubt need not be shared


def test_what_was_left_out_is_remarked() -> None:
    record = judge(figures(0.0, None, available=900, asked=16))
    assert [remark["key"] for remark in record["remarks"]] == ["membership.fewer_rows", "membership.out_of_time"]
