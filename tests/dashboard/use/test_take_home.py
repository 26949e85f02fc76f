"""The Take home tab: the bundle and what is in it, how exact it is, and its model card as text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.registry import Registry
from dashboard.parts.versions import serving
from dashboard.parts.versions.serving import bundle_name
from dashboard.shell import state
from dashboard.use.take_home import quiet_markdown
from tests.dashboard.overview.test_versions import NAME, home, made, said

__all__ = ["home", "made"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("language", "agree", "card"),
    [("en", "of the labels agree", "travels with the bundle"), ("zh", "标签一致", "英文")],
)
def test_the_files_are_listed_with_what_they_are_for_and_how_exact_they_are(
    open_page: Callable[..., AppTest], language: str, agree: str, card: str
) -> None:
    page = open_page("use", "home", language=language)
    assert not page.exception
    assert not page.error
    assert agree in said(page)
    assert card in said(page)
    with zipfile.ZipFile(io.BytesIO(serving.bundle(state.versions(NAME)[0]))) as archive:
        assert sorted(archive.namelist()) == sorted(page.dataframe[0].value.iloc[:, 0])
    assert "–" not in page.dataframe[0].value.iloc[:, 2].tolist()


@pytest.mark.usefixtures("home")
def test_the_bundle_is_a_zip_that_runs_elsewhere(home: Path) -> None:
    version = state.versions(NAME)[0]
    with zipfile.ZipFile(io.BytesIO(serving.bundle(version))) as archive:
        assert "predict.py" in archive.namelist()
        assert "model.onnx" in archive.namelist()
    assert bundle_name(version) == "店铺 -reviews--v1.zip"


def test_names_in_the_card_become_no_links_tags_or_formulas() -> None:
    assert quiet_markdown("# *Title*\n![x](y) <b> $z$") == "#### \\*Title\\*\n\\!\\[x\\]\\(y\\) \\<b\\> \\$z\\$"


def test_the_tables_of_the_card_stay_tables_and_what_it_escapes_is_escaped_once() -> None:
    card = "| label | F1 |\n|---|---|\n| \\*a\\* \\| b | 0.9 |\n"
    assert quiet_markdown(card) == "| label | F1 |\n|---|---|\n| \\*a\\* \\| b | 0.9 |"


def test_the_card_s_own_code_and_steps_stay_and_an_escaped_underline_is_one() -> None:
    card = "# customer\\_reviews\n\n1. a\\`b\\`\\*c\\*: 3 rows\n\n`pip install x_y`, then `python predict.py`."
    shown = "#### customer\\_reviews\n\n1. a\\`b\\`\\*c\\*\\: 3 rows\n\n`pip install x_y`, then `python predict.py`\\."
    assert quiet_markdown(card).replace("\\.", ".") == shown.replace("\\.", ".")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_owner_states_is_added_to_the_card_on_screen_and_in_the_bundle(
    home: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    version = state.versions(NAME)[0]
    written = (state.version_folder(version) / "model_card.md").read_text(encoding="utf-8")
    Registry(home).set_statements(NAME, {"owner": "Ann *x*\n| y"})
    page = open_page("use", "home", language=language)
    assert not page.exception
    assert r"Ann \*x\* \| y" in said(page)
    assert "not stated" in said(page)
    with zipfile.ZipFile(io.BytesIO(serving.bundle(version))) as archive:
        card = archive.read("model_card.md").decode("utf-8")
    assert card.startswith(written.rstrip("\n"))
    assert r"| Owner | Ann \*x\* \| y |" in card
    assert "| Incidents | not stated |" in card
    # a version's own files are written once
    assert (state.version_folder(version) / "model_card.md").read_text(encoding="utf-8") == written
