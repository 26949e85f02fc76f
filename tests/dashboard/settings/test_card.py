"""What the owner states of a model is typed on Settings, stays, and stands in the audit log; both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.base.audit import AuditLog
from core.registry import Registry, Statements, promote
from core.registry.statements import TEXTS
from dashboard.settings.card import key_of
from dashboard.shell.i18n import translate
from tests.dashboard.overview.test_versions import NAME, home, made, said

__all__ = ["home", "made"]

OpenPage = Callable[..., AppTest]


def field(page: AppTest, name: str, stored: Statements) -> AppTest:
    key = key_of(NAME, stored, name)
    if name in ("owner", "overseer"):
        return page.text_input(key=key)
    return page.toggle(key=key) if name == "two_people" else page.text_area(key=key)


def save(page: AppTest) -> None:
    page.button(key="settings.card.save").click().run()
    assert not page.exception


@pytest.mark.parametrize(("language", "label"), [("en", "Intended use"), ("zh", "预期用途")])
def test_what_is_typed_is_kept_shown_again_and_told(home: Path, open_page: OpenPage, language: str, label: str) -> None:
    page = open_page("settings", language=language)
    assert translate(language, "card.what") in said(page)
    nothing = Statements()
    assert field(page, "intended_use", nothing).label == label
    field(page, "intended_use", nothing).set_value("Mails *only*\nof the shop")
    field(page, "owner", nothing).set_value(" Ann <b> ")
    field(page, "two_people", nothing).set_value(True)
    save(page)
    stored = Registry(home).statements(NAME)
    assert stored == Statements(intended_use="Mails *only*\nof the shop", owner="Ann <b>", two_people=True)
    assert field(page, "owner", stored).value == "Ann <b>"
    log = page.dataframe[0].value
    assert log.iloc[0, 3] == translate(language, "audit.did_card_changed")
    assert label in log.iloc[0, 5]
    assert [entry.did for entry in AuditLog(home).entries()].count("card_changed") == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_saving_what_was_not_changed_changes_nothing(home: Path, open_page: OpenPage, language: str) -> None:
    page = open_page("settings", language=language)
    save(page)
    assert "card_changed" not in [entry.did for entry in AuditLog(home).entries()]
    assert page.toast[0].value == translate(language, "card.nothing")


def test_what_was_stated_elsewhere_meanwhile_is_not_overwritten(home: Path, open_page: OpenPage) -> None:
    page = open_page("settings")
    field(page, "retention", Statements()).set_value("a year")
    Registry(home).set_statements(NAME, {"owner": "Bo"})
    save(page)
    assert Registry(home).statements(NAME).owner == "Bo"


def test_every_field_is_on_the_form(home: Path, open_page: OpenPage) -> None:
    words = {text.name: f"words on {text.name}" for text in TEXTS}
    Registry(home).set_statements(NAME, words)
    page = open_page("settings")
    for name, value in words.items():
        assert field(page, name, Registry(home).statements(NAME)).value == value


@pytest.mark.parametrize(("language", "asked"), [("en", "Asked for by Ann"), ("zh", "由 Ann 提出")])
def test_both_people_stand_in_the_log(home: Path, open_page: OpenPage, language: str, asked: str) -> None:
    registry = Registry(home)
    registry.set_statements(NAME, {"two_people": True})
    promote(registry, NAME, 2, how="page", reason="why not", passes=False, by="Ann")
    log = open_page("settings", language=language).dataframe[0].value
    assert log.iloc[0, 3] == translate(language, "audit.did_override_asked")
    assert "why not" in log.iloc[0, 5]
    assert asked in log.iloc[0, 5]
