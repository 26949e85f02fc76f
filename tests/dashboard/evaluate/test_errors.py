"""Errors as cards: what is shown of each, in which order, and what becomes of labels that are put right."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.networks.explain import Attribution, Word
from core.workflows.labelling import finish
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from dashboard.evaluate.errors import texts
from tests.dashboard.conftest import open_tab

OpenPage = Callable[..., AppTest]
PAGE = 10


@pytest.fixture
def workspace(two_versions: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(two_versions, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.fixture
def wrong(workspace: Workspace) -> pd.DataFrame:
    """The errors of version 1, the surest first."""
    table = VersionFolder(workspace.registry.folder("Things", 1)).predictions(1)
    table["sure"] = table[["p_0", "p_1"]].max(axis=1)
    return table[table["truth"] != table["predicted"]].sort_values("sure", ascending=False, kind="stable")


def cards(page: AppTest) -> list[str]:
    """HTML of the texts, in their order."""
    bodies = (str(part.proto.body) for part in page.get("html"))
    return [body for body in bodies if "error-text'>" in body]


def words_of(html: str) -> str:
    """What a card reads as."""
    import re

    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_error_is_a_card_with_the_words_that_decided(
    open_page: OpenPage, wrong: pd.DataFrame, language: str
) -> None:
    page = open_page("evaluate", "errors", language=language)
    assert not page.exception
    assert [words_of(card) for card in cards(page)] == wrong["text"].tolist()[:PAGE]
    assert all("<mark" in card for card in cards(page))  # this model adds up words, so it costs nothing
    named = {"en": "Counted most: ", "zh": "作用最大："}[language]
    assert 0 < sum(caption.value.startswith(named) for caption in page.caption) <= PAGE
    page.toggle(key="evaluate.errors.words.exact").set_value(False).run()
    assert not any("<mark" in card for card in cards(page))


def test_cards_can_be_filtered_and_turned_round(open_page: OpenPage, wrong: pd.DataFrame) -> None:
    page = open_page("evaluate", "errors")
    page.segmented_control(key="evaluate.errors.order").set_value("unsure").run()
    sure = dict(zip(wrong["text"], wrong["sure"], strict=True))
    shown = [sure[words_of(card)] for card in cards(page)]
    assert shown == sorted(sure.values())[:PAGE]
    page.selectbox(key="evaluate.errors.truth").set_value("up").run()
    assert 0 < len(cards(page)) < len(wrong)
    assert {words_of(card) for card in cards(page)} <= set(wrong.loc[wrong["truth"] == "up", "text"])


def test_a_label_put_right_goes_into_a_copy_of_its_table_and_nowhere_else(
    open_page: OpenPage, workspace: Workspace, wrong: pd.DataFrame
) -> None:
    page = open_page("evaluate", "errors")
    first, second = (f"1.1.{row}" for row in wrong.index[:2])
    page.button(key=f"evaluate.right.label.{first}").click().run()
    page.button(key=f"evaluate.right.model.{second}").click().run()
    assert not page.exception
    assert any("2 texts looked at, 1 with a wrong label" in caption.value for caption in page.caption)
    row = wrong.iloc[0]
    sessions = LabellingStore(workspace.home)
    (session,) = sessions.list()
    assert set(sessions.standing(session.id).labelled.values()) == {row["predicted"], wrong.iloc[1]["truth"]}
    assert Corrections(workspace.home).list("Things") == []  # an update would never learn a text of a frozen test
    stored = finish(sessions, workspace.datasets, session.id, name="Better")
    better = workspace.datasets.load(stored.id)
    labels = dict(zip(better.texts, better.label_names(), strict=True))
    assert labels[row["text"]] == row["predicted"]
    assert labels[wrong.iloc[1]["text"]] == wrong.iloc[1]["truth"]
    kept = VersionFolder(workspace.registry.folder("Things", 1)).predictions(1)
    assert kept.loc[wrong.index[0], "truth"] == row["truth"]  # the test stays as it is

    page.button(key=f"evaluate.right.undo.{first}").click().run()
    assert any("1 text looked at, 0 with a wrong label" in caption.value for caption in page.caption)
    assert page.button(key=f"evaluate.right.label.{first}")


def test_another_version_shows_what_was_said_of_the_same_text(
    open_page: OpenPage, workspace: Workspace, wrong: pd.DataFrame
) -> None:
    page = open_page("evaluate", "errors")
    page.button(key=f"evaluate.right.label.1.1.{wrong.index[0]}").click().run()
    page.selectbox(key="evaluate.version").set_value(2).run()
    assert not page.exception
    assert any("1 text looked at, 1 with a wrong label" in caption.value for caption in page.caption)


def test_the_way_leads_to_the_labelling_session(open_page: OpenPage, workspace: Workspace, wrong: pd.DataFrame) -> None:
    page = open_page("evaluate", "errors")
    page.button(key=f"evaluate.right.label.1.1.{wrong.index[0]}").click().run()
    page.button(key="evaluate.right.table.1").click().run()
    assert not page.exception
    assert page.button(key="label.save")
    assert page.session_state["label.open"] == LabellingStore(workspace.home).list()[0].id


def test_without_its_table_a_label_cannot_be_put_right(
    open_page: OpenPage, workspace: Workspace, wrong: pd.DataFrame
) -> None:
    (stored,) = workspace.datasets.list()
    workspace.datasets.delete(stored.id)
    page = open_page("evaluate", "errors")
    assert not page.exception
    assert len(cards(page)) == min(PAGE, len(wrong))
    assert not [button for button in page.button if str(button.key).startswith("evaluate.right")]
    assert any("cannot be put right" in caption.value for caption in page.caption)


def test_the_end_of_a_long_text_is_folded_and_escaped() -> None:
    text = "<b>word</b> " * 100
    html = texts.html(text)
    assert "<details>" in html
    assert "<b>" not in html
    assert words_of(html).replace("Rest of the text", "").replace("&lt;", "<").replace("&gt;", ">") == text
    assert "<details>" not in texts.html("short")


def test_no_word_is_lost_where_a_marked_text_is_folded() -> None:
    text = "word " * 300
    words = tuple(Word(start, start + 4, 1.0) for start in range(0, len(text), 5))
    html = texts.html(text, Attribution(text, 0, words, "linear", 1.0, 0, 0.0))
    assert html.count("<mark") == 300


def test_a_text_without_spaces_is_folded_at_the_limit() -> None:
    assert texts.cut_of("好" * 2000) == texts.LONG


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_of_other_models_are_shown_when_asked_for(
    open_page: OpenPage, workspace: Workspace, wrong: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("dashboard.evaluate.errors.deciding.ADDING_UP", ())
    page = open_page("evaluate", language=language)
    open_tab(page, "evaluate", "errors")
    page.run()
    assert not any("<mark" in card for card in cards(page))
    page.toggle(key="evaluate.errors.words.occlusion").set_value(True).run()
    assert not page.exception
    assert all("<mark" in card for card in cards(page))
