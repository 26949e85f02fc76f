"""Fixtures for tests in a real Chromium: a dashboard with a workspace of its own, and pages to look at it with."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HOW_TO_GET_ONE = (
    "no Chromium for the browser tests. Debian, Ubuntu: apt install chromium fonts-noto-cjk; "
    "macOS: brew install --cask chromium; or name one in CHROMIUM=/path/to/chromium"
)
SECONDS_TO_START = 90.0


def find_chromium() -> str | None:
    """Path of the browser to drive: ``CHROMIUM`` when set, else the first one on the path, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    installed = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    return installed or _chromium_of_playwright()


def _chromium_of_playwright() -> str | None:
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ms-playwright"
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    found = sorted(cache.glob("chromium-*/chrome-*/chrome"))
    return str(found[-1]) if found else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test below this folder is a browser test; nobody has to remember the marker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Dashboard:
    """One running dashboard process; ``start`` after ``kill`` finds the same workspace on the same address."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = home.parent / "dashboard.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
        options = ["--server.port", str(self.port), "--server.headless", "true", "--server.fileWatcherType", "none"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command + options, cwd=ROOT, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_healthy()

    def kill(self) -> None:
        """End the server as a power cut would; jobs are processes of their own and go on."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the server and every job it has started."""
        self.kill()
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.home) in part for part in process.info["cmdline"] or ()):
                process.kill()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "EVERGREEN_HOME": str(self.home)}

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"The dashboard did not start. Its log:\n{self.log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. One per module: Playwright's event loop must be gone before other tests run theirs."""
    chromium = find_chromium()
    if chromium is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_ONE)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as ``make run`` sets it up before it starts the server: made once, and copied."""
    home = tmp_path_factory.mktemp("prepared") / "workspace"
    home.mkdir()
    environment = {**os.environ, "EVERGREEN_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "core", "prepare"], cwd=ROOT, env=environment, check=True)
    return home


@pytest.fixture(scope="module")
def dashboard(browser: Browser, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard over a prepared workspace of its own, shared by one module's tests."""
    home = tmp_path_factory.mktemp("dashboard") / "workspace"
    shutil.copytree(prepared, home)
    running = Dashboard(home)
    try:
        running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def open_page(browser: Browser, dashboard: Dashboard) -> Iterator[Callable[..., Page]]:
    """Open an address of the dashboard in a window of its own: ``open_page("/train?lang=zh", width=390)``."""
    contexts = []

    def open_it(path: str = "/", *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(dashboard.url + path)
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The dashboard's first page in a desktop window."""
    return open_page()
