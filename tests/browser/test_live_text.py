"""The live text box in a real browser: nothing typed is lost, and an input method is waited for."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
APP = """
import streamlit as st
from dashboard.parts.components.live_text import live_text, set_live_text
from dashboard.shell.errors import guarded_fragment

def first():
    st.button("example", on_click=lambda: set_live_text("box", "Hello"))
    @guarded_fragment()
    def part():
        st.text("GOT:" + live_text("Your text", key="box", placeholder="Type here") + ":END")
    part()

def second():
    st.text("elsewhere")

st.navigation([st.Page(first, title="One"), st.Page(second, title="Two")]).run()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = tmp_path_factory.mktemp("live") / "app.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{APP}", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://localhost:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def live_page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Your text").wait_for(timeout=60_000)
    yield page
    context.close()


def expect_text(page: Page, text: str) -> None:
    page.get_by_text(f"GOT:{text}:END", exact=True).wait_for(timeout=20_000)


def test_text_is_reported_while_typing_and_no_keystroke_is_lost(live_page: Page) -> None:
    typed = "The quick brown fox jumps over the lazy dog"
    live_page.get_by_label("Your text").click()
    live_page.keyboard.type(typed, delay=40)
    expect_text(live_page, typed)
    assert live_page.get_by_label("Your text").input_value() == typed


def test_the_cursor_stays_where_it_was_when_python_answers(live_page: Page) -> None:
    box = live_page.get_by_label("Your text")
    box.click()
    live_page.keyboard.type("good phone")
    expect_text(live_page, "good phone")
    box.evaluate("box => box.setSelectionRange(5, 5)")
    live_page.keyboard.type("old ", delay=200)
    expect_text(live_page, "good old phone")
    assert box.evaluate("box => box.selectionStart") == 9


def test_half_composed_pinyin_is_not_reported(live_page: Page) -> None:
    live_page.get_by_label("Your text").click()
    keyboard = live_page.context.new_cdp_session(live_page)
    for part in ("n", "ni", "niha", "nihao"):
        keyboard.send("Input.imeSetComposition", {"text": part, "selectionStart": len(part), "selectionEnd": len(part)})
        live_page.wait_for_timeout(250)
        expect_text(live_page, "")
    keyboard.send("Input.insertText", {"text": "你好"})
    expect_text(live_page, "你好")


def test_python_writes_into_the_box_and_typing_goes_on(live_page: Page) -> None:
    live_page.get_by_role("button", name="example").click()
    expect_text(live_page, "Hello")
    box = live_page.get_by_label("Your text")
    assert box.input_value() == "Hello"
    box.press("End")
    live_page.keyboard.type("!")
    expect_text(live_page, "Hello!")


def test_the_text_is_there_again_after_another_page(live_page: Page) -> None:
    live_page.get_by_label("Your text").click()
    live_page.keyboard.type("kept")
    expect_text(live_page, "kept")
    live_page.get_by_role("link", name="Two").click()
    live_page.get_by_text("elsewhere").wait_for()
    live_page.get_by_role("link", name="One").click()
    expect_text(live_page, "kept")
    assert live_page.get_by_label("Your text").input_value() == "kept"
