"""Cross-validation and repeated seeds of a tiny version."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError, RegistryError
from core.base.events import Advanced, CheckpointDue
from core.cli import main
from core.data.dataset.rows import TextDataset
from core.registry.records import FoldStore
from core.workflows.repeat.cross_validation import FoldsDone, FoldsRequest, _plan, cross_validate
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 reviews in groups of four, a fifth with the wrong label."""
    home = tmp_path_factory.mktemp("shop")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    made = reviews(150)
    wrong = np.random.default_rng(0).random(150) < 0.2
    labels = np.where(wrong, 1 - made.labels, made.labels)
    groups = tuple(str(row // 4) for row in range(150))
    stored = save(workspace, TextDataset(made.texts, labels, made.classes, groups=groups))
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=FAST)
    list(train_classifier(request, workspace))
    return home


@pytest.fixture
def trained(shop: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def run(workspace: Workspace, *, by: str = "folds", runs: int = 3, **asked: Any) -> list[Any]:
    request = FoldsRequest(classifier="Shop", repeat_by=by, repeat_runs=runs)  # type: ignore[arg-type]
    return list(cross_validate(request, workspace, **asked))


def test_every_row_but_those_of_the_test_is_held_out_once(trained: Workspace) -> None:
    request = FoldsRequest(classifier="Shop", repeat_runs=4)
    plan = _plan(request, trained.registry.version("Shop", 1), trained)
    folder = VersionFolder(trained.registry.folder("Shop", 1))
    tested = set(folder.predictions(1)["text"])
    assert not tested & set(plan.texts)
    assert len(plan.texts) == 150 - len(tested)
    assert sorted(np.concatenate(plan.folds)) == list(range(len(plan.texts)))
    homes: dict[str, set[int]] = {}
    for place, fold in enumerate(plan.folds):
        for row in fold:
            homes.setdefault(plan.groups[row], set()).add(place)
    assert all(len(places) == 1 for places in homes.values())


def test_folds_come_with_mean_deviation_and_all_rows_as_one_test(trained: Workspace) -> None:
    events = run(trained)
    record = events[-1].record
    assert [one["run"] for one in record["runs"]] == [1, 2, 3]
    assert sum(one["rows"] for one in record["runs"]) == record["rows"]
    values = [one["accuracy"]["value"] for one in record["runs"]]
    assert record["summary"]["accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert record["summary"]["accuracy"]["deviation"] == pytest.approx(np.std(values, ddof=1))
    hits = sum(one["accuracy"]["value"] * one["rows"] for one in record["runs"])
    assert record["pooled"]["accuracy"]["value"] == pytest.approx(hits / record["rows"])
    version = trained.registry.version("Shop", 1)
    assert FoldStore(trained.home).load("Shop", 1, "folds", version.created) == json.loads(json.dumps(record))
    assert FoldStore(trained.home).load("Shop", 1, "folds", "another time") is None
    assert FoldStore(trained.home).load("Shop", 1, "seeds", version.created) is None
    assert len(trained.registry.versions("Shop")) == 1
    fractions = [event.fraction for event in events if isinstance(event, Advanced)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] <= 1


def test_seeds_are_measured_on_the_same_rows(trained: Workspace) -> None:
    record = run(trained, by="seeds")[-1].record
    assert [one["seed"] for one in record["runs"]] == [0, 1, 2]
    assert len({one["rows"] for one in record["runs"]}) == 1
    assert record["pooled"] is None


def test_a_stopped_run_goes_on_with_what_it_had(trained: Workspace) -> None:
    whole = run(trained)[-1].record
    states: list[dict[str, Any]] = []
    request = FoldsRequest(classifier="Shop", repeat_runs=3)
    for event in cross_validate(request, trained, should_stop=lambda: bool(states)):
        if isinstance(event, CheckpointDue):
            states.append(event.state)
        assert not isinstance(event, FoldsDone)
    (state,) = states
    assert [one["run"] for one in state["runs"]] == [0]
    resumed = run(trained, resume=state)
    assert resumed[-1].record["runs"] == whole["runs"]
    assert min(event.fraction for event in resumed if isinstance(event, Advanced)) > 0.3


def test_a_classifier_that_is_not_there_is_named(trained: Workspace) -> None:
    with pytest.raises(RegistryError, match="Nobody"):
        list(cross_validate(FoldsRequest(classifier="Nobody"), trained))


def test_rows_that_all_belong_together_cannot_be_divided(trained: Workspace) -> None:
    _change(trained, groups=("same",) * 150)
    with pytest.raises(DataError, match="the smallest has 0, fewer than there are labels"):
        run(trained)


def test_rows_of_one_label_teach_nothing(trained: Workspace) -> None:
    _change(trained, labels=np.zeros(150, dtype=np.int64))
    with pytest.raises(DataError, match="have the same label"):
        run(trained)


def _change(workspace: Workspace, **columns: Any) -> None:
    """Let the workspace give out the version's dataset with other columns."""
    identity = VersionFolder(workspace.registry.folder("Shop", 1)).experiences()[0].dataset
    changed = replace(workspace.datasets.load(identity), **columns)
    workspace.datasets.load = lambda _: changed  # type: ignore[method-assign]


def test_deleted_datasets_are_named(trained: Workspace) -> None:
    trained.datasets.delete(VersionFolder(trained.registry.folder("Shop", 1)).experiences()[0].dataset)
    with pytest.raises(DataError, match="were deleted: reviews"):
        run(trained)


def test_the_command_prints_each_run_and_the_spread(trained: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    main(["folds", "--classifier", "Shop", "--by", "seeds", "--runs", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("run 1, seed 0: ")
    assert lines[-2].startswith("accuracy: ")
    assert "±" in lines[-1]


def test_a_single_run_is_refused(trained: Workspace) -> None:
    from core.base.config import build

    with pytest.raises(ConfigError):
        build(FoldsRequest, {"classifier": "Shop", "repeat_runs": 1})
