"""A workspace with a model of two versions that errs often."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace

SETTINGS = {"epochs": 8, "learning_rate": 0.05, "embedding_size": 8, "buckets": 1024}


@pytest.fixture(scope="module")
def two_versions(make_home: Callable[[str], Path]) -> Path:
    """Two versions, which differ by their seed; a third of the labels are wrong."""
    folder = make_home("results")
    workspace = open_workspace(folder)
    generator = np.random.default_rng(0)
    rows = []
    for number in range(60):
        for word, label, other in (("good", "up", "down"), ("bad", "down", "up")):
            rows.append((f"{word} thing number {number}", other if generator.random() < 0.3 else label))
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    stored = workspace.datasets.save(dataset, name="Things", roles=roles)
    for seed in (0, 1):
        request = TrainRequest(
            classifier="Things", dataset=stored.id, model="ngrams", settings={**SETTINGS, "seed": seed}
        )
        list(train_classifier(request, workspace))
    return folder
