"""A damaged file of the version that serves blanks no page: it is named, and another version can serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.registry import Registry
from dashboard.shell.i18n import catalogue
from dashboard.shell.navigation import ICONS, ROOT
from tests.dashboard.overview.test_versions import NAME, champion, home, made

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


@pytest.mark.parametrize("name", ["overview", "evaluate", "update"])
def test_the_page_names_the_file_and_offers_the_version_before(
    damaged: Path, open_page: Callable[..., AppTest], name: str
) -> None:
    page = open_page(name)
    if name == "evaluate":  # it opens with the newest version
        assert not page.exception
    assert not page.exception
    assert any("report.json of version 2" in str(box.value) for box in page.error)
    page.button(key="way-back-button").click().run()
    assert not page.exception
    assert champion(damaged) == 1
    assert not any("report.json" in str(box.value) for box in page.error) or name == "evaluate"


def test_the_models_page_still_lists_all_versions_and_rolls_back(
    damaged: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("overview")
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
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(1).run()
    page.button(key="models.delete_version").click().run()
    assert not page.exception
    assert [version.number for version in registry.versions(NAME)] == [2]


FILES = [
    ["model.onnx"],
    ["model.safetensors"],
    ["tokenizer.json"],
    ["config.json"],
    ["labels.json"],
    ["report.json"],
    ["version.json"],
    ["experiences.json"],
    ["version.json", "experiences.json"],
]


def cut(path: Path) -> None:
    """Leave half of a file; also one that other versions share."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("names", FILES, ids="+".join)
def test_every_page_names_the_damaged_file_once_and_offers_the_way_back(
    home: Path, open_page: Callable[..., AppTest], names: list[str]
) -> None:
    registry = Registry(home)
    registry.promote(NAME, 2)
    for name in names:
        cut(registry.folder(NAME, 2) / name)
    page = open_page()
    for opened in ICONS:
        page.switch_page(str(ROOT / "pages" / f"{opened}.py")).run()
        assert not page.exception, opened
        boxes = [str(box.value) for box in page.error]
        assert len(boxes) == 1, (opened, boxes)
        assert boxes[0].replace("\\", "").startswith(f"The file {names[0]} of version 2"), opened
        told = [str(caption.value).replace("\\", "") for caption in page.caption]
        assert (f"Also damaged: {', '.join(names[1:])}." in told) == (len(names) > 1), opened
        assert page.button(key="way-back-button").label == "Let it serve", opened
    page.button(key="way-back-button").click().run()
    assert champion(home) == 1
    assert not page.error


def test_the_way_back_leads_to_the_last_version_that_is_whole(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    registry.promote(NAME, 2)
    for number in (1, 2):
        cut(registry.folder(NAME, number) / "model.onnx")
    page = open_page("use")
    assert [str(box.value) for box in page.info] == [catalogue("en")["shell.no_way_back"]]
    assert all(button.key != "way-back-button" for button in page.button)


def test_what_is_damaged_while_a_page_is_open_is_told_where_it_is_read(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    Registry(home).promote(NAME, 2)
    page = open_page("evaluate")
    assert not page.error
    cut(Registry(home).folder(NAME, 2) / "labels.json")
    page.run()
    assert [str(box.value).replace("\\", "")[:20] for box in page.error] == ["The file labels.json"]
