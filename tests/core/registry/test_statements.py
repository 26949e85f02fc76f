"""What the owner states of a model is kept with it, survives the loss of the database, and a change of it is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.base.audit import AuditLog
from core.base.errors import ConfigError, RegistryError
from core.registry import Glance, Registry, Statements
from core.registry.statements import LONGEST, TAG, TEXTS, stated
from core.upkeep.repair import repair

AddVersion = Callable[..., int]


def test_nothing_is_stated_at_first_and_what_is_stated_stays_over_versions(
    registry: Registry, add_version: AddVersion
) -> None:
    add_version()
    assert registry.statements("Reviews") == Statements()
    changed = registry.set_statements("Reviews", {"owner": "  Ann 安 ", "incidents": 'first\nsecond "x"'})
    assert changed == ["owner", "incidents"]
    add_version()
    registry.promote("Reviews", 2)
    assert registry.statements("Reviews") == Statements(owner="Ann 安", incidents='first\nsecond "x"')
    assert registry.set_statements("Reviews", {"owner": "Ann 安"}) == []
    assert registry.set_statements("Reviews", {"owner": " ", "two_people": True}) == ["owner", "two_people"]
    assert registry.statements("Reviews") == Statements(incidents='first\nsecond "x"', two_people=True)


def test_each_change_is_in_the_audit_log_with_the_words_before_and_after(
    registry: Registry, add_version: AddVersion
) -> None:
    add_version()
    registry.set_statements("Reviews", {"owner": "Ann"})
    registry.set_statements("Reviews", {"owner": "Ann"})
    registry.set_statements("Reviews", {"owner": "Bo", "two_people": True})
    entries = AuditLog(registry.home).entries()
    assert [(entry.did, entry.model, entry.version) for entry in entries] == [("card_changed", "Reviews", None)] * 2
    assert entries[1].facts["changed"] == {
        "owner": {"before": "Ann", "after": "Bo"},
        "two_people": {"before": False, "after": True},
    }
    assert AuditLog(registry.home).verify().faults == ()


def test_what_cannot_be_stated_is_refused_and_changes_nothing(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    with pytest.raises(RegistryError, match="2,001 characters; 2,000 are the most"):
        registry.set_statements("Reviews", {"owner": "Ann", "incidents": "x" * (LONGEST + 1)})
    with pytest.raises(ConfigError, match="no setting 'colour'"):
        registry.set_statements("Reviews", {"owner": "Ann", "colour": "green"})
    with pytest.raises(RegistryError, match="no classifier 'Other'"):
        registry.set_statements("Other", {"owner": "Ann"})
    assert registry.statements("Reviews") == Statements()
    assert AuditLog(registry.home).entries() == []


def test_half_a_character_does_not_reach_the_store(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    registry.set_statements("Reviews", {"owner": "Ann\udce9"})
    assert registry.statements("Reviews").owner == "Ann\ufffd"


def test_the_longest_of_all_fields_come_back(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    words = {field.name: "为" * LONGEST for field in TEXTS}
    registry.set_statements("Reviews", words)
    assert registry.statements("Reviews").texts() == words
    assert registry.classifiers()[0].statements == registry.statements("Reviews").to_tags()


def test_they_come_back_with_a_lost_database(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    registry.promote("Reviews", 1)
    registry.set_statements("Reviews", {"retention": "two years", "two_people": True})
    (registry.home / "mlflow.db").unlink()
    repair(registry.home)
    assert Registry(registry.home).statements("Reviews") == Statements(retention="two years", two_people=True)


def test_a_glance_tells_the_same(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    registry.set_statements("Reviews", {"owner": "Ann"})
    for _ in range(2):  # from the store, and from memory
        (known,) = Glance(registry.home).classifiers()
        assert Statements.from_tags(known.statements).owner == "Ann"


def test_fields_of_another_edition_and_other_tags_are_passed_over() -> None:
    tags = {f"{TAG}owner": "Ann", f"{TAG}colour": "green", "evergreen.threshold": "{}", f"{TAG}two_people": "perhaps"}
    assert Statements.from_tags(tags) == Statements(owner="Ann")
    assert stated(Statements(), {}) == Statements()
