"""Rows are forgotten everywhere they are stored, and nothing else is touched."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data import TextDataset, text_key
from core.data.corrections import Corrections
from core.errors import DataError
from core.workflows import TrainRequest, UpdateRequest, VersionFolder, Workspace, train_classifier, update_classifier
from core.workflows.forget import ForgetRequest, Forgotten, forget_rows, receipts
from core.workflows.forget_rows import Found, find_rows, groups_of
from core.workflows.update import read_past
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 1, "buckets": 1024, "embedding_size": 16, "memory_size": 400, "batch_size": 8}


def people(dataset: TextDataset) -> TextDataset:
    """The same rows, each written by one of ten people."""
    return replace(dataset, groups=tuple(f"person {row % 10}" for row in range(len(dataset))))


@pytest.fixture(scope="module")
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


@pytest.fixture
def learned(learned_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(learned_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("c", number))


def forget(workspace: Workspace, found: Found) -> dict[str, Any]:
    rows = {one.dataset: one.rows.tolist() for one in found.datasets}
    request = ForgetRequest(classifier="c", rows=rows, digests=sorted(found.digests))
    events = list(forget_rows(request, workspace))
    assert isinstance(events[-1], Forgotten)
    receipt = receipts(workspace.home)[0]
    assert receipt["id"] == events[-1].receipt
    return receipt


def texts_kept(workspace: Workspace) -> set[str]:
    """Keys of every text that is stored anywhere."""
    kept = {text for stored in workspace.datasets.list() for text in workspace.datasets.load(stored.id).texts}
    for number in (1, 2):
        version = folder(workspace, number)
        memory = version.load_state()["memory"]["rows"]
        kept |= {row[0] for rows in memory.values() for row in rows}
        kept |= {text for record in version.experiences() for text in version.predictions(record.number)["text"]}
    return {text_key(text) for text in kept}


def test_a_person_is_found_in_every_dataset_the_classifier_learned_from(learned: Workspace) -> None:
    assert groups_of("c", learned) == [f"person {number}" for number in range(10)]
    found = find_rows("c", learned, groups=["person 3"])
    for one in found.datasets:
        dataset = learned.datasets.load(one.dataset)
        assert dataset.groups is not None
        assert {dataset.groups[row] for row in one.rows} == {"person 3"}
        assert one.left == len(dataset) - len(one.rows)
    assert found.count == sum(len(one.rows) for one in found.datasets) > 0


def test_afterwards_no_text_of_the_person_is_stored_anywhere(learned: Workspace) -> None:
    found = find_rows("c", learned, groups=["person 3"])
    gone = {
        text_key(learned.datasets.load(one.dataset).texts[row]) for one in found.datasets for row in one.rows.tolist()
    }
    assert gone <= texts_kept(learned)
    before = texts_kept(learned)
    forget(learned, found)
    assert texts_kept(learned) == before - gone


def test_every_version_still_fits_its_datasets(learned: Workspace) -> None:
    def labelled(number: int) -> set[tuple[str, str]]:
        past = read_past(folder(learned, number), learned)
        assert past.missing == ()
        return {pair for part in (past.train, past.validation) for pair in zip(*part, strict=True)}

    before = {number: labelled(number) for number in (1, 2)}
    found = find_rows("c", learned, groups=["person 3"])
    gone = {learned.datasets.load(one.dataset).texts[row] for one in found.datasets for row in one.rows.tolist()}
    forget(learned, found)
    for number in (1, 2):
        assert labelled(number) == {pair for pair in before[number] if pair[0] not in gone}
        version = folder(learned, number)
        for record in version.experiences():
            tested = learned.datasets.load(record.dataset).take(version.rows_of(record.number, "test"))
            assert tested.texts == tuple(version.predictions(record.number)["text"])


def test_the_receipt_counts_what_was_removed_and_names_who_still_carries_it(learned: Workspace) -> None:
    found = find_rows("c", learned, groups=["person 3"])
    receipt = forget(learned, found)
    assert sum(one["rows"] for one in receipt["datasets"]) == found.count
    assert [one["version"] for one in receipt["versions"]] == [1, 2]
    assert receipt["versions"][1]["train"] == sum(one.parts["train"] for one in found.datasets)
    assert receipt["exact"] is None
    assert "person 3" not in str(receipt)


def test_a_single_text_is_found_whatever_its_case_and_leaves_the_queue_too(learned: Workspace) -> None:
    text = learned.datasets.load(folder(learned, 1).experiences()[0].dataset).texts[0]
    queue = Corrections(learned.home)
    queue.add("c", text, "good", predicted="bad", version=1)
    queue.add("c", "something else", "good", predicted="bad", version=1)
    receipt = forget(learned, find_rows("c", learned, texts=[f"  {text.upper()} "]))
    assert receipt["corrections"] == 1
    assert [row.text for row in queue.list("c")] == ["something else"]
    assert text_key(text) not in texts_kept(learned)


def test_the_next_update_works_on_what_is_left(learned: Workspace) -> None:
    forget(learned, find_rows("c", learned, groups=["person 3"]))
    third = save(learned, people(reviews(80, seed=3))).id
    update = UpdateRequest(classifier="c", dataset=third, strategy="joint", settings={"epochs": 1})
    assert list(update_classifier(update, learned))[-1].version == 3


def test_rows_that_were_never_learned_are_not_found(learned: Workspace) -> None:
    with pytest.raises(DataError, match="has learned from no such rows"):
        find_rows("c", learned, groups=["nobody"], texts=["never written"])
    assert receipts(learned.home) == []
