"""A damaged file of the version that serves blanks no page: it is named, and another version can serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.registry import Registry
from tests.dashboard.test_models_page import NAME, champion, home, made

__all__ = ["home", "made"]


@pytest.fixture
def damaged(home: Path) -> Path:
    """Version 2 serves, and its report is cut short."""
    registry = Registry(home)
    registry.promote(NAME, 2)
    report = registry.folder(NAME, 2) / "report.json"
    text = report.read_text(encoding="utf-8")
    report.write_text(text[: len(text) // 2], encoding="utf-8")
    return home


@pytest.mark.parametrize("name", ["overview", "results", "update"])
def test_the_page_names_the_file_and_offers_the_version_before(
    damaged: Path, open_page: Callable[..., AppTest], name: str
) -> None:
    page = open_page(name)
    if name == "results":  # it opens with the newest version
        assert not page.exception
    assert not page.exception
    assert any("report.json of version 2" in str(box.value) for box in page.error)
    page.button(key="way-back-button").click().run()
    assert not page.exception
    assert champion(damaged) == 1
    assert not any("report.json" in str(box.value) for box in page.error) or name == "results"


def test_the_models_page_still_lists_all_versions_and_rolls_back(
    damaged: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("models")
    assert not page.exception
    assert any("report.json of version 2" in str(box.value) for box in page.error)
    assert list(page.dataframe[0].value["version"]) == ["Version 2 · serves", "Version 1"]
    page.button(key="models.roll_back").click().run()
    assert champion(damaged) == 1


def test_the_box_is_in_the_readers_language(damaged: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview", language="zh")
    assert any("版本 2 的文件 report.json 已损坏" in str(box.value) for box in page.error)


def test_damage_of_an_older_version_leaves_the_overview_whole(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    registry.promote(NAME, 2)
    (registry.folder(NAME, 1) / "report.json").unlink()
    page = open_page("overview")
    assert not page.exception
    assert not page.error


def test_a_version_that_does_not_serve_can_be_deleted(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    registry.promote(NAME, 2)
    page = open_page("models")
    page.selectbox(key="models.version").set_value(1).run()
    page.button(key="models.delete_version").click().run()
    assert not page.exception
    assert [version.number for version in registry.versions(NAME)] == [2]
