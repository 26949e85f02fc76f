import hashlib
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore, content_id

ROLES = ColumnRoles("text", "label")
DATASET = TextDataset(
    ("很好", "不好", "一般"),
    np.array([1, 0, 1]),
    ("bad", "good"),
    splits=("train", "test", "train"),
    times=("1", "2", "3"),
)


def test_a_saved_dataset_comes_back_the_same(tmp_path):
    store = DatasetStore(tmp_path)
    stored = store.save(DATASET, name="Shop", roles=ROLES, source={"file": "shop.csv"}, synthetic=True)
    loaded = DatasetStore(tmp_path).load(stored.id)
    for name in ("texts", "classes", "splits", "groups", "times"):
        assert getattr(loaded, name) == getattr(DATASET, name)
    assert loaded.labels.tolist() == [1, 0, 1]
    assert loaded.labels.dtype == np.int64
    assert store.info(stored.id) == stored
    assert (stored.rows, stored.classes, stored.language, stored.synthetic) == (3, {"bad": 1, "good": 2}, "zh", True)
    assert stored.roles == ROLES


def test_saving_again_changes_nothing(tmp_path):
    store = DatasetStore(tmp_path)
    first = store.save(DATASET, name="first", roles=ROLES)
    assert store.save(DATASET, name="second", roles=ROLES) == first
    assert store.list() == [first]


@pytest.mark.parametrize(
    "change",
    [
        {"texts": ("很好", "不好", "一般!")},
        {"labels": np.array([1, 1, 1])},
        {"classes": ("bad", "great")},
        {"splits": ("train", "test", "test")},
        {"splits": None},
        {"groups": ("train", "test", "train"), "splits": None},
        {"times": ("12", "", "3")},
    ],
)
def test_any_change_of_content_gives_another_id(change):
    assert content_id(replace(DATASET, **change)) != content_id(DATASET)


def test_the_id_is_a_hash_of_every_value_behind_its_length():
    texts = tuple(f"{'很好' * (row % 3)}{row}" if row % 5 else "" for row in range(20_001))
    dataset = TextDataset(texts, np.arange(20_001) % 2, ("bad", "坏"), groups=texts)
    digest = hashlib.sha256()
    for column in (dataset.classes, texts, dataset.label_names(), None, texts, None):
        digest.update(b"-" if column is None else f"{len(column)}:".encode())
        for value in column or ():
            digest.update(f"{len(value.encode())}:{value}".encode())
    assert content_id(dataset) == digest.hexdigest()[:16]


def test_what_a_killed_process_left_is_ignored_and_saving_repairs_it(tmp_path):
    store = DatasetStore(tmp_path)
    identity = content_id(DATASET)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / f"{identity}.parquet").write_bytes(b"half")
    (tmp_path / "datasets" / f".{identity}.abc.part").write_bytes(b"half")
    assert store.list() == []
    with pytest.raises(DataError, match="no dataset"):
        store.load(identity)
    assert store.load(store.save(DATASET, name="Shop", roles=ROLES).id).texts == DATASET.texts


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    store = DatasetStore(tmp_path)

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        store.save(DATASET, name="Shop", roles=ROLES)
    assert list((tmp_path / "datasets").iterdir()) == []


@pytest.mark.parametrize(
    "identity", ["../../etc/passwd", "0123456789abcdeF", "0123456789abcdef\n", "", "0123456789abcdef"]
)
def test_ids_that_are_none_are_refused(tmp_path, identity):
    store = DatasetStore(tmp_path)
    for action in (store.load, store.info, store.delete):
        with pytest.raises(DataError) as caught:
            action(identity)
        assert caught.value.message.key == "data.dataset_unknown"


def test_the_newest_comes_first_and_damage_hides_only_itself(tmp_path):
    store = DatasetStore(tmp_path)
    ids = []
    for day, text in enumerate(("a", "b", "c"), start=1):
        stored = store.save(TextDataset((text, "z"), np.array([0, 1]), ("x", "y")), name=text, roles=ROLES)
        path = tmp_path / "datasets" / f"{stored.id}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "created": f"2030-01-0{day}T00:00:00+00:00"}))
        ids.append(stored.id)
    assert [stored.name for stored in store.list()] == ["c", "b", "a"]
    (tmp_path / "datasets" / f"{ids[1]}.json").write_text("{")
    assert [stored.name for stored in store.list()] == ["c", "a"]
    with pytest.raises(DataError, match="damaged"):
        store.info(ids[1])
    store.delete(ids[1])
    (tmp_path / "datasets" / f"{ids[0]}.parquet").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="damaged"):
        store.load(ids[0])


def test_a_deleted_dataset_is_gone(tmp_path):
    store = DatasetStore(tmp_path)
    stored = store.save(DATASET, name="Shop", roles=ROLES)
    store.delete(stored.id)
    assert store.list() == []
    assert list((tmp_path / "datasets").iterdir()) == []
