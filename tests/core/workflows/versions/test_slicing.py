"""Test rows with the columns of their dataset, and the slices they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.workflows.versions.folder import ExperienceRecord, VersionFolder
from core.workflows.versions.slicing import rows_of_tests, slices_of, words_in


class Folder(VersionFolder):
    """Rows 4 to 39 are the frozen test."""

    def __init__(self, path: Path, dataset: str, texts: list[str]) -> None:
        super().__init__(path)
        self._dataset, self._texts = dataset, texts

    def experiences(self) -> list[ExperienceRecord]:
        return [ExperienceRecord(1, self._dataset, "x", 4, 0, 36, 0)]

    def rows_of(self, number: int, part: str) -> np.ndarray:
        return np.arange(4, 40)

    def predictions(self, number: int) -> pd.DataFrame:
        return pd.DataFrame({"text": self._texts[4:]})


@pytest.fixture
def dataset() -> TextDataset:
    texts = tuple(("很好吃 " if row % 2 else "not good ") * (1 + row % 4) for row in range(40))
    return TextDataset(
        texts,
        np.arange(40) % 2,
        ("no", "yes"),
        groups=tuple("ab"[row % 2] for row in range(40)),
        times=tuple(f"2026-0{1 + row // 20}-11" if row != 5 else "unknown" for row in range(40)),
    )


def test_groups_and_times_come_from_the_dataset(tmp_path: Path, dataset: TextDataset) -> None:
    store = DatasetStore(tmp_path)
    stored = store.save(dataset, name="x", roles=ColumnRoles("text", "label"))
    rows = rows_of_tests(Folder(tmp_path, stored.id, list(dataset.texts)), store, [1])
    assert rows.groups == list(dataset.groups or ())[4:]
    found = slices_of(rows, dataset.label_names()[4:], dataset.classes)
    assert {kind: len(slices) for kind, slices in found.items()} == {
        "label": 2,
        "length": 4,
        "language": 2,
        "group": 2,
        "month": 2,
    }
    assert [one.value for one in found["month"]] == ["2026-01", "2026-02"]
    assert sum(len(one.rows) for one in found["month"]) == 35  # one time says nothing


@pytest.mark.parametrize("known", [True, False])
def test_a_dataset_that_is_gone_or_changed_leaves_what_the_texts_tell(
    tmp_path: Path, dataset: TextDataset, known: bool
) -> None:
    store = DatasetStore(tmp_path)
    stored = store.save(dataset, name="x", roles=ColumnRoles("text", "label"))
    texts = list(dataset.texts) if not known else ["changed", *dataset.texts[1:4], "changed", *dataset.texts[5:]]
    if not known:
        store.delete(stored.id)
    rows = rows_of_tests(Folder(tmp_path, stored.id, texts), store, [1])
    assert set(rows.groups) == set(rows.times) == {""}
    assert "group" not in slices_of(rows, dataset.label_names()[4:], dataset.classes)


def test_words_are_small_and_no_numbers() -> None:
    (found,) = words_in(["Good 10 GOOD, 好吃!"])
    assert found == {"good", "好吃"}
    assert words_in(["10 !"]) == [frozenset()]
