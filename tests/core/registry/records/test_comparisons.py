"""Comparisons on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.base.errors import DataError
from core.registry.records import ComparisonStore, new_id


def comparison(identity: str, created: str) -> dict[str, Any]:
    return {
        "id": identity,
        "name": "评论",
        "created": created,
        "seconds": 1.5,
        "model": "ngrams",
        "request": {"seeds": 2},
        "experiences": [{"name": "a"}, {"name": "b"}],
        "strategies": [{"strategy": "replay", "R": [[1.0]]}],
        "best": {"strategy": "replay", "message": {}},
    }


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    store = ComparisonStore(tmp_path)
    store.save(comparison("20250101-120000-abc", "2025-01-01"))
    assert store.load("20250101-120000-abc") == comparison("20250101-120000-abc", "2025-01-01")
    assert [path.name for path in (tmp_path / "comparisons").iterdir()] == ["20250101-120000-abc.json"]


def test_the_list_is_light_and_newest_first_and_passes_damaged_files_over(tmp_path: Path) -> None:
    store = ComparisonStore(tmp_path)
    assert store.list() == []
    for identity, created in (("a", "2025-01-01"), ("c", "2025-03-01"), ("b", "2025-02-01")):
        store.save(comparison(identity, created))
    (tmp_path / "comparisons" / "d.json").write_text("{", encoding="utf-8")
    (tmp_path / "comparisons" / "e.json").write_text("[]", encoding="utf-8")
    assert [entry["id"] for entry in store.list()] == ["c", "b", "a"]
    assert store.list()[0] == {
        "id": "c",
        "name": "评论",
        "created": "2025-03-01",
        "seconds": 1.5,
        "model": "ngrams",
        "strategies": ["replay"],
        "experiences": 2,
        "seeds": 2,
        "best": "replay",
    }


def test_a_deleted_comparison_is_gone(tmp_path: Path) -> None:
    store = ComparisonStore(tmp_path)
    store.save(comparison("a", "2025-01-01"))
    store.delete("a")
    for act in (store.load, store.delete):
        with pytest.raises(DataError, match="no comparison 'a'"):
            act("a")


def test_an_id_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    for identity in ("../secret", "", "a/b", "A"):
        with pytest.raises(DataError, match="no comparison"):
            ComparisonStore(tmp_path).load(identity)


def test_a_damaged_comparison_is_said_to_be(tmp_path: Path) -> None:
    store = ComparisonStore(tmp_path)
    store.save(comparison("a", "2025-01-01"))
    (tmp_path / "comparisons" / "a.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="damaged"):
        store.load("a")


def test_ids_differ_and_sort_by_time() -> None:
    first, second = new_id(), new_id()
    assert first != second
    assert first[:15] <= second[:15]
