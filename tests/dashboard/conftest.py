"""The dashboard's entry in Streamlit's test runner, and a strict catalogue: a missing text is an error here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _strict_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_STRICT_TEXT", "1")


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """What one test's workspace put into Streamlit's caches is not the next one's."""
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page(evergreen_home: Path) -> Callable[..., AppTest]:
    """Open a page through the entry, as a browser would: ``open_page("train", language="zh", classifier="Shop")``."""

    def open_it(name: str = "overview", *, language: str = "en", **link: str) -> AppTest:
        entry = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        for key, value in {"lang": language, **link}.items():
            entry.query_params[key] = value
        entry.run()
        if name != "overview":
            entry.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
        return entry

    return open_it
