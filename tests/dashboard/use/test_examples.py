"""The texts to try on the Predict page."""

from __future__ import annotations

from core.data.dataset.inputs import Field, compose
from dashboard.use.examples import SHOWN, Example


def test_an_example_shows_its_further_columns_beside_its_text() -> None:
    row = compose(
        "so  good", [Field("domain", "category", "books"), Field("price", "number", ""), Field("a", "text", "b")]
    )
    assert Example(row, "positive").short == "so good · domain: books · a: b"


def test_a_long_text_is_cut_and_its_columns_are_not() -> None:
    short = Example(compose("x" * 500, [Field("domain", "category", "books")]), "positive").short
    assert short == "x" * (SHOWN - 1) + "… · domain: books"
