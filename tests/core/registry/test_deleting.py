from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from core.base.errors import RegistryError
from core.base.processes import machine
from core.registry import PromotionDecision, Registry

AddVersion = Callable[..., int]


def test_the_champion_cannot_be_deleted(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    registry.promote("Reviews", 1)
    with pytest.raises(RegistryError, match="Version 1 of 'Reviews' serves"):
        registry.delete_version("Reviews", 1)
    assert registry.folder("Reviews", 1).is_dir()


def test_a_version_that_a_waiting_candidate_was_made_from_stays(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    add_version(parent=1)
    registry._client.set_model_version_tag(
        "Reviews", "2", "evergreen.summary", json.dumps({"accuracy": 0.5, "gate": "keep"})
    )
    with pytest.raises(RegistryError, match="Version 2 of 'Reviews' was made from version 1 and waits"):
        registry.delete_version("Reviews", 1)
    registry.note_decision("Reviews", 2, PromotionDecision(promoted=False))
    registry.delete_version("Reviews", 1)
    assert [version.number for version in registry.versions("Reviews")] == [2]
    assert [run.version for run in registry.runs("Reviews")] == [2]


def test_a_deletion_that_a_dead_process_began_is_finished_and_spares_a_new_classifier_of_that_name(
    registry: Registry, add_version: AddVersion
) -> None:
    add_version()
    doomed = registry.version("Reviews", 1).run_id
    registry._client.delete_registered_model("Reviews")
    intent = registry.files.artifacts / f".deleting-{machine()}-1-1.json"
    intent.write_text(json.dumps({"classifier": "Reviews", "runs": [doomed]}), encoding="utf-8")
    add_version()
    assert registry.finish_deletions() == 1
    assert [version.number for version in registry.versions("Reviews")] == [1]
    assert registry.folder("Reviews", 1).is_dir()
    assert not (registry.files.artifacts / doomed).exists()
    assert not intent.exists()
