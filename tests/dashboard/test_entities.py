"""Every page works for a model that marks entities, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.workspace import Workspace
from dashboard.use import page as use_page
from tests.core.workflows.test_entities import rows, saved, trained, updated, workspace

__all__ = ["workspace"]  # a fixture

TABS = {
    "overview": [""],
    "data": ["tables", "quality", "labelling", "corrections"],
    "train": ["new", "runs", "search", "base"],
    "evaluate": ["summary", "confusions", "errors", "compare"],
    "update": ["batch", "changes", "learn", "decide", "history"],
    "use": ["try", "table", "api", "home"],
    "settings": [""],
    "lab": [""],
    "home": [""],
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_tab_is_drawn(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workspace, rows(120, 0, marked=("PER",)), epochs=2)
    updated(workspace, rows(80, 1, marked=("LOC",)), settings={"epochs": 1})
    saved(workspace, rows(50, 5), "waiting")
    for name, tabs in TABS.items():
        for tab in tabs:
            page = open_page(name, tab, language=language, classifier="Names")
            assert not page.exception, (name, tab, page.exception)
            assert not page.error, (name, tab, [element.value for element in page.error])


def test_entities_light_up_and_are_put_right(
    open_page: Callable[..., AppTest], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.data.labelling.corrections import Corrections

    trained(workspace, rows(200, 0))
    text = "Note 9x9 : Tim Cook lives in New York ."
    monkeypatch.setattr(use_page, "live_text", lambda *_, **__: text)
    page = open_page("use", "try", classifier="Names")
    assert not page.exception
    (shown,) = [element.body for element in page.html if "class='marked'" in element.body]
    assert shown.count("<mark ") == 2
    assert "Tim Cook: PER" in shown
    assert shown.count("<small") == 2
    (box,) = page.text_area
    assert box.value == "Note 9x9 : [Tim Cook](PER) lives in [New York](LOC) ."
    box.set_value("Note 9x9 : Tim Cook [lives](VERB) in [New York](LOC) .")
    page = next(button for button in page.button if button.label == "Keep as a correction").click().run()
    (waiting,) = Corrections(workspace.home).list("Names")
    assert waiting.label == '[[20, 25, "VERB"], [29, 37, "LOC"]]'
