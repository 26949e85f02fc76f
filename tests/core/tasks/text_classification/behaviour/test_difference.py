import pytest

from core.tasks.text_classification.behaviour import difference


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("not funny , either .", "not funny , eihter .", "either → eihter"),
        ("a good film", "a really good film", "+ really"),
        ("很好吃。", "很好吃", "− 。"),
        ("味道好", "味道很好", "+ 很"),
        ("same", "same", ""),
        ("in Rome and in Bonn", "in Oslo and in Kiel", "Rome → Oslo, Bonn → Kiel"),
        ("x" * 50, "X" * 50, f"{'x' * 39}… → {'X' * 39}…"),
    ],
)
def test_a_change_is_told_in_a_few_words(before: str, after: str, sentence: str) -> None:
    assert difference(before, after) == sentence
