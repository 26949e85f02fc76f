"""Where a model takes two people, nobody promotes against the gate alone, by whatever way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.base.audit import AuditLog
from core.base.errors import RegistryError
from core.registry import OverrideRequest, PromotionDecision, Registry, confirm, keep_back, promote
from core.registry.entries import SUMMARY
from core.registry.second_person import REASON_CHARACTERS, check_second
from core.upkeep.repair import repair

AddVersion = Callable[..., int]
NAME = "Reviews"


@pytest.fixture
def guarded(registry: Registry, add_version: AddVersion) -> Registry:
    """Version 1 serves; the gate is against versions 2 and 3; against it, it takes two people."""
    for _ in range(3):
        add_version()
    registry.promote(NAME, 1)
    for number in (2, 3):
        refuse(registry, number)
    registry.set_statements(NAME, {"two_people": True})
    return registry


def refuse(registry: Registry, number: int) -> None:
    summary = {**registry.version(NAME, number).summary, "gate": "keep"}
    registry.note_summary(NAME, number, summary)
    assert registry.version(NAME, number).refused, SUMMARY


def serving(registry: Registry) -> int | None:
    champion = registry.champion(NAME)
    return champion.number if champion is not None else None


def ask(registry: Registry, number: int = 2, by: str = "Ann", reason: str = "the shop has moved") -> OverrideRequest:
    done = promote(registry, NAME, number, how="page", reason=reason, rules={"tolerance": 2.0}, by=by)
    assert isinstance(done, OverrideRequest)
    return done


def test_one_asks_and_another_confirms(guarded: Registry) -> None:
    request = ask(guarded)
    assert serving(guarded) == 1
    assert guarded.version(NAME, 2).decision is None
    assert guarded.request(NAME) == request
    assert guarded.classifiers()[0].request == request
    done = confirm(guarded, NAME, 2, by=" Bo  Li ")
    assert serving(guarded) == 2
    assert done == PromotionDecision(True, True, "the shop has moved", {"tolerance": 2.0}, "Ann", "Bo Li")
    assert guarded.version(NAME, 2).decision == done
    assert guarded.champion_history(NAME)[-1]["reason"] == "page: the shop has moved"
    assert guarded.request(NAME) is None


def test_both_names_stand_in_the_audit_log(guarded: Registry) -> None:
    ask(guarded)
    confirm(guarded, NAME, 2, by="Bo")
    asked, done = AuditLog(guarded.home).entries()[-2:]
    assert (asked.did, asked.version, asked.reason) == ("override_asked", 2, "the shop has moved")
    assert asked.facts == {"asked_by": "Ann"}
    assert (done.did, done.version, done.reason) == ("overridden", 2, "page: the shop has moved")
    assert (done.facts["asked_by"], done.facts["confirmed_by"]) == ("Ann", "Bo")


@pytest.mark.parametrize("name", ["Ann", " ann ", "A n N", "Ａｎｎ", "An\u200bn", "ANN"])
def test_the_same_name_does_not_confirm_however_it_is_written(guarded: Registry, name: str) -> None:
    ask(guarded)
    with pytest.raises(RegistryError, match="somebody else has to confirm"):
        confirm(guarded, NAME, 2, by=name)
    assert serving(guarded) == 1
    assert guarded.request(NAME) is not None


def test_other_names_are_other_people() -> None:
    for first, second in (("Ann", "Anna"), ("安", "安娜"), ("Ann Li", "Ann Lu")):
        check_second(first, second)


def test_without_a_name_nobody_asks_or_confirms(guarded: Registry) -> None:
    with pytest.raises(RegistryError, match="takes two people"):
        promote(guarded, NAME, 2, how="page", reason="why not", by=" ")
    for reason in ("", "no reason written"):
        with pytest.raises(RegistryError, match="say why"):
            promote(guarded, NAME, 2, how="command line, against the gate", reason=reason, by="Ann")
    assert guarded.request(NAME) is None
    ask(guarded)
    with pytest.raises(RegistryError, match="Say who confirms"):
        confirm(guarded, NAME, 2, by="\u3000 ")
    assert serving(guarded) == 1


def test_nothing_is_confirmed_that_nobody_asked_for(guarded: Registry) -> None:
    with pytest.raises(RegistryError, match="nothing to confirm"):
        confirm(guarded, NAME, 2, by="Bo")
    ask(guarded, 2)
    with pytest.raises(RegistryError, match="nothing to confirm"):
        confirm(guarded, NAME, 3, by="Bo")
    with pytest.raises(RegistryError, match="no version 9"):
        confirm(guarded, NAME, 9, by="Bo")
    assert serving(guarded) == 1


def test_the_last_request_stands_and_who_made_it_does_not_confirm_it(guarded: Registry) -> None:
    ask(guarded, 2, by="Ann")
    ask(guarded, 3, by="Bo")
    with pytest.raises(RegistryError, match="nothing to confirm"):
        confirm(guarded, NAME, 2, by="Bo")
    with pytest.raises(RegistryError, match="somebody else"):
        confirm(guarded, NAME, 3, by="bo")
    assert confirm(guarded, NAME, 3, by="Ann").asked_by == "Bo"


def test_a_version_that_is_kept_back_or_deleted_waits_for_nobody(guarded: Registry) -> None:
    ask(guarded, 2)
    keep_back(guarded, NAME, 2)
    assert guarded.request(NAME) is None
    ask(guarded, 3)
    keep_back(guarded, NAME, 2)
    assert guarded.request(NAME) is not None  # that is about another version
    guarded.delete_version(NAME, 3)
    assert guarded.request(NAME) is None


def test_rules_that_are_broken_or_eased_count_too_and_passing_needs_one_person(
    guarded: Registry, add_version: AddVersion
) -> None:
    add_version()
    done = promote(guarded, NAME, 4, how="page", reason="why", passes=False, by="Ann")
    assert isinstance(done, OverrideRequest)
    assert serving(guarded) == 1
    done = promote(guarded, NAME, 2, how="page", reason="eased", passes=True, by="Ann")
    assert isinstance(done, OverrideRequest)
    promote(guarded, NAME, 4, how="passed the gate", passes=True)
    assert serving(guarded) == 4


def test_the_way_back_takes_nobody_else_and_is_no_way_round(guarded: Registry) -> None:
    with pytest.raises(RegistryError, match="never served"):
        guarded.rollback(NAME, 2)
    assert serving(guarded) == 1
    ask(guarded)
    confirm(guarded, NAME, 2, by="Bo")
    assert guarded.rollback(NAME) == 1
    assert guarded.rollback(NAME, 2) == 2  # it served before


def test_switched_off_one_person_is_enough_and_a_request_can_still_be_confirmed(guarded: Registry) -> None:
    ask(guarded, 3)
    guarded.set_statements(NAME, {"two_people": False})
    promote(guarded, NAME, 2, how="page", reason="why")
    assert serving(guarded) == 2
    confirm(guarded, NAME, 3, by="Bo")
    assert serving(guarded) == 3


def test_a_request_survives_the_loss_of_the_database_and_the_longest_fits(guarded: Registry) -> None:
    request = ask(guarded, reason='为"' * 3000)
    assert len(request.reason) == REASON_CHARACTERS
    assert len(request.to_text()) < 5000
    (guarded.home / "mlflow.db").unlink()
    repair(guarded.home)
    assert Registry(guarded.home).request(NAME) == request


def test_a_tag_that_cannot_be_read_is_no_request() -> None:
    strange = '{"version": 2, "by": 5, "reason": "why", "at": ""}'
    for text in (None, "", "{", "[]", '{"surprise": 1}', strange, strange.replace("2", '"2"').replace("5", '"Ann"')):
        assert OverrideRequest.from_text(text) is None
