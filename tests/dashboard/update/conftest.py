"""Going through the tabs of the Update page, in both languages."""

from __future__ import annotations

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from dashboard.shell import i18n
from tests.dashboard.conftest import open_tab


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each language in turn. The test runner names options outside of any session, so it has to be told, too."""
    chosen = str(request.param)
    of_session = i18n.language
    monkeypatch.setattr(i18n, "language", lambda: of_session() if get_script_run_ctx() else chosen)
    return chosen


def to(page: AppTest, tab: str) -> AppTest:
    """The page with this tab open."""
    open_tab(page, "update", tab)
    return page.run()


def tab_of(page: AppTest) -> str:
    """The tab that is open."""
    return str(page.session_state["tabs.open"]["update"])
