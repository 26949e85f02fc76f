"""A workspace with a ready registry, and made-up reviews."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import StoredDataset
from core.workflows.workspace import Workspace, open_workspace

GOOD = ("great", "lovely", "perfect", "superb", "happy")
BAD = ("awful", "broken", "useless", "dreadful", "sad")
THINGS = ("kettle", "phone", "lamp", "shoe", "book", "bag", "cable", "chair")


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


def reviews(rows: int, *, seed: int = 0, extra: str = "", third_label: bool = False) -> TextDataset:
    """Easy made-up reviews, all different; ``extra`` is a word of theirs alone."""
    generator = np.random.default_rng(seed)
    texts, names = [], []
    for row in range(rows):
        label = ("negative", "positive", "question")[row % (3 if third_label else 2)]
        words = {"positive": GOOD, "negative": BAD, "question": ("where", "when", "how", "why", "which")}[label]
        word, thing = words[generator.integers(5)], THINGS[generator.integers(8)]
        texts.append(f"the {thing} number {seed}x{row} {extra} is {word}")
        names.append(label)
    classes = tuple(sorted(set(names)))
    return TextDataset(tuple(texts), np.array([classes.index(name) for name in names]), classes)


def save(workspace: Workspace, dataset: TextDataset, name: str = "reviews") -> StoredDataset:
    return workspace.datasets.save(dataset, name=name, roles=ColumnRoles(text="text", label="label"))
