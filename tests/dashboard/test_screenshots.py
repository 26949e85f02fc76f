"""The pictures in README and docs show today's pages: their titles, tabs and links are those of the catalogues."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dashboard.shell.i18n import catalogue
from dashboard.shell.navigation import LAST, WORK
from tests.dashboard.conftest import ROOT

FOLDER = ROOT / "docs" / "screenshots"
SHOWN: dict[str, dict[str, Any]] = json.loads((FOLDER / "shown.json").read_text(encoding="utf-8"))
AGAIN = "take them again: python benchmarks/make_screenshots.py"
NAMED_BY_MODEL = {"overview"}  # its title is the model's name


def test_every_picture_is_noted_and_every_note_has_its_picture() -> None:
    assert {path.name for path in FOLDER.glob("*.png")} == set(SHOWN), AGAIN


@pytest.mark.parametrize("file", SHOWN)
def test_a_picture_shows_the_words_of_today(file: str) -> None:
    shown = SHOWN[file]
    texts = catalogue(shown["language"])
    if shown["page"] not in NAMED_BY_MODEL:
        assert shown["title"] == texts[f"{shown['page']}.title"], AGAIN
    names = [texts[f"shell.page_{name}"] for name in (*WORK, *LAST)]
    assert [name for name in shown["links"] if name in names] == names, AGAIN
    known = {text for key, text in texts.items() if key.startswith(f"{shown['page']}.tab_")}
    assert set(shown["tabs"]) <= known, AGAIN


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_documents_show_pictures_that_are_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"screenshots/([\w.]+\.png)", text))
    assert named <= set(SHOWN), AGAIN
