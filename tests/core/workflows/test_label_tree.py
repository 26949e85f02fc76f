"""Labels below labels, from the first training to an update that splits one of them."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.networks.standalone.predict import Classifier, resolved
from core.serving.engines.tables import predict_table
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.evaluate import evaluate_version
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import save

WORDS = {
    "travel": "flight hotel airport luggage beach passport",
    "food": "tasty lunch kitchen cook plate dinner",
    "food > pizza": "pizza mozzarella oven crust basil",
    "food > sushi": "sushi salmon wasabi rice roll",
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "linear": {},
    "ngrams": {"epochs": 8, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8},
}


def texts(labels: dict[str, int], seed: int) -> TextDataset:
    """Made-up texts: those of a label below another hold words of both."""
    draw, rows = random.Random(seed), []
    for label, count in labels.items():
        own = WORDS[label].split()
        above = WORDS[label.split(" > ")[0]].split() if " > " in label else own
        for _ in range(count):
            rows.append(
                (" ".join(draw.choices(own, k=4) + draw.choices(above, k=3) + [f"w{draw.randrange(300)}"]), label)
            )
    draw.shuffle(rows)
    table = pd.DataFrame(rows, columns=["text", "label"])
    return build_dataset(table, ColumnRoles("text", "label"))[0]


def train(workspace: Workspace, model: str, dataset: TextDataset) -> Completed:
    stored = save(workspace, dataset, "first")
    request = TrainRequest(classifier="Shop", dataset=stored.id, model=model, settings=dict(SETTINGS[model]))
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


@pytest.fixture(scope="module", params=list(SETTINGS))
def split(request: pytest.FixtureRequest, make_home: Callable[[str], Path]) -> tuple[Workspace, Completed]:
    """A classifier of food and travel whose second version has learned pizza and sushi, and no other food."""
    workspace = open_workspace(make_home("tree"))
    train(workspace, request.param, texts({"food": 120, "travel": 120}, 0))
    stored = save(workspace, texts({"food > pizza": 80, "food > sushi": 80}, 1), "second")
    asked = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="replay", settings={"memory_size": 60})
    *_, completed = update_classifier(asked, workspace)
    assert isinstance(completed, Completed)
    return workspace, completed


def test_a_label_is_split_and_what_was_known_stays(split: tuple[Workspace, Completed]) -> None:
    workspace, completed = split
    version = VersionFolder(workspace.registry.folder("Shop", 2))
    assert version.outputs == ("food", "travel", "food > pizza", "food > sushi")
    first, second = (test["report"]["accuracy"]["value"] for test in completed.report["tests"])
    assert first >= 0.9  # tests that know only "food" judge answers below it as food
    assert second >= 0.9
    assert completed.report["overall"]["hierarchical_f1"]["value"] >= 0.9
    assert set(version.predictions(1)["predicted"]) <= {"food", "travel", "food > pizza", "food > sushi"}


def test_who_can_not_tell_pizza_from_sushi_answers_food(split: tuple[Workspace, Completed]) -> None:
    workspace, _ = split
    folder = workspace.registry.folder("Shop", 2)
    engine = Classifier(folder)
    asked = [
        "pizza mozzarella crust dinner oven",
        "tasty lunch kitchen plate cook dinner",
        "flight hotel airport beach",
    ]
    answers, sure, _ = resolved(engine.compute(asked), engine.labels)
    assert (answers[0], answers[1].split(" > ")[0], answers[2]) == ("food > pizza", "food", "travel")
    if VersionFolder(folder).report()["model"] == "linear":  # which is not so sure of what it has not learned
        assert answers[1] == "food"
    assert (sure >= 0.5).all()
    table = predict_table(engine, pd.DataFrame({"text": [*asked, ""]}), "text", threshold=0.5)
    assert table["predicted"].tolist() == [*answers, ""]
    assert table["decision"].tolist() == ["answered", "answered", "answered", "person"]
    assert np.allclose(table["probability"][:3], sure, atol=1e-5)
    done = subprocess.run(
        [sys.executable, str(folder / "predict.py"), *asked], capture_output=True, text=True, check=True
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == answers


def test_rows_that_only_say_food_are_evaluated_as_such(split: tuple[Workspace, Completed]) -> None:
    workspace, _ = split
    report = evaluate_version(workspace, workspace.registry.version("Shop", 2), texts({"food": 20, "travel": 20}, 5))
    assert report.accuracy.value >= 0.9


def test_rows_of_a_label_above_and_of_those_below_are_learned_together(workspace: Workspace) -> None:
    completed = train(workspace, "linear", texts({"food": 60, "food > pizza": 60, "food > sushi": 60, "travel": 60}, 3))
    assert completed.report["overall"]["hierarchical_f1"]["value"] >= 0.9


def test_levels_in_columns_become_one_label() -> None:
    table = pd.DataFrame(
        {
            "text": [f"text {row}" for row in range(6)],
            "group": ["Food", "Food", "Food ", "Travel", "", "Food"],
            "kind": ["Pizza", "Sushi", "", "nan", "Pizza", "Pizza"],
            "size": ["big", "", "big", "", "", "small"],
        }
    )
    dataset, left_out = build_dataset(table, ColumnRoles("text", "group", below=("kind", "size")), batch=True)
    assert dataset.label_names() == [
        "Food > Pizza > big",
        "Food > Sushi",
        "Food > big",
        "Travel",
        "Food > Pizza > small",
    ]
    assert left_out.empty_label == (4,)
