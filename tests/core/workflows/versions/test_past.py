"""What a version has met, in short: read in place of all datasets, and made anew where it is missing."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from core.data.dataset.same_text import key_numbers
from core.data.dataset.store import DatasetStore
from core.tasks.text_classification.naive_bayes import NaiveBayes
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions import past as module
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import Summary, read_past, save_summary, summarise
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}


def texts(*names: str) -> tuple[list[str], list[str]]:
    return list(names), ["good" if number % 2 else "bad" for number in range(len(names))]


def same(one: Summary, other: Summary) -> bool:
    arrays = ("experience", "validated", "keys", "label", "places")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
    return equal and (one.labels, one.texts) == (other.labels, other.texts)


@pytest.fixture(scope="module")
def line_once(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Path:
    """A first version and two updates, each promoted."""
    home = tmp_path_factory.mktemp("line")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    dataset = save(workspace, reviews(120))
    request = TrainRequest(classifier="Shop", dataset=dataset.id, model="ngrams", settings=FAST)
    for _ in train_classifier(request, workspace):
        pass
    for number in (1, 2):
        update(workspace, number)
    return home


@pytest.fixture
def line(line_once: Path, workspace: Workspace) -> list[VersionFolder]:
    """The three versions in a copy of their workspace."""
    shutil.copytree(line_once, workspace.home, dirs_exist_ok=True)
    return [VersionFolder(workspace.registry.folder("Shop", number)) for number in (1, 2, 3)]


def update(workspace: Workspace, number: int) -> Any:
    batch = save(workspace, reviews(80, seed=number, third_label=number == 2), f"batch {number}")
    asked = UpdateRequest(classifier="Shop", dataset=batch.id, strategy="replay", promote="always")
    *_, completed = update_classifier(asked, workspace)
    return completed


def test_a_summary_knows_texts_by_their_keys_with_every_label_that_they_had() -> None:
    met = (
        Summary().grown(1, texts("One", "two"), texts("three")).grown(2, (["ONE ", "four"], ["new", "good"]), ([], []))
    )
    assert met.labels == ("bad", "good", "new")
    (one, four, none) = key_numbers(["one", "four", "never"]).tolist()
    assert met.labels_of(key_numbers(["one", "four", "never"])) == {one: {"bad", "new"}, four: {"good"}}
    assert none not in met.labels_of(np.array([none], dtype=np.uint64))
    assert met.learned == 4
    assert met.sample(validated=True)[:2] == (["three"], ["bad"])


def test_a_summary_keeps_as_many_texts_as_it_may_whatever_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEARNED_TEXTS", 5)
    monkeypatch.setattr(module, "VALIDATION_TEXTS", 3)
    names = [f"text {number}" for number in range(40)]
    forward, backward = Summary(), Summary()
    for number, first in enumerate(range(0, 40, 10), start=1):
        part, other = names[first : first + 10], names[30 - first : 40 - first]
        forward = forward.grown(number, texts(*part[:7]), texts(*part[7:]))
        backward = backward.grown(number, texts(*other[:7]), texts(*other[7:]))
    for validated, count in ((False, 5), (True, 3)):
        kept = forward.sample(validated=validated)[0]
        assert len(kept) == count
        assert set(kept) == set(backward.sample(validated=validated)[0])
    assert len(forward.keys) == 40


def test_experiences_can_be_left_out() -> None:
    whole = Summary().grown(1, texts("a", "b"), texts("c")).grown(2, texts("d"), texts("e", "f"))
    left = whole.without({1})
    assert same(left, Summary(labels=("bad", "good")).grown(2, texts("d"), texts("e", "f")))
    assert same(whole.without(set()), whole)


@pytest.mark.parametrize("text", ["", "half \ud800", "换行\n", "\x00", "😀"])
def test_a_stored_summary_reads_as_it_was(workspace: Workspace, tmp_path: Path, text: str) -> None:
    folder = VersionFolder(tmp_path / "run" / "artifacts" / "version")
    folder.path.mkdir(parents=True)
    (folder.path / "experiences.json").write_text("[]", encoding="utf-8")
    met = Summary(baseline=NaiveBayes.empty()).grown(1, texts(text, "other"), texts("third"))
    save_summary(met, folder, workspace)
    found = read_past(folder, workspace).met
    assert same(found, met)
    assert found.baseline is not None
    assert found.baseline.rows.tolist() == [1, 1]


def test_what_an_update_keeps_is_what_all_datasets_say(line: list[VersionFolder], workspace: Workspace) -> None:
    kept = read_past(line[2], workspace)
    anew = summarise(module.rows_met(line[2], workspace), baseline=NaiveBayes.empty())
    assert same(kept.met, anew)
    assert kept.met.baseline is not None
    assert anew.baseline is not None
    assert kept.met.baseline.rows.tolist() == anew.baseline.rows.tolist()
    np.testing.assert_allclose(kept.met.baseline.sums.toarray(), anew.baseline.sums.toarray(), atol=1e-5)


def test_an_update_without_a_summary_comes_to_the_same(line: list[VersionFolder], workspace: Workspace) -> None:
    for path in workspace.registry.files.summaries.iterdir():
        path.unlink()
    first = update(workspace, 3).report
    again = UpdateRequest(
        classifier="Shop", dataset=first["experiences"][-1]["dataset"], strategy="replay", base_version=3
    )
    *_, second = update_classifier(again, workspace)
    for figure in ("baseline", "drift", "accuracy_matrix", "macro_f1_matrix", "tests"):
        assert without_time(second.report[figure]) == without_time(first[figure])


def without_time(figure: Any) -> Any:
    return {name: value for name, value in figure.items() if name != "seconds"} if isinstance(figure, dict) else figure


def test_a_damaged_summary_is_made_anew(line: list[VersionFolder], workspace: Workspace) -> None:
    path = workspace.registry.files.summary_of(line[2].path)
    before = read_past(line[2], workspace).met
    path.write_bytes(path.read_bytes()[:100])
    assert same(read_past(line[2], workspace).met, before)


def test_a_deleted_dataset_is_missing_from_what_was_met(line: list[VersionFolder], workspace: Workspace) -> None:
    record = line[2].experiences()[0]
    workspace.datasets.delete(record.dataset)
    kept = read_past(line[2], workspace)
    workspace.registry.files.summary_of(line[2].path).unlink()
    anew = read_past(line[2], workspace)
    assert kept.missing == anew.missing == (record.name,)
    assert set(kept.met.experience.tolist()) == {2, 3}
    assert sorted(kept.met.keys.tolist()) == sorted(anew.met.keys.tolist())


def test_a_deleted_classifier_takes_its_summaries_along(line: list[VersionFolder], workspace: Workspace) -> None:
    assert list(workspace.registry.files.summaries.iterdir())
    workspace.registry.delete("Shop")
    assert not list(workspace.registry.files.summaries.iterdir())


def test_only_the_summaries_that_were_read_last_are_kept(
    line: list[VersionFolder], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORED", 2)
    update(workspace, 3)
    kept = {path.stem for path in workspace.registry.files.summaries.iterdir()}
    assert kept == {version.run_id for version in workspace.registry.versions("Shop")[-2:]}


def test_an_update_reads_no_earlier_dataset_and_each_table_of_its_parent_once(
    line: list[VersionFolder], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets: list[str] = []
    tables: Counter[str] = Counter()
    load, opened = DatasetStore.load, pyarrow.parquet.ParquetFile.__init__

    def loading(self: DatasetStore, identity: str) -> Any:
        datasets.append(identity)
        return load(self, identity)

    def opening(self: Any, source: Any, *arguments: Any, **named: Any) -> None:
        if str(line[2].path) in str(source):
            tables[Path(str(source)).name] += 1
        opened(self, source, *arguments, **named)

    monkeypatch.setattr(DatasetStore, "load", loading)
    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "__init__", opening)
    earlier = {record.dataset for record in line[2].experiences()}
    update(workspace, 3)
    assert not earlier & set(datasets)
    assert {name: count for name, count in tables.items() if count > 1} == {}
    assert {"test_1.parquet", "test_2.parquet", "test_3.parquet"} <= tables.keys()


def test_a_report_says_nothing_that_lies_beside_it_and_reads_as_it_was(line: list[VersionFolder]) -> None:
    written = (line[2].path / "report.json").read_text("utf-8")
    assert "accuracy_matrix" not in written
    assert "experiences" not in written
    report = line[2].report()
    assert [record["number"] for record in report["experiences"]] == [1, 2, 3]
    for score in ("accuracy", "macro_f1"):
        matrix = report[f"{score}_matrix"]
        assert matrix[2] == [test["report"][score]["value"] for test in report["tests"]]
        assert matrix[0][2] is None
        assert matrix[1][2] == report["tests"][2]["before"][score]["value"]
    line[2].save_report(report)
    assert line[2].report() == report
