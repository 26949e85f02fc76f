"""A learning curve of a tiny version: nothing is registered, and a stopped run goes on with what it had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import DataError, RegistryError
from core.base.events import Advanced, CheckpointDue
from core.cli import main
from core.registry.records import CurveStore
from core.workflows.repeat.learning_curve import CurveDone, CurveRequest, draw_curve, nested_rows
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    stored = save(workspace, reviews(150))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=FAST)
    list(train_classifier(request, workspace))
    return home


@pytest.fixture
def trained(shop: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def draw(workspace: Workspace, **asked: Any) -> list[Any]:
    return list(draw_curve(CurveRequest(classifier="Shop", runs=2), workspace, **asked))


def test_smaller_shares_are_part_of_larger_ones_and_keep_the_proportions() -> None:
    labels = np.array([0] * 40 + [1] * 8)
    shares = [nested_rows(labels, share, 3) for share in (1 / 16, 1 / 4, 1.0)]
    assert [np.bincount(labels[rows]).tolist() for rows in shares] == [[2, 1], [10, 2], [40, 8]]
    assert set(shares[0]) < set(shares[1]) < set(shares[2])
    assert not np.array_equal(shares[1], nested_rows(labels, 1 / 4, 4))


def test_a_curve_is_stored_beside_the_version_and_makes_none(trained: Workspace) -> None:
    events = draw(trained)
    done = events[-1]
    assert isinstance(done, CurveDone)
    version = trained.registry.version("Shop", 1)
    assert len(trained.registry.versions("Shop")) == 1
    stored = CurveStore(trained.home).load("Shop", 1, version.created)
    assert stored == json.loads(json.dumps(done.curve))
    assert [one["rows"] for one in done.curve["points"]] == [6, 12, 26, 52, 104]
    assert (done.curve["runs"], done.curve["test_rows"]) == (2, 30)
    assert all(0 <= one["accuracy"]["low"] <= one["accuracy"]["high"] <= 1 for one in done.curve["points"])
    fractions = [event.fraction for event in events if isinstance(event, Advanced)]
    assert fractions == sorted(fractions)
    assert CurveStore(trained.home).load("Shop", 1, "another version's time") is None


def test_a_stopped_curve_goes_on_with_its_finished_points(trained: Workspace) -> None:
    whole = draw(trained)[-1].curve
    state: dict[str, Any] = {}
    request = CurveRequest(classifier="Shop", runs=2)
    for event in draw_curve(request, trained, should_stop=lambda: len(state.get("points", ())) == 3):
        if isinstance(event, CheckpointDue):
            state.update(event.state)
        assert not isinstance(event, CurveDone)
    again = draw(trained, resume=state)
    assert sum(isinstance(event, CheckpointDue) for event in again) == 7
    timeless = ("created", "seconds")
    assert {name: value for name, value in again[-1].curve.items() if name not in timeless} == {
        name: value for name, value in whole.items() if name not in timeless
    }


def test_a_curve_without_its_rows_says_so(trained: Workspace) -> None:
    trained.datasets.delete(trained.datasets.list()[0].id)
    with pytest.raises(DataError, match="were deleted"):
        draw(trained)
    with pytest.raises(RegistryError, match="no classifier"):
        list(draw_curve(CurveRequest(classifier="Nothing"), trained))


def test_the_command_prints_points_and_a_sentence(trained: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["curve", "--classifier", "Shop", "--runs", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["answer"] in ("yes", "hardly", "unclear")
    assert "the last doubling, from 52 to 104 rows" in found["verdict"]["message"]
    assert main(["curve", "--classifier", "Shop", "--version", "9"]) == 2
