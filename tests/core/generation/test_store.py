from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.base.errors import RegistryError
from core.generation.store import GeneratorStore
from core.generation.version import GeneratorMemory, fingerprint


def publish(store: GeneratorStore, name: str, mark: int) -> int:
    with store.incoming(name) as folder:
        (folder / "report.json").write_text(json.dumps({"mark": mark}), encoding="utf-8")
        return store.publish(name, folder)


@pytest.fixture
def store(evergreen_home: Path) -> GeneratorStore:
    return GeneratorStore(evergreen_home)


def test_versions_are_numbered_and_the_newest_writes(store: GeneratorStore) -> None:
    assert [publish(store, "店 评", mark) for mark in (7, 8)] == [1, 2]
    info = store.info("店 评")
    assert (info.versions, info.current) == ((1, 2), 2)
    assert store.report("店 评") == {"generator": "店 评", "version": 2, "mark": 8}
    assert store.list() == [info]


def test_rolling_back_moves_the_pointer_and_nothing_else(store: GeneratorStore) -> None:
    for mark in (7, 8):
        publish(store, "Shop", mark)
    store.rollback("Shop", 1)
    assert store.report("Shop")["mark"] == 7
    assert store.report("Shop", 2)["mark"] == 8
    assert publish(store, "Shop", 9) == 3  # numbers are never used twice


def test_what_was_never_published_leaves_no_trace(store: GeneratorStore, evergreen_home: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.incoming("Shop") as folder:  # noqa: PT012
        (folder / "report.json").write_text("{}", encoding="utf-8")
        assert store.list() == []  # not even while it is being written
        raise ZeroDivisionError
    assert list((evergreen_home / "generators").iterdir()) == []


def test_a_lost_or_wrong_pointer_means_the_newest(store: GeneratorStore, evergreen_home: Path) -> None:
    for mark in (7, 8):
        publish(store, "Shop", mark)
    pointer = evergreen_home / "generators" / "Shop" / "current"
    for content in ("9", "x", ""):
        pointer.write_text(content, encoding="utf-8")
        assert store.info("Shop").current == 2


def test_deleting_removes_all_of_it(store: GeneratorStore, evergreen_home: Path) -> None:
    publish(store, "Shop", 7)
    store.delete("Shop")
    assert store.list() == []
    assert list((evergreen_home / "generators").iterdir()) == []
    with pytest.raises(RegistryError, match="no generator 'Shop'"):
        store.info("Shop")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", " x", "x ", "a" * 61, "a\nb"])
def test_names_that_lead_elsewhere_are_refused(store: GeneratorStore, name: str) -> None:
    with pytest.raises(RegistryError, match="cannot be called"):
        store.folder(name)


def test_an_unknown_version_is_refused_by_name(store: GeneratorStore) -> None:
    publish(store, "Shop", 7)
    with pytest.raises(RegistryError, match="no version 5"):
        store.rollback("Shop", 5)


def test_the_memory_is_bounded_and_even() -> None:
    counts = {"old": 0, "new": 0}
    for seed in range(200):
        memory = GeneratorMemory().after([f"old {row}" for row in range(30)], 10, seed)
        memory = memory.after([f"new {row}" for row in range(10)], 10, seed)
        assert len(memory.texts) == 10
        assert memory.seen == 40
        for text in memory.texts:
            counts[text.split()[0]] += 1
    assert counts["old"] / 2000 == pytest.approx(0.75, abs=0.04)  # 30 of 40 texts were old ones


def test_a_memory_of_nothing_keeps_no_text_and_still_knows_what_was_learned() -> None:
    memory = GeneratorMemory().after(["Great  Lamp"], 0, 0)
    assert memory.texts == []
    assert fingerprint("great lamp") in memory.learned


def test_a_memory_that_may_hold_less_is_thinned() -> None:
    memory = GeneratorMemory().after([str(row) for row in range(20)], 20, 0)
    assert len(memory.after([], 5, 0).texts) == 5
    assert len(memory.texts) == 20
