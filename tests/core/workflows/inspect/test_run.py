"""An inspection as a workflow: kept, stoppable, changing nothing, and what it suggests makes a new dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.base.errors import DataError, ModelError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import StoredDataset
from core.data.quality import Finding, steps_of
from core.data.recipe import read_steps
from core.registry import ClassifierInfo, Registry, VersionInfo
from core.registry.records import InspectionStore
from core.workflows.inspect.run import InspectionDone, InspectRequest, frozen_tests, inspect_dataset, root_of
from core.workflows.recipes import save_cleaned
from core.workflows.workspace import Workspace, open_workspace

ROLES = ColumnRoles("text", "label")
ROWS = [("great fine phone", "good"), ("Great fine phone", "bad"), ("mail a@b.com", "good"), ("slow ugly thing", "bad")]


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


@pytest.fixture
def stored(workspace: Workspace) -> StoredDataset:
    return save(workspace, ROWS)


def save(workspace: Workspace, rows: list[tuple[str, str]], **source: Any) -> StoredDataset:
    classes = ("bad", "good")
    labels = np.array([classes.index(label) for _, label in rows])
    dataset = TextDataset(tuple(text for text, _ in rows), labels, classes)
    return workspace.datasets.save(dataset, name="Shop", roles=ROLES, source=source)


def inspected(workspace: Workspace, dataset: str, **request: Any) -> dict[str, Any]:
    *_, done = inspect_dataset(InspectRequest(dataset=dataset, **request), workspace)
    assert isinstance(done, InspectionDone)
    return done.inspection


def test_it_is_kept_without_any_text_and_the_dataset_stays(workspace: Workspace, stored: StoredDataset) -> None:
    before = workspace.datasets.load(stored.id)
    found = inspected(workspace, stored.id)
    kinds = {one["kind"] for one in found["findings"]}
    assert {"contradictions", "personal_data"} <= kinds
    assert InspectionStore(workspace.home).get(stored.id) == json.loads(json.dumps(found))
    written = (workspace.home / "inspections" / f"{stored.id}.json").read_text(encoding="utf-8")
    assert "a@b.com" not in written
    assert "phone" not in written
    assert workspace.datasets.load(stored.id).texts == before.texts
    assert set(found["clean"]).isdisjoint(kinds)


def test_progress_never_goes_back_and_every_event_has_words(workspace: Workspace, stored: StoredDataset) -> None:
    events = list(inspect_dataset(InspectRequest(dataset=stored.id), workspace))
    fractions = [event.fraction for event in events[:-1]]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1
    assert all(str(event.message) for event in events[:-1])


@pytest.mark.parametrize("steps", [0, 2, 4])
def test_stopped_it_keeps_nothing(workspace: Workspace, stored: StoredDataset, steps: int) -> None:
    answers: Iterator[bool] = iter([False] * steps)
    events = list(
        inspect_dataset(InspectRequest(dataset=stored.id), workspace, should_stop=lambda: next(answers, True))
    )
    assert not any(isinstance(event, InspectionDone) for event in events)
    assert InspectionStore(workspace.home).get(stored.id) is None


def test_an_unknown_dataset_or_encoder_is_refused(workspace: Workspace, stored: StoredDataset) -> None:
    with pytest.raises(DataError):
        list(inspect_dataset(InspectRequest(dataset="f" * 16), workspace))
    with pytest.raises(ModelError):
        list(inspect_dataset(InspectRequest(dataset=stored.id, encoder="packaged:nothing"), workspace))


def test_the_chosen_fixes_make_a_new_dataset_with_its_recipe(workspace: Workspace, stored: StoredDataset) -> None:
    found = [Finding.from_dict(one) for one in inspected(workspace, stored.id)["findings"]]
    fixes = [one.fixes[0] for one in found if one.kind in ("contradictions", "personal_data")]
    made = save_cleaned(workspace, stored.id, steps_of(fixes), "Shop (cleaned)")
    assert workspace.datasets.load(made.id).texts == ("mail [EMAIL]", "slow ugly thing")
    assert made.source["parent"] == stored.id
    assert read_steps(made.source["recipe"]) == steps_of(fixes)
    again = save_cleaned(workspace, made.id, steps_of(fixes))
    assert again.id == made.id  # nothing left to do
    assert root_of(workspace.datasets, made.id) == stored.id


def test_damaged_and_strange_records_are_none(workspace: Workspace) -> None:
    store = InspectionStore(workspace.home)
    folder = workspace.home / "inspections"
    folder.mkdir()
    (folder / f"{'a' * 16}.json").write_text("{", encoding="utf-8")
    (folder / f"{'b' * 16}.json").write_text("[]", encoding="utf-8")
    assert [store.get(one) for one in ("a" * 16, "b" * 16, "c" * 16, "../../etc/passwd")] == [None] * 4


def test_frozen_tests_of_other_data_are_held_against_it_and_its_own_are_not(
    workspace: Workspace, stored: StoredDataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A version in a folder: one experience of this very dataset, one of another."""
    other = save(workspace, [("from elsewhere one", "good"), ("from elsewhere two", "bad")])
    cleaned = save(workspace, ROWS[:3], parent=stored.id)
    folder = tmp_path / "version"
    (folder / "predictions").mkdir(parents=True)
    records = []
    for number, (dataset, text) in enumerate([(stored.id, "own text"), (other.id, "other text")], start=1):
        counts = {"train": 1, "validation": 1, "test": 1, "set_aside": 0}
        records.append({"number": number, "dataset": dataset, "name": "x", **counts})
        pd.DataFrame({"text": [text]}).to_parquet(folder / "predictions" / f"test_{number}.parquet")
    (folder / "experiences.json").write_text(json.dumps(records), encoding="utf-8")
    (workspace.home / "mlflow.db").touch()
    version = VersionInfo("shop", 1, None, "", "", {})
    monkeypatch.setattr(Registry, "classifiers", lambda self: [ClassifierInfo("shop", "", 1, None)])
    monkeypatch.setattr(Registry, "versions", lambda self, name: [version])
    monkeypatch.setattr(Registry, "folder", lambda self, name, number: folder)
    for dataset in (stored, cleaned):
        (test,) = frozen_tests(workspace, dataset)
        assert (test.classifier, test.texts) == ("shop", ("other text",))
    assert frozen_tests(workspace)[0].texts == ("own text", "other text")
