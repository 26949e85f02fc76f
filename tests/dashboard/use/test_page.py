from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.labelling.corrections import Corrections
from core.networks.standalone.predict import Answers
from core.tasks import DEFAULT
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.correcting import known_label
from dashboard.shell import state
from dashboard.use import page as predict_page
from dashboard.use.run import TableRun

NAME = "Shop <b> reviews"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
PAIRS = [("great", "good"), ("awful", "bad")]


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A workspace with one small version that serves."""
    workspace = open_workspace(make_home("made"))
    rows = [(f"{word} thing number {row}", label) for row in range(30) for word, label in PAIRS]
    table = pd.DataFrame(rows, columns=["text", "label"])
    roles = ColumnRoles("text", "label")
    stored = workspace.datasets.save(build_dataset(table, roles)[0], name="toy", roles=roles)
    request = TrainRequest(classifier=NAME, dataset=stored.id, model="ngrams", settings=SETTINGS)
    list(train_classifier(request, workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def type_text(page: AppTest, text: str, name: str = NAME) -> AppTest:
    """What the browser's box does: it can't be driven here, so its text is put where it would report it."""
    page.session_state[f"use.text.{name}.held"] = {"text": text, "revision": 1}
    return page.run()


def said(page: AppTest) -> str:
    """All sentences on the page."""
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption, *page.warning, *page.header])


def html(page: AppTest) -> str:
    """The answer is drawn as HTML."""
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def started(engine: Any, table: pd.DataFrame) -> TableRun:
    return TableRun(engine, table, "text", token="token", name="shop.csv", version=1, noted=lambda *_: None)


def test_without_a_classifier_the_page_says_what_will_be_here(open_page: Callable[..., AppTest]) -> None:
    page = open_page("use")
    assert not page.exception
    assert "Nothing to ask yet" in said(page)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("language", "version"), [("en", "version 1"), ("zh", "版本 1")])
def test_an_answer_stands_under_the_text(open_page: Callable[..., AppTest], language: str, version: str) -> None:
    page = type_text(open_page("use", language=language), "a great thing")
    assert not page.exception
    assert not page.error
    champion = state.champion(NAME)
    assert champion is not None
    expected = state.engine(champion).predict(["a great thing"])[0]
    assert f"<strong>{expected}</strong>" in html(page)
    facts = next(caption.value for caption in page.caption if "ONNX Runtime" in caption.value)
    assert version in facts
    assert "CPU" in facts


@pytest.mark.parametrize(("language", "unsure"), [("en", "Not sure"), ("zh", "没有把握")])
def test_below_the_threshold_a_person_should_decide(
    open_page: Callable[..., AppTest], home: Path, language: str, unsure: str
) -> None:
    open_workspace(home).registry.set_threshold(NAME, 1.0, version=1)
    page = type_text(open_page("use", language=language), "a great thing")
    assert not page.exception
    assert f"<strong>{unsure}</strong>" in html(page)
    open_workspace(home).registry.clear_threshold(NAME)
    assert f"<strong>{unsure}</strong>" not in html(page.run())


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_behind_an_answer_are_shown_when_asked_for(open_page: Callable[..., AppTest], language: str) -> None:
    page = type_text(open_page("use", language=language), "a great <b>thing</b>")
    assert "class='reasons'" not in html(page)
    page.toggle(key="use.why").set_value(True).run()
    assert not page.exception
    assert ">great</mark>" in html(page)
    assert "<b>" not in html(page)
    type_text(page, "  ")
    assert not page.exception


@pytest.mark.usefixtures("home")
def test_without_text_there_is_no_answer_but_examples(open_page: Callable[..., AppTest]) -> None:
    page = type_text(open_page("use"), "  \n ")
    assert "class='answer'" not in html(page)
    assert page.button(key="use.example.0").label


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_model_has_a_text_of_its_own(open_page: Callable[..., AppTest], home: Path, language: str) -> None:
    workspace = open_workspace(home)
    dataset = workspace.datasets.list()[0].id
    request = TrainRequest(classifier="另一个", dataset=dataset, model="ngrams", settings=SETTINGS)
    list(train_classifier(request, workspace))
    page = type_text(open_page("use", language=language, classifier=NAME), "a great thing")
    assert "class='answer'" in html(page)
    page.selectbox(key="use.should_be").set_value("bad")
    page.sidebar.selectbox(key="classifier").set_value("另一个").run()
    assert not page.exception
    assert "class='answer'" not in html(page)
    type_text(page, "a great thing", "另一个")
    assert page.selectbox(key="use.should_be").value is None  # what was said of the other model's answer
    page.sidebar.selectbox(key="classifier").set_value(NAME).run()
    assert "class='answer'" in html(page)  # and what was typed before is still there
    assert page.session_state[f"use.text.{NAME}.held"]["text"] == "a great thing"


@pytest.mark.usefixtures("home")
def test_an_example_fills_the_box_and_its_true_label_is_told(open_page: Callable[..., AppTest]) -> None:
    page = open_page("use")
    chosen = page.button(key="use.example.0").label
    page.button(key="use.example.0").click().run()
    assert page.session_state[f"use.text.{NAME}.held"]["text"] == chosen
    assert "From a frozen test; its true label is" in said(page)


@pytest.mark.usefixtures("home")
def test_other_examples_are_other_texts(open_page: Callable[..., AppTest]) -> None:
    page = open_page("use")
    before = page.button(key="use.example.0").label
    page.button(key="use.others").click().run()
    assert page.button(key="use.example.0").label != before


@pytest.mark.usefixtures("home")
def test_a_text_of_unknown_words_is_called_a_guess(open_page: Callable[..., AppTest]) -> None:
    assert "the answer is a guess" in said(type_text(open_page("use"), "qqq zzz"))
    assert "the answer is a guess" not in said(type_text(open_page("use"), "great"))


@pytest.mark.usefixtures("home")
def test_a_long_text_is_said_to_be_cut(open_page: Callable[..., AppTest]) -> None:
    page = type_text(open_page("use"), "great " * 30_000)
    assert "of its 30,000 words, this version reads the first 20,480" in said(page)
    assert "The text is long" not in said(type_text(page, "great " * 20_480))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("text", ["\ud800", "😀", "<script>alert(1)</script>", "$x$ :red[a]", "\x00"])
def test_no_text_breaks_the_page(open_page: Callable[..., AppTest], text: str) -> None:
    page = type_text(open_page("use"), text)
    assert not page.exception
    assert not page.error
    assert "class='answer'" in html(page)


def test_a_label_cannot_smuggle_in_html() -> None:
    answer = predict_page.Answer({"<img src=x>": 0.6, "b": 0.4}, 1.0, read=1, tokens=1, strange=False)
    shown = predict_page.answer_html(answer, ["<img src=x>", "b"])
    assert "<img" not in shown
    assert "&lt;img src=x&gt;" in shown


def test_many_labels_show_the_likeliest_and_count_the_rest() -> None:
    labels = [f"label {number:02}" for number in range(30)]
    answer = predict_page.Answer(
        dict.fromkeys(labels, 1 / 30) | {"label 17": 0.5}, 1.0, read=1, tokens=1, strange=False
    )
    shown = predict_page.answer_html(answer, labels)
    assert shown.count("class='track'") == 8
    assert "and 22 less likely labels" in shown
    assert "<strong>label 17</strong>" in shown


def test_no_share_claims_more_than_it_is() -> None:
    answer = predict_page.Answer({"a": 0.99999, "b": 0.00001}, 1.0, read=1, tokens=1, strange=False)
    shown = predict_page.answer_html(answer, ["a", "b"])
    assert "> 99.9%" in shown
    assert "< 0.1%" in shown
    assert "100.0%</span>" not in shown


def test_an_idle_graphics_card_is_told(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = message("providers.refused", "{card} idles, CUDA {cuda}", card="H100", cuda="13.0")
    monkeypatch.setattr("dashboard.shell.state.card_problems", lambda: (problem,))
    for page in ("use", "update"):
        assert open_page(page).warning[0].value == "H100 idles, CUDA 13.0"


def test_the_right_label_goes_into_the_queue_and_can_be_taken_back(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    page = type_text(open_page("use"), "qqq zzz")
    champion = state.champion(NAME)
    assert champion is not None
    predicted = state.engine(champion).predict(["qqq zzz"])[0]
    other = "bad" if predicted == "good" else "good"
    page.selectbox(key="use.should_be").set_value(other).run()
    waiting = Corrections(home).list(NAME)
    assert [(one.text, one.label, one.predicted, one.version) for one in waiting] == [("qqq zzz", other, predicted, 1)]
    assert f"Waits in the corrections as “{other}”" in said(page)
    page.button(key="use.undo").click().run()
    assert Corrections(home).list(NAME) == []
    assert page.selectbox(key="use.should_be").value is None


def test_what_the_version_says_already_is_no_correction(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = type_text(open_page("use"), "great")
    champion = state.champion(NAME)
    assert champion is not None
    page.selectbox(key="use.should_be").set_value(state.engine(champion).predict(["great"])[0]).run()
    assert "says already" in page.warning[0].value
    assert Corrections(home).list(NAME) == []


def test_a_choice_for_one_text_is_not_taken_for_the_next(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = type_text(open_page("use"), "great")
    page.session_state["use.should_be"] = "good"
    type_text(page, "awful")
    assert Corrections(home).list(NAME) == []


def test_a_label_typed_in_other_case_is_the_known_one() -> None:
    assert known_label("  GOOD ", ["good", "bad"]) == "good"
    assert known_label("not  that good", ["good", "bad"]) == "not that good"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_is_labelled(home: Path, open_page: Callable[..., AppTest], language: str) -> None:
    page = open_page("use", "table", language=language)
    content = b"id,text\n1,great thing\n2,\n3,=awful\n"
    page.file_uploader[0].upload("shop.csv", content, "text/csv").run()
    page.button(key="use.start").click().run()
    run: TableRun = page.session_state["use.run"]
    run.wait(30)
    page.run()
    assert not page.exception
    assert not page.error
    assert run.result is not None
    assert run.result["predicted"].tolist()[1] == ""
    preview = next(frame.value for frame in page.dataframe if "probability" in frame.value.columns)
    assert preview["text"].tolist() == ["great thing", "", "=awful"]
    assert ("1 row has no text" if language == "en" else "1 行没有文本") in said(page)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_that_cannot_be_labelled_are_named_before_the_rest_is(
    open_page: Callable[..., AppTest], language: str
) -> None:
    page = open_page("use", "table", language=language)
    content = "id,text\n" + "".join(f"{row},thing {row}\n" for row in range(10)) + "10,a, b\n11,c, d\n"
    page.file_uploader[0].upload("shop.csv", content.encode(), "text/csv").run()
    assert not page.exception
    wanted = (
        "2 of 12 rows were left out: they have 3 fields instead of 2; the first are lines 12, 13."
        if language == "en"
        else "12 行中有 2 行没有用上：它们有 3 列，而不是 2 列；最前面的在第 12、13 行。"
    )
    assert wanted in [str(box.value).replace("\\", "") for box in page.warning]


def test_a_table_can_be_stopped() -> None:
    class Waiting:
        labels = ["a"]
        task = DEFAULT
        probable = True
        asked = 0
        go_on = threading.Event()

        def answer(self, texts: list[str]) -> Answers:
            self.go_on.wait(30)
            self.asked += len(texts)
            return Answers(np.ones((len(texts), 1), dtype=np.float32), *np.ones((2, len(texts)), dtype=np.int64))

    engine = Waiting()
    run = started(engine, pd.DataFrame({"text": ["word"] * 5000}))
    assert run.running
    run.stop()
    engine.go_on.set()
    run.wait(30)
    assert run.stopped
    assert run.result is None
    assert engine.asked < 5000


def test_an_error_while_labelling_is_kept_for_the_page() -> None:
    class Broken:
        labels = ["a"]
        task = DEFAULT
        probable = True

        def answer(self, texts: list[str]) -> None:
            raise ValueError("no")

    run = started(Broken(), pd.DataFrame({"text": ["x"]}))
    run.wait(30)
    assert isinstance(run.error, ValueError)
    assert not run.running


@pytest.fixture(scope="module")
def made_with_columns(make_home: Callable[[str], Path]) -> Path:
    """A workspace with a version that also reads a kind and a price."""
    workspace = open_workspace(make_home("columns"))
    rows = [
        (f"{word} thing number {row}", label, ("toy", "book")[row % 2], str(row))
        for row in range(30)
        for word, label in PAIRS
    ]
    table = pd.DataFrame(rows, columns=["text", "label", "kind", "price"])
    roles = ColumnRoles("text", "label", inputs=(("kind", "category"), ("price", "number")))
    stored = workspace.datasets.save(build_dataset(table, roles)[0], name="toy", roles=roles)
    list(train_classifier(TrainRequest(classifier=NAME, dataset=stored.id, model="linear"), workspace))
    return workspace.home


@pytest.mark.parametrize(
    ("language", "wrong", "unknown"),
    [("en", "cannot be read as a number", "never met"), ("zh", "无法作为数字读取", "从未在")],
)
def test_each_further_column_has_a_field(
    open_page: Callable[..., AppTest],
    made_with_columns: Path,
    evergreen_home: Path,
    language: str,
    wrong: str,
    unknown: str,
) -> None:
    shutil.copytree(made_with_columns, evergreen_home, dirs_exist_ok=True)
    page = type_text(open_page("use", language=language), "a great thing")
    assert not page.exception
    assert [field.label for field in page.text_input][:2] == ["kind", "price"]
    page.text_input(key=f"use.input.{NAME}.kind").set_value("toy").run()
    page.text_input(key=f"use.input.{NAME}.price").set_value("3").run()
    assert unknown not in said(page)
    page.toggle(key="use.why").set_value(True).run()
    assert ">toy</mark>" in html(page)
    page.text_input(key=f"use.input.{NAME}.kind").set_value("car").run()
    page.text_input(key=f"use.input.{NAME}.price").set_value("dear").run()
    assert not page.exception
    assert wrong in said(page)
    assert unknown in said(page)


def test_an_example_fills_the_fields_of_its_columns(
    open_page: Callable[..., AppTest], made_with_columns: Path, evergreen_home: Path
) -> None:
    shutil.copytree(made_with_columns, evergreen_home, dirs_exist_ok=True)
    page = open_page("use")
    page.button(key="use.example.0").click().run()
    assert not page.exception
    text = page.session_state[f"use.text.{NAME}.held"]["text"]
    assert "thing number" in text
    assert "\u2063" not in text
    assert page.text_input(key=f"use.input.{NAME}.kind").value in ("toy", "book")
