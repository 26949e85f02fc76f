"""What a line of versions answered rightly: carried from version to version, and what is read off it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core.tasks.text_classification.scores import evaluate_predictions
from core.tasks.text_classification.task import TextClassification
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import FrozenTest, Scores, read_history
from core.workflows.versions.retention import measure_retention, state_bytes
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

TASK = TextClassification()

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.02, "batch_size": 8}
FIGURES = ("average_accuracy", "forgetting", "plasticity", "backward_transfer", "forward_transfer")
CLASSES = ("a", "b")


def scored(number: int, truth: str, predicted: str, **history: str) -> Scores:
    """A version on one test; each of ``after_<i>`` says with x which rows were right after experience i."""
    known = {
        int(name.removeprefix("after_")): np.array([mark == "x" for mark in marks]) for name, marks in history.items()
    }
    test = FrozenTest(number, f"test {number}", tuple(truth), tuple(truth), history=known)
    numbers = [[CLASSES.index(name) for name in names] for names in (truth, predicted)]
    report = evaluate_predictions(*numbers, CLASSES)
    return Scores(TASK, test, report, None, None, tuple(predicted), (1.0,) * len(truth))


def test_figures_and_intervals_are_read_off_the_rows() -> None:
    scores = [
        scored(1, "aabb", "abbb", after_1="xxx."),
        scored(2, "abab", "abab", after_0="x...", after_1="xx.."),
    ]
    found = measure_retention(scores, [[0.75, 0.5], [0.75, 1.0]], CLASSES)
    assert found["continual"] == {
        "average_accuracy": pytest.approx(0.875),
        "forgetting": pytest.approx(0.0),
        "plasticity": pytest.approx(0.875),
        "backward_transfer": pytest.approx(0.0),
        "forward_transfer": pytest.approx(0.5 - 0.25),
    }
    for name, (low, high) in found["continual_intervals"].items():
        assert low <= found["continual"][name] <= high
        assert low < high
    # Test 1: of label a one of two was lost, of label b one of two was gained.
    assert found["per_class_forgetting"] == {"a": pytest.approx(0.5), "b": pytest.approx(-0.5)}


def test_a_first_version_has_forgotten_nothing_and_transferred_nothing() -> None:
    found = measure_retention([scored(1, "aabb", "abbb")], [[0.75]], CLASSES)
    assert [found["continual"][name] for name in FIGURES] == [0.75, None, 0.75, None, None]
    assert found["continual_intervals"]["forgetting"] is None
    assert found["continual_intervals"]["plasticity"] is not None
    assert found["per_class_forgetting"] == {"a": None, "b": None}


def test_without_the_rows_of_older_versions_only_the_newest_row_has_an_interval() -> None:
    scores = [scored(1, "aabb", "abbb"), scored(2, "abab", "abab", after_1="xx..")]
    found = measure_retention(scores, [[0.75, 0.5], [0.75, 1.0]], CLASSES)
    assert found["continual"]["forgetting"] == pytest.approx(0.0)
    assert found["continual"]["forward_transfer"] is None
    assert {name for name, ends in found["continual_intervals"].items() if ends is not None} == {"average_accuracy"}
    assert found["per_class_forgetting"] is None


def test_a_history_gains_the_answers_of_the_version_it_was_read_from() -> None:
    table = pd.DataFrame({"text": ["x", "y"], "truth": ["a", "b"], "predicted": ["a", "a"], "right_1": [False, True]})
    history = read_history(table, 2, TASK)
    assert {number: right.tolist() for number, right in history.items()} == {1: [False, True], 2: [True, False]}


def test_the_size_of_a_state_is_its_tensors_and_its_text() -> None:
    empty = {"memory": {"capacity": 0, "rows": {}, "seen": {"a": 3}, "full": []}}
    assert state_bytes(empty) == 0
    assert state_bytes({**empty, "fisher": torch.zeros(3, 5)}) == 60
    assert state_bytes({"memory": {"rows": {"好": [["好", 1]]}}}) == len(
        '{"memory": {"rows": {"好": [["好", 1]]}}}'.encode()
    )


@pytest.fixture(scope="module")
def line_once(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """Three versions, each an update of the one before."""
    home = tmp_path_factory.mktemp("line")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    stored = save(workspace, reviews(80))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=FAST)
    completed: list[Any] = [list(train_classifier(request, workspace))[-1]]
    for number in (1, 2):
        batch = save(workspace, reviews(80, seed=number, third_label=number == 2), f"batch {number}")
        asked = UpdateRequest(classifier="Shop", dataset=batch.id, strategy="finetune", promote="always")
        completed.append(list(update_classifier(asked, workspace))[-1])
    assert all(isinstance(one, Completed) for one in completed)
    return home


@pytest.fixture
def line(line_once: Path, workspace: Workspace) -> list[VersionFolder]:
    """The three in a copy of their workspace."""
    shutil.copytree(line_once, workspace.home, dirs_exist_ok=True)
    return [VersionFolder(workspace.registry.folder("Shop", number)) for number in (1, 2, 3)]


def test_versions_carry_along_what_those_before_them_answered(line: list[VersionFolder]) -> None:
    report = line[2].report()
    matrix = report["accuracy_matrix"]
    for test in (1, 2, 3):
        history = read_history(line[2].predictions(test), 3, TASK)
        for number, right in history.items():
            if number > 0:
                assert matrix[number - 1][test - 1] == pytest.approx(right.mean())
        assert sorted(history) == {1: [1, 2, 3], 2: [0, 1, 2, 3], 3: [0, 2, 3]}[test]
    for name in FIGURES:
        low, high = report["continual_intervals"][name]
        assert low <= report["continual"][name] <= high
    assert set(report["per_class_forgetting"]) == {"negative", "positive", "question"}
    assert report["per_class_forgetting"]["question"] is None
    assert report["memory_bytes"] > 1000


def test_a_line_that_began_before_rows_were_carried_along_still_goes_on(
    line: list[VersionFolder], workspace: Workspace
) -> None:
    for test in (1, 2, 3):
        table = line[2].predictions(test)
        older = table[[name for name in table.columns if not name.startswith("right")]]
        older.to_parquet(Path(line[2].path) / "predictions" / f"test_{test}.parquet", index=False)
    batch = save(workspace, reviews(80, seed=5), "batch 5")
    asked = UpdateRequest(classifier="Shop", dataset=batch.id, strategy="finetune")
    report = list(update_classifier(asked, workspace))[-1].report
    assert report["continual"]["forgetting"] is not None
    assert report["continual"]["forward_transfer"] is None
    assert report["continual_intervals"]["forgetting"] is None
    assert report["continual_intervals"]["average_accuracy"] is not None
    assert report["per_class_forgetting"] is None
