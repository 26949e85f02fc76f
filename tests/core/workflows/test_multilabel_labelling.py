"""Labelling where a text may have several labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import LabellingStore
from core.tasks.multilabel_classification.selection import doubt_of_sets, doubt_of_thresholds
from core.workflows.labelling import begin_with_dataset, begin_with_texts, finish

ROLES = ColumnRoles("text", "label", separator="|")


class Fixed:
    """An engine that says the same of every text."""

    labels = ["joy", "love"]
    thresholds: NDArray[np.float64] | None = np.array([0.3, 0.6])

    def compute(self, texts: list[str], progress: object = None) -> np.ndarray:
        values = {"first": (0.9, 0.1), "second": (0.31, 0.05), "third": (0.1, 0.61)}
        return np.array([values[text] for text in texts])


def test_doubt_by_hand() -> None:
    assert doubt_of_sets([[0.9, 0.2], [0.4, 0.0]], [[1, 0], [1, 1]]).tolist() == pytest.approx([0.2, 1.0])
    assert doubt_of_thresholds([[0.3, 0.0], [0.9, 0.1]], [0.3, 0.5]).tolist() == pytest.approx([1.0, 0.2])


def test_answers_are_sets_of_the_sessions_labels(tmp_path: Path) -> None:
    store, datasets = LabellingStore(tmp_path), DatasetStore(tmp_path)
    texts = ["first", "second", "third"]
    session = begin_with_texts(
        store, texts, name="posts", labels=["love", "joy"], order="margin", engine=Fixed(), several=True
    )
    items = store.items(session.id)
    assert [item.text for item in items] == ["second", "third", "first"]  # the nearest to a threshold first
    assert [item.suggested for item in items] == ["joy", "love", "joy"]
    store.answer(session.id, 0, "love|joy")
    store.answer(session.id, 1, "|")
    with pytest.raises(DataError, match="no label 'joy\\|hate'"):
        store.answer(session.id, 2, "joy|hate")
    stored = finish(store, datasets, session.id, name="labelled")
    dataset = datasets.load(stored.id)
    assert dict(zip(dataset.texts, dataset.label_names(), strict=True)) == {"second": "joy|love", "third": "|"}
    assert stored.roles.several
    assert stored.label_rows == {"joy": 1, "love": 1}


def test_labels_of_a_dataset_are_looked_at_again_the_doubtful_first(tmp_path: Path) -> None:
    store, datasets = LabellingStore(tmp_path), DatasetStore(tmp_path)
    dataset = TextDataset(("first", "second", "third"), np.array([0, 1, 1]), ("joy", "joy|love"))
    saved = datasets.save(dataset, name="posts", roles=ROLES)
    session = begin_with_dataset(store, datasets, saved.id, engine=Fixed())
    assert (session.labels, session.several) == (("joy", "love"), True)
    items = store.items(session.id)
    assert [item.text for item in items] == ["second", "third", "first"]
    store.answer(session.id, 0, "joy")
    again = finish(store, datasets, session.id, name="corrected")
    assert again.roles == ROLES
    names = datasets.load(again.id).label_names()
    assert sorted(names) == ["joy", "joy", "joy|love"]


def test_sessions_of_before_have_one_label(tmp_path: Path) -> None:
    store = LabellingStore(tmp_path)
    session = begin_with_texts(store, ["first"], name="posts", labels=["a", "b"], order="random")
    assert not session.several
    with pytest.raises(DataError):
        store.answer(session.id, 0, "a|b")
