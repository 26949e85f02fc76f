"""The frame: opens in both languages, keeps the link, and ends every fault as a sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.base.errors import DataError
from dashboard.shell import i18n, state
from dashboard.shell.navigation import ICONS

OpenPage = Callable[..., AppTest]

TITLES = {
    "home": ("Home", "首页"),
    "overview": ("Overview", "总览"),
    "data": ("Data", "数据"),
    "train": ("Train", "训练"),
    "evaluate": ("Evaluate", "评估"),
    "update": ("Update", "更新"),
    "use": ("Use", "使用"),
    "lab": ("Lab", "实验室"),
    "settings": ("Settings", "设置"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", list(ICONS))
def test_every_page_opens_in_an_empty_workspace(open_page: OpenPage, page: str, language: str) -> None:
    at = open_page(page, language=language)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == TITLES[page][language == "zh"]


def test_the_language_switch_changes_the_page_and_the_link(open_page: OpenPage) -> None:
    at = open_page()
    at.segmented_control(key="lang").set_value("zh").run()
    assert at.title[0].value == "首页"
    assert at.query_params["lang"] in ("zh", ["zh"])


def test_the_language_survives_a_page_change(open_page: OpenPage) -> None:
    at = open_page("overview", language="zh")
    assert at.title[0].value == "总览"
    assert at.query_params["lang"] in ("zh", ["zh"])


def test_a_link_with_an_unknown_language_or_classifier_opens(open_page: OpenPage) -> None:
    at = open_page(language="xx", classifier="nothing of this name")
    assert not at.exception
    assert at.title[0].value == "Home"
    assert "lang" not in at.query_params


def test_a_core_error_is_shown_in_the_readers_language(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DataError("data.test_only", "The file {name} is empty.", name="a.csv")

    monkeypatch.setitem(i18n.catalogue("zh"), "data.test_only", "文件 {name} 是空的。")
    monkeypatch.setattr(state, "datasets", fail)
    assert [box.value for box in open_page().error] == ["The file a.csv is empty."]
    assert [box.value for box in open_page(language="zh").error] == ["文件 a.csv 是空的。"]


def test_any_other_fault_becomes_a_calm_sentence_and_a_line_in_the_log(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(state, "datasets", fail)
    with caplog.at_level(logging.ERROR, logger="evergreen.dashboard"):
        at = open_page()
    assert not at.exception
    assert len(at.error) == 1
    assert "secret" not in at.error[0].value
    number = caplog.records[-1].message.split()[1]
    assert number in at.error[0].value


def fragment_script() -> None:
    import streamlit as st

    from dashboard.shell.errors import guarded_fragment

    @guarded_fragment()
    def part() -> None:
        if st.button("x", key="x"):
            raise ZeroDivisionError("secret detail")

    part()


def test_a_fault_in_a_fragment_rerun_is_caught_too() -> None:
    at = AppTest.from_function(fragment_script, default_timeout=30).run()
    at.button(key="x").click().run()
    assert not at.exception
    assert len(at.error) == 1
