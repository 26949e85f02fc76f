"""Vectors learned from own texts: repeatable, and words that are used alike come to lie together."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import DataError
from core.networks.text import TextConfig
from core.networks.vectors import SkipGramConfig, VectorStore
from core.networks.vectors.learning import count_words

SMALL = SkipGramConfig(vectors_size=20, vectors_epochs=50)


def texts() -> list[str]:
    generator = np.random.default_rng(0)
    animals, tools = ("cat", "dog", "horse"), ("hammer", "saw", "drill")
    feeds, fixes = ("eats", "drinks", "sleeps", "runs"), ("cuts", "breaks", "rusts", "drops")
    rows = []
    for _ in range(300):
        nouns, verbs = ((animals, feeds), (tools, fixes))[generator.integers(2)]
        rows.append(f"The {generator.choice(nouns)} {generator.choice(verbs)} and {generator.choice(verbs)}")
    return rows


def test_words_used_alike_lie_together_and_a_second_run_gives_the_same(evergreen_home: Path) -> None:
    store = VectorStore(evergreen_home)
    told: list[float] = []
    info = store.learn(texts(), "mine", SMALL, source="Animals", progress=told.append)
    assert (info.dimensions, info.words, info.languages, info.source) == (20, 16, ("en",), "Animals")
    assert info.learned
    assert told[0] == 0.0
    assert told[-1] == 1.0
    vectors, known = store.lookup("own:mine", ["cat", "dog", "hammer"])
    assert known.all()
    cat, dog, hammer = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert cat @ dog > 0.9 > cat @ hammer
    store.learn(texts(), "again", SMALL, language="en")
    assert np.array_equal(store.lookup("own:again", ["cat", "dog", "hammer"])[0], vectors)


def test_chinese_is_learned_by_character_or_by_word(evergreen_home: Path) -> None:
    store = VectorStore(evergreen_home)
    rows = ["这部电影非常好看", "电影院里的座位很舒服", "非常好看的电影", "座位舒服好看"] * 3
    assert store.learn(rows, "字", SMALL).languages == ("zh",)
    assert store.lookup("own:字", ["电", "电影"])[1].tolist() == [True, False]
    store.learn(rows, "词", SMALL.model_copy(update={"vectors_units": "words", "vectors_minimum": 1}))
    assert store.lookup("own:词", ["电", "电影"])[1].tolist() == [False, True]


def test_too_few_words_are_refused_and_leave_nothing(evergreen_home: Path) -> None:
    store = VectorStore(evergreen_home)
    with pytest.raises(DataError, match="Only 2 words"):
        store.learn(["good film", "good film"], "mine", SMALL)
    assert store.list()[1:] == []


def test_words_are_counted_as_a_model_would_split_them() -> None:
    assert count_words(["Good film, good!"], TextConfig()) == {"good": 2, "film": 1, ",": 1, "!": 1}
    assert count_words(["good goodness"], TextConfig(segmentation="subwords")) == {"good": 1, "goodness": 1}
    assert count_words(["好看好"], TextConfig()) == {"好": 2, "看": 1}


def test_without_gensim_the_install_line_is_given(evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(DataError, match="pip install gensim"):
        VectorStore(evergreen_home).learn(texts(), "mine", SMALL)
