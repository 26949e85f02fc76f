from __future__ import annotations

from core.continual.drift.typical_words import typical_words


def test_typical_words_are_frequent_here_and_rare_there() -> None:
    inside = [frozenset({"not", "the", f"x{row}"}) for row in range(30)]
    outside = [frozenset({"good", "the", f"y{row}"}) for row in range(200)]
    typical = typical_words(inside, outside)
    assert [entry.word for entry in typical] == ["not"]
    assert typical[0].texts == 30


def test_nothing_is_typical_beside_nothing() -> None:
    assert typical_words([frozenset({"a"})], []) == []
    assert typical_words([], [frozenset({"a"})]) == []
