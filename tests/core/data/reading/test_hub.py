"""Datasets of the Hub: really loaded with `datasets`, here from folders; without a network there is a message."""

from __future__ import annotations

import sys
from pathlib import Path

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import guess_roles
from core.data.reading import hub
from core.data.reading.hub import fetch_apart, fetch_dataset, revision_of
from core.data.reading.isolation import pool
from core.data.reading.tables import read_table


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "reviews"
    path.mkdir()
    (path / "train.csv").write_text("text,label\n很好,pos\n很差,neg\n", encoding="utf-8")
    (path / "test.csv").write_text("text,label\n还行,pos\n", encoding="utf-8")
    return path


def test_all_splits_come_in_one_table_that_tells_them_apart(folder: Path, tmp_path: Path) -> None:
    path = fetch_dataset(str(folder), tmp_path / "out")
    table = read_table(path)
    assert table["text"].tolist() == ["很好", "很差", "还行"]
    assert table["split"].tolist() == ["train", "train", "test"]
    assert guess_roles(table).split == "split"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["reviews.parquet"]


def test_numbered_labels_stand_under_their_names(tmp_path: Path) -> None:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["negative", "positive"])}
    )
    rows = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    path = tmp_path / "numbered"
    path.mkdir()
    rows.to_parquet(path / "train.parquet")
    table = read_table(fetch_dataset(str(path), tmp_path / "out"))
    assert table["label"].tolist() == ["positive", "negative", ""]
    assert "split" not in table.columns


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (ConnectionError("no route to host"), "data.hub_offline"),
        (datasets.exceptions.DatasetNotFoundError("gone"), "data.hub_unknown"),
        (ValueError("Config name is missing.\nPick one"), "data.hub_failed"),
    ],
)
def test_what_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, key: str) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(DataError) as caught:
        fetch_dataset("owner/name", tmp_path / "out")
    assert caught.value.message.key == key
    assert not (tmp_path / "out").exists()


def test_a_name_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch_dataset("  ", tmp_path)
    assert caught.value.message.key == "data.hub_no_name"


def test_a_dataset_beyond_the_limit_is_refused_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.data.reading.hub.FILE_LIMIT", 10)
    with pytest.raises(DataError) as caught:
        fetch_dataset(str(folder), tmp_path / "out")
    assert caught.value.message.key == "data.hub_too_large"
    assert list((tmp_path / "out").iterdir()) == []


def test_the_other_process_gives_the_same_table(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool._end_all()  # the next one gets the cache of this test
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    apart = fetch_apart(str(folder), tmp_path / "out")
    assert read_table(apart)["text"].tolist() == ["很好", "很差", "还行"]
    with pytest.raises(DataError) as caught:
        fetch_apart(str(tmp_path / "nothing"), tmp_path / "out")
    assert caught.value.message.key in ("data.hub_unknown", "data.hub_offline")
    pool._end_all()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces the limit of memory")
def test_a_few_kilobytes_that_unpack_to_gigabytes_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hostile"
    path.mkdir()
    text = pyarrow.array(["a" * 1_000_000] * 300)
    pyarrow.parquet.write_table(pyarrow.table({"text": text}), path / "train.parquet", compression="zstd")
    assert (path / "train.parquet").stat().st_size < 1_000_000
    pool._end_all()
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "MEMORY", 400 * 1024**2)
    with pytest.raises(DataError) as caught:
        fetch_apart(str(path), tmp_path / "out")
    assert caught.value.message.key == "data.hub_too_much", str(caught.value)
    assert "400 MB" in str(caught.value)
    assert not list((tmp_path / "out").iterdir())
    pool._end_all()


def test_one_split_alone_and_what_changes_when_a_dataset_does(folder: Path, tmp_path: Path) -> None:
    table = read_table(fetch_dataset(str(folder), tmp_path / "out", split="test", revision="not of a folder"))
    assert table["text"].tolist() == ["还行"]
    before = revision_of(str(folder))
    assert revision_of(f" {folder} ") == before
    (folder / "test.csv").write_text("text,label\n还行,pos\n不行,neg\n", encoding="utf-8")
    assert revision_of(str(folder)) != before
    for name in (str(tmp_path / "nothing"), "a/b/c"):
        with pytest.raises(DataError) as caught:
            revision_of(name)
        assert caught.value.message.key == "data.hub_unknown"
