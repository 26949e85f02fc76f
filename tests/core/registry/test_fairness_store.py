"""What is kept of fairness: what a model is watched for stands in the audit log, and goes with the model."""

from __future__ import annotations

from pathlib import Path

from core.base.audit import AuditLog
from core.registry.records import FairnessStore

CHOICE = {"by": "words", "positive": "toxic", "column": "", "terms": ""}


def test_who_watches_is_written_down_and_goes_with_the_model(tmp_path: Path) -> None:
    store = FairnessStore(tmp_path)
    store.watch("Shop", CHOICE)
    store.watch("Other", CHOICE)
    store.save({"classifier": "Shop", "version": 1, "version_made": "then"})

    assert store.watched("Shop") == CHOICE
    store.unwatch("Shop")
    store.unwatch("Shop")
    did = [(entry.did, entry.model) for entry in AuditLog(tmp_path).entries()]
    assert did == [("fairness_watched", "Shop"), ("fairness_watched", "Other"), ("fairness_unwatched", "Shop")]

    store.remove("Shop")
    assert store.load("Shop", 1, "then") is None
    assert store.watched("Other") == CHOICE
