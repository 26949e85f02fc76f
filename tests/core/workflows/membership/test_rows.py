"""Which rows are attacked, how coins are thrown, and what canaries are made of."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.inputs import FIELD, Field, compose, parse
from core.data.dataset.rows import TextDataset
from core.workflows.membership.rows import AttackedRows, attacked_rows
from tests.core.conftest import reviews


def rows_of(dataset: TextDataset, *, most: int = 1000, canaries: int = 4, by_group: bool = False) -> AttackedRows:
    train = np.arange(len(dataset.texts))
    return attacked_rows(dataset, train, most=most, canaries=canaries, by_group=by_group, chinese=False)


def test_each_shadow_learns_another_half_the_same_whenever_asked() -> None:
    rows = rows_of(reviews(200))
    flags = np.stack([rows.learned(shadow)[0] for shadow in range(20)])
    assert 0.45 < flags.mean() < 0.55
    assert len({tuple(shadow) for shadow in flags.tolist()}) == 20
    assert np.array_equal(rows.learned(3)[0], flags[3])
    texts, labels = rows.training(3)
    canaries = rows.learned(3)[1]
    assert len(texts) == len(labels) == flags[3].sum() + canaries.sum()
    assert set(rows.canaries.texts) & set(texts) == {
        text for text, learned in zip(rows.canaries.texts, canaries, strict=True) if learned
    }


def test_copies_of_a_text_are_learned_together_and_attacked_once() -> None:
    made = reviews(100)
    copied = replace(made, texts=(*made.texts[:99], made.texts[0]))
    rows = rows_of(copied)
    assert len(rows.measured) == 99
    assert all(learned[0] == learned[99] for learned in (rows.learned(shadow)[0] for shadow in range(10)))


def test_the_rows_of_a_group_are_learned_together_where_groups_are_protected() -> None:
    grouped = replace(reviews(120), groups=tuple(str(row // 3) for row in range(120)))
    rows = rows_of(grouped, by_group=True)
    assert len(rows.measured) == 40
    learned = rows.learned(0)[0].reshape(40, 3)
    assert np.array_equal(learned.all(axis=1), learned.any(axis=1))
    assert len(rows_of(grouped).measured) == 120


def test_rows_of_a_rare_label_are_learned_by_all_shadows_and_not_attacked() -> None:
    made = reviews(100)
    labels = made.labels.copy()
    labels[:3] = 2
    rows = rows_of(replace(made, labels=labels, classes=(*made.classes, "rare")))
    assert not set(range(3)) & set(rows.measured.tolist())
    assert all(rows.learned(shadow)[0][:3].all() for shadow in range(10))


def test_no_more_rows_take_part_than_asked_for() -> None:
    rows = rows_of(reviews(200), most=120)
    assert (len(rows.texts), rows.available) == (120, 200)
    assert set(rows.texts) <= set(reviews(200).texts)
    assert rows.fingerprint() != rows_of(reviews(200), most=119).fingerprint()
    assert rows.fingerprint() == rows_of(reviews(200), most=120).fingerprint()


def test_canaries_are_new_texts_of_known_words_with_further_columns_of_some_row() -> None:
    made = reviews(80)
    texts = tuple(compose(text, [Field("shop", "category", str(row % 2))]) for row, text in enumerate(made.texts))
    canaries = rows_of(replace(made, texts=texts), canaries=6).canaries
    assert (len(canaries.texts), len(canaries.labels), len(canaries.references)) == (6, 6, 511)
    every = [*canaries.texts, *canaries.references]
    assert len(set(every)) == len(every)
    assert not set(every) & set(texts)
    assert all(FIELD in text for text in every)
    known = set(re.findall(r"\w+", " ".join(made.texts)))
    assert all(set(re.findall(r"\w+", parse(text)[0])) <= known for text in canaries.texts)
    assert set(canaries.labels) <= set(made.classes)


def test_chinese_words_stand_without_spaces() -> None:
    texts = tuple(f"这家店的服务{word}，第{row}次来。" for row in range(60) for word in ("很好", "很差"))
    dataset = TextDataset(texts, np.arange(120) % 2, ("bad", "good"))
    rows = attacked_rows(dataset, np.arange(120), most=500, canaries=3, by_group=False, chinese=True)
    assert not any(" " in text for text in rows.canaries.texts)


def test_too_few_rows_are_refused_with_both_numbers() -> None:
    with pytest.raises(DataError, match=r"Of the 20 training rows 20 can be attacked.*Below 30"):
        rows_of(reviews(20))


def test_rows_of_one_label_are_refused() -> None:
    with pytest.raises(DataError, match="have the same label"):
        rows_of(replace(reviews(60), labels=np.zeros(60, dtype=np.int64)))


def test_texts_of_a_single_word_make_no_canaries() -> None:
    dataset = TextDataset(("word",) * 100, np.arange(100) % 2, ("a", "b"))
    with pytest.raises(DataError):
        rows_of(dataset)


def test_groups_stand_beside_what_is_learned_and_a_canary_is_one_by_itself() -> None:
    made = reviews(120)
    grouped = replace(made, groups=tuple(f"person {row // 3}" for row in range(120)))
    rows = rows_of(grouped, by_group=True)
    texts, groups = rows.training(2)[0], rows.training_groups(2)
    assert groups is not None
    person = dict(zip(made.texts, grouped.groups or (), strict=True))
    canaries = [group for text, group in zip(texts, groups, strict=True) if text not in person]
    assert all(group == person.get(text, group) for text, group in zip(texts, groups, strict=True))
    assert len(set(canaries)) == len(canaries) == rows.learned(2)[1].sum()
    assert rows_of(made).training_groups(2) is None
