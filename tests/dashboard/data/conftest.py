"""A workspace with two small models, for what the Data page does with a model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace

SHOP, POST = "Shop *reviews*", "Post"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
PAIRS = (("great", "good"), ("awful", "bad"))


@pytest.fixture(scope="session")
def two_models_once(make_home: Callable[[str], Path]) -> Path:
    workspace = open_workspace(make_home("two_models"))
    rows = [(f"{word} thing number {row}", label) for row in range(30) for word, label in PAIRS]
    roles = ColumnRoles("text", "label")
    data = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)[0]
    stored = workspace.datasets.save(data, name="toy", roles=roles)
    for name in (SHOP, POST):
        request = TrainRequest(classifier=name, dataset=stored.id, model="ngrams", settings=SETTINGS)
        list(train_classifier(request, workspace))
    return workspace.home


@pytest.fixture
def two_models(two_models_once: Path, evergreen_home: Path) -> Path:
    """The workspace with the models `SHOP` and `POST`, which know the labels good and bad."""
    shutil.copytree(two_models_once, evergreen_home, dirs_exist_ok=True)
    return evergreen_home
