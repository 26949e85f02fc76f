"""The dashboard's script in Streamlit's test runner, and a strict catalogue: a missing text is an error here."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.jobs import JobQueue
from dashboard.parts.forms import estimator, foresight
from dashboard.parts.privacy import planner
from dashboard.shell.navigation import ASKED_TAB, Place

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0  # seconds: nobody knows what else the machine does


def wait(until: Callable[[], bool]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.1)


# Each page that is opened here begins a runtime of its own, and each of those looks through the metadata of all installed
# packages for components, which takes longer than the page; they are the same all along.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def queue(evergreen_home: Path) -> Iterator[JobQueue]:
    """The workspace's jobs; whatever still runs at the end is stopped and waited for."""
    jobs = JobQueue(evergreen_home)
    yield jobs
    for job in jobs.list():
        if not job.ended:
            jobs.stop(job.id)
    wait(lambda: all(job.ended for job in jobs.list()))


@pytest.fixture(autouse=True)
def _main_module_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's test runner leaves its script as the main module, and processes started later would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def _strict_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_STRICT_TEXT", "1")


@pytest.fixture(autouse=True)
def _fresh_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test's workspace put into Streamlit's caches is not the next one's, nor what it still estimates.

    An estimate learns a few steps in a thread; PyTorch's random numbers are the whole process's, so that it would change
    what the next test learns.
    """
    pools: list[ThreadPoolExecutor] = []

    def tracked(**options: Any) -> ThreadPoolExecutor:
        pools.append(ThreadPoolExecutor(**options))
        return pools[-1]

    for module in (estimator, foresight, planner):
        monkeypatch.setattr(module, "ThreadPoolExecutor", tracked)
    yield
    for pool in pools:
        pool.shutdown(cancel_futures=True)
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page(evergreen_home: Path) -> Callable[..., AppTest]:
    """Open a page through the entry, as a browser would: ``open_page("data", "quality", language="zh", classifier="Shop")``."""

    def open_it(name: str = "home", tab: str = "", *, language: str = "en", **link: str) -> AppTest:
        entry = AppTest.from_file(str(ROOT / "dashboard" / "main.py"), default_timeout=60)
        for key, value in {"lang": language, **link}.items():
            entry.query_params[key] = value
        if tab:
            entry.session_state[ASKED_TAB] = Place(name, tab)
        if name != "home":  # the root would open Overview where the link names a model
            entry.switch_page(str(ROOT / "pages" / f"{name}.py"))
        return entry.run()

    return open_it


def open_tab(page: AppTest, name: str, tab: str) -> None:
    """Have a page show this tab with its next run."""
    page.session_state[ASKED_TAB] = Place(name, tab)
