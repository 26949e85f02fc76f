"""A private model from its first training over updates: what its reports say, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.base.events import last_of
from core.data.dataset.rows import TextDataset
from core.workflows.learn.candidate import Completed
from core.workflows.report.document import ReportLanguage
from core.workflows.report.run import gather, model_card
from core.workflows.requests import TrainRequest, UpdateRequest, first_strategy
from core.workflows.train.auto import train
from core.workflows.train.run import train_classifier
from core.workflows.update.run import check_batch, update_classifier
from core.workflows.update.trial import TrialRequest, try_strategies
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

SETTINGS = {
    "private": True,
    "epsilon": 8.0,
    "privacy_budget": 10.0,
    "batch_size": 64,
    "gradient_accumulation": 1,
    "epochs": 2,
    "memory_size": 100,
}


@pytest.fixture(scope="module")
def private_home(make_home: Callable[[str], Path]) -> Path:
    """A workspace with a private version 1 of 'opinions'."""
    home = make_home("private")
    workspace = open_workspace(home)
    request = TrainRequest(
        classifier="opinions", dataset=save(workspace, reviews(250)).id, model="ngrams", settings=SETTINGS
    )
    last_of(train_classifier(request, workspace))
    return home


@pytest.fixture
def private(private_home: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(private_home, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def update(workspace: Workspace, batch: TextDataset, strategy: str = "auto", **settings: Any) -> Completed:
    dataset = save(workspace, batch, "batch").id
    request = UpdateRequest(classifier="opinions", dataset=dataset, strategy=strategy, settings=settings)
    completed = last_of(update_classifier(request, workspace))
    assert isinstance(completed, Completed)
    return completed


def joined(first: TextDataset, second: TextDataset) -> TextDataset:
    return replace(first, texts=first.texts + second.texts, labels=np.concatenate([first.labels, second.labels]))


def folder_of(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("opinions", number))


def test_the_report_of_a_private_version_says_what_was_promised_and_spent(private: Workspace) -> None:
    folder = folder_of(private, 1)
    report = folder.report()
    privacy = report["privacy"]

    assert (privacy["unit"], privacy["budget"]) == ("row", 10.0)
    assert 7.5 < privacy["spent"] == privacy["epsilon"] <= 8.0
    assert privacy["mechanism"]["kind"] == "dp-sgd"
    assert report["memory_rows"] == 0
    assert "privacy.no_memory" in [finding["key"] for finding in report["findings"]]
    assert report["parity"]["max_abs_diff"] < 1e-4
    version = private.registry.version("opinions", 1)
    assert version.summary["epsilon"] == privacy["spent"]
    assert first_strategy(report) == "finetune"
    for card in (
        model_card(gather(version, private), ReportLanguage()),
        (folder.path / "model_card.md").read_text("utf-8"),
    ):
        assert "Differential privacy" in card
        assert "Replay memory" in card


def test_an_update_of_new_rows_keeps_the_promise_and_one_of_known_rows_is_refused(private: Workspace) -> None:
    fresh = update(private, reviews(250, seed=5, extra="really"))
    report = fresh.report

    assert report["strategy"] == "finetune"
    assert [spend["apart"] for spend in report["privacy"]["spends"]] == [True, True]
    assert report["privacy"]["delta"] == folder_of(private, 1).report()["privacy"]["delta"]
    assert report["privacy"]["spent"] <= 8.0
    rules = {rule["kind"]: rule for rule in report["gate"]["rules"]}
    assert rules["privacy"]["passed"]
    assert folder_of(private, 2).load_learner().model.parameter_count() == report["parameters"]

    again = joined(reviews(250), reviews(150, seed=9, extra="truly"))
    folder = folder_of(private, 1)
    with pytest.raises(ConfigError, match="exceed the privacy budget"):
        check_batch(again, folder, read_past(folder, private))
    check_batch(again, folder, read_past(folder, private), budget=False)  # at a smaller ε it might be learned
    with pytest.raises(ConfigError, match="exceed the privacy budget"):
        update(private, again)


def test_what_would_break_the_promise_is_refused_before_anything_is_learned(private: Workspace) -> None:
    batch = reviews(250, seed=6, extra="quite")
    for settings, sentence in (
        ({"private": False}, "keep the promise"),
        ({"privacy_budget": 20.0}, "cannot be raised"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            update(private, batch, **settings)
    with pytest.raises(ConfigError, match="Choose finetune, lwf"):
        update(private, batch, "replay")
    asked = TrialRequest(classifier="opinions", dataset=save(private, batch).id)
    with pytest.raises(ConfigError, match="Trying several strategies"):
        last_of(try_strategies(asked, private))
    assert [version.number for version in private.registry.versions("opinions")] == [1]


def test_several_models_are_not_tried_on_private_rows(private: Workspace) -> None:
    request = TrainRequest(classifier="other", dataset=save(private, reviews(250)).id, settings={"private": True})

    with pytest.raises(ConfigError, match="Choose a model: ngrams"):
        last_of(train(request, private))
