"""Words that became more or less frequent, on figures worked out by hand and on data that did not change."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.continual.drift.word_shift import WordChanges, word_changes


def texts(rows: int, **held: int) -> list[frozenset[str]]:
    """So many texts; each word stands in the first so many of them."""
    return [frozenset(word for word, count in held.items() if row < count) for row in range(rows)]


def test_a_word_that_only_the_batch_holds_is_new() -> None:
    changes = word_changes(texts(100, good=50), texts(50, good=25, mask=20))
    (change,) = changes.more
    assert (change.word, change.before, change.after) == ("mask", 0, 20)
    assert (change.before_per_1000, change.after_per_1000) == (0, 400)
    assert changes.unseen == {"mask": 20}
    assert changes.fewer == ()
    assert changes.texts == (100, 50)


def test_the_p_value_is_fishers_corrected_for_all_words() -> None:
    # All 5 texts with the word lie on the new side of 10 + 10: 2 x (10 x 9 x 8 x 7 x 6) / (20 x 19 x 18 x 17 x 16)
    # = 0.0325; of two words asked about, the smaller p-value is doubled.
    alone = word_changes(texts(10), texts(10, mask=5))
    assert alone.more[0].p_value == pytest.approx(0.0325, abs=1e-4)
    assert word_changes(texts(10, good=5), texts(10, good=5, mask=5)).more == ()


def test_words_that_vanished_and_words_that_grew_are_told_apart() -> None:
    changes = word_changes(texts(200, old=80, grown=20, same=100), texts(100, grown=60, same=50))
    assert [change.word for change in changes.more] == ["grown"]
    assert [(change.word, change.after) for change in changes.fewer] == [("old", 0)]
    assert changes.unseen == {}  # it grew, but was there before


def test_unseen_alone_is_not_enough() -> None:
    # Ten words in one new text each, and one in five of 100: 2 x (100 x .. x 96) / (200 x .. x 196) = 0.06.
    rare = [frozenset({f"word{row}"}) for row in range(10)]
    changes = word_changes(texts(100), [*rare, *texts(90, five=5)])
    assert (changes.more, changes.fewer) == ((), ())


def test_where_nothing_changed_the_list_stays_empty() -> None:
    generator = np.random.default_rng(0)
    shares = generator.uniform(0.01, 0.5, size=200)
    listed = 0
    for _ in range(100):
        held = generator.random((300, 200)) < shares
        sides = [[frozenset(np.flatnonzero(row).astype(str)) for row in side] for side in (held[:180], held[180:])]
        changes = word_changes(*sides)
        listed += bool(changes.more or changes.fewer)
    assert listed <= 11  # 5 on average at most


def test_no_texts_have_no_words() -> None:
    assert word_changes([], texts(10, mask=10)) == WordChanges((0, 10), (), ())
    assert word_changes(texts(10), texts(10)) == WordChanges((10, 10), (), ())


def test_changes_are_plain_values_for_json() -> None:
    changes = json.loads(json.dumps(word_changes(texts(100), texts(50, mask=20)).to_dict()))
    assert changes["texts"] == [100, 50]
    assert changes["more"][0]["word"] == "mask"
    assert changes["more"][0]["after_per_1000"] == 400
