"""Classifiers that learned from the rows of ten people, and the forgetting of two of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data.dataset.rows import TextDataset
from core.registry.records import receipts
from core.workflows.forget.rows import Matches, find_rows, groups_of
from core.workflows.forget.run import ForgetRequest, Forgotten, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 1, "buckets": 1024, "embedding_size": 16, "memory_size": 400, "batch_size": 8}


def people(dataset: TextDataset) -> TextDataset:
    """The same rows, each written by one of ten people."""
    return replace(dataset, groups=tuple(f"person {row % 10}" for row in range(len(dataset))))


@pytest.fixture(scope="session")
def learned_once(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """A classifier with two versions, learned from rows of ten people."""
    home = tmp_path_factory.mktemp("learned")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    first, second = (save(workspace, people(reviews(80, seed=seed))).id for seed in (1, 2))
    list(train_classifier(TrainRequest(classifier="c", dataset=first, model="ngrams", settings=FAST), workspace))
    update = UpdateRequest(classifier="c", dataset=second, strategy="replay", settings={"epochs": 1}, promote="always")
    list(update_classifier(update, workspace))
    return home


@pytest.fixture(scope="session")
def solved_once(learned_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a third version, in use, whose head was solved in closed form."""
    home = tmp_path_factory.mktemp("solved") / "home"
    shutil.copytree(learned_once, home)
    workspace = open_workspace(home)
    third = save(workspace, people(reviews(80, seed=3))).id
    update = UpdateRequest(classifier="c", dataset=third, strategy="ridge", promote="always")
    list(update_classifier(update, workspace))
    return home


@pytest.fixture
def solved(solved_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(solved_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.fixture
def learned(learned_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(learned_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def somebody(workspace: Workspace) -> Matches:
    """Rows of two people: one who was trained on in the first dataset, one who stands in a frozen test."""
    groups = groups_of("c", workspace)

    def first_in(part: str) -> str:
        return next(group for group in groups if find_rows("c", workspace, groups=[group]).datasets[0].parts[part])

    return find_rows("c", workspace, groups=[first_in("train"), first_in("test")])


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("c", number))


def request_for(matches: Matches) -> ForgetRequest:
    return ForgetRequest(classifier="c", rows=matches.rows, digests=sorted(matches.digests))


def forget(workspace: Workspace, matches: Matches) -> dict[str, Any]:
    events = list(forget_rows(request_for(matches), workspace))
    assert isinstance(events[-1], Forgotten)
    receipt = receipts(workspace.home)[0]
    assert receipt["id"] == events[-1].receipt
    return receipt
