"""Whatever changes what serves, or removes something, stands in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.base.audit import AuditLog
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.registry import Registry, keep_back, promote
from core.serving.api.keys import KeyStore

AddVersion = Callable[..., int]


def told(home: Path) -> list[tuple[str, str, int | None]]:
    log = AuditLog(home)
    assert log.verify().faults == ()
    return [(entry.did, entry.model, entry.version) for entry in log.entries()]


def test_moves_thresholds_and_deletions_of_a_model(registry: Registry, add_version: AddVersion) -> None:
    for _ in range(3):
        add_version()
    promote(registry, "Reviews", 1, how="page")
    promote(registry, "Reviews", 1, how="page")  # it serves already
    promote(registry, "Reviews", 2, how="page", reason="the shop has changed", passes=False)
    registry.rollback("Reviews")
    keep_back(registry, "Reviews", 3)
    registry.set_threshold("Reviews", 0.8, version=1)
    registry.clear_threshold("Reviews")
    registry.clear_threshold("Reviews")  # there is none
    registry.delete_version("Reviews", 3)
    registry.delete("Reviews")
    assert told(registry.home) == [
        ("promoted", "Reviews", 1),
        ("overridden", "Reviews", 2),
        ("rolled_back", "Reviews", 1),
        ("kept_back", "Reviews", 3),
        ("threshold_set", "Reviews", 1),
        ("threshold_cleared", "Reviews", None),
        ("version_deleted", "Reviews", 3),
        ("model_deleted", "Reviews", None),
    ]
    entries = AuditLog(registry.home).entries()
    assert entries[1].reason == "page: the shop has changed"
    assert entries[1].facts["from"] == 1
    assert entries[1].facts["figures"]["before"] == entries[1].facts["figures"]["after"]


def test_a_move_that_was_not_written_down_is_told_with_the_next(
    registry: Registry, add_version: AddVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        add_version()
    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "add_moves", lambda *_: None)  # as where the process is killed right before
        registry.promote("Reviews", 1)
    registry.promote("Reviews", 2)
    assert told(registry.home) == [("promoted", "Reviews", 1), ("promoted", "Reviews", 2)]
    assert AuditLog(registry.home).entries()[0].facts["late"]


def test_keys_and_tables(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.create("shop")
    keys.revoke("shop")
    store = DatasetStore(tmp_path)
    dataset = TextDataset(("a", "b"), np.array([0, 1]), ("x", "y"))
    stored = store.save(dataset, name="reviews.csv", roles=ColumnRoles("text", "label"))
    store.delete(stored.id)
    assert [did for did, _, _ in told(tmp_path)] == ["key_created", "key_revoked", "dataset_deleted"]
    entry = AuditLog(tmp_path).entries()[-1]
    assert entry.facts == {"dataset": stored.id, "name": "reviews.csv", "rows": 2}
