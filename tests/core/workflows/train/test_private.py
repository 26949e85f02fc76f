"""The budget is a model's, not a training's: versions that are trained anew from the same rows pay again."""

from __future__ import annotations

import pytest

from core.base.errors import ConfigError
from core.base.events import last_of
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

PRIVATE = {"private": True, "epsilon": 3, "privacy_budget": 4, "calibrate": False}


def trained(workspace: Workspace, dataset: str, **settings: object) -> dict[str, object]:
    request = TrainRequest(
        classifier="Shop", dataset=dataset, model="hashed", strategy="ridge", settings={**PRIVATE, **settings}
    )
    completed = last_of(train_classifier(request, workspace))
    assert isinstance(completed, Completed)
    report = VersionFolder(workspace.registry.folder("Shop", completed.version)).report()
    return dict(report["privacy"])


def test_training_anew_from_the_same_rows_spends_of_the_same_budget(workspace: Workspace) -> None:
    same, other = save(workspace, reviews(200)), save(workspace, reviews(200, seed=5))
    first = trained(workspace, same.id)
    assert first["spent"] == pytest.approx(3, abs=1e-3)
    with pytest.raises(ConfigError, match=r"would exceed the privacy budget: 3\.00 of 4\.00"):
        trained(workspace, same.id)
    again = trained(workspace, same.id, epsilon=1)
    assert 3 < float(str(again["spent"])) <= 4
    apart = trained(workspace, other.id, epsilon=2)
    assert apart["spent"] == pytest.approx(again["spent"], abs=1e-3)
    with pytest.raises(ConfigError, match="keep the promise"):
        trained(workspace, same.id, private=False)


def test_more_than_the_budget_is_told_as_such(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="is above the privacy budget of 4"):
        trained(workspace, save(workspace, reviews(200)).id, epsilon=7)
