"""The Monitor tab in both languages: before anything was asked, with days of answers, and with an alarm."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.labelling.sessions import LabellingStore
from core.registry import promote
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder
from core.serving.monitor.store import MonitorStore
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace
from dashboard.parts import tables

NAME = "Shop <b> reviews"


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    workspace = open_workspace(make_home("made"))
    words = (("great", "good"), ("awful", "bad"))
    rows = [(f"{word} thing number {row}", label) for row in range(300) for word, label in words]
    roles = ColumnRoles("text", "label")
    dataset = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)[0]
    stored = workspace.datasets.save(dataset, name="toy", roles=roles)
    list(train_classifier(TrainRequest(classifier=NAME, dataset=stored.id, model="linear"), workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def ask(home: Path, texts: list[str], back: int = 0, number: int = 1) -> None:
    version = open_workspace(home).registry.resolve(NAME, None)
    folder = open_workspace(home).registry.folder_of(version)
    engine, answers = load_version(folder), load_version(folder).answer(texts)
    recorder = Recorder(home, today=lambda: date.today() - timedelta(days=back))
    recorder.noting(NAME, number, folder, engine, "api")(texts, answers.values, answers.truncated, 0.01)
    recorder.close()


def said(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.warning, *page.info, *page.header]
    return "\n".join([*(str(part.value) for part in parts), *(str(card.label) for card in page.metric)])


@pytest.mark.parametrize(("language", "empty"), [("en", "Nothing was answered yet"), ("zh", "还没有回答过文本")])
def test_before_anything_was_asked_it_says_what_is_counted(
    open_page: Callable[..., AppTest], home: Path, language: str, empty: str
) -> None:
    assert empty in said(open_page("use", "monitor", language=language, classifier=NAME))
    assert MonitorStore(home).keeping(NAME) == Keeping()


@pytest.mark.parametrize(
    ("language", "estimated", "calm"),
    [("en", "Accuracy, estimated", "Nothing points"), ("zh", "准确率（估计）", "没有迹象")],
)
def test_days_of_answers_have_cards_charts_and_shares(
    open_page: Callable[..., AppTest], home: Path, language: str, estimated: str, calm: str
) -> None:
    registry = open_workspace(home).registry
    held_out = VersionFolder(registry.folder_of(registry.resolve(NAME, None))).predictions(1)["text"].tolist()
    for back in range(3):
        ask(home, held_out[back::3] * 2, back)
    page = open_page("use", "monitor", language=language, classifier=NAME)
    told = said(page)
    assert estimated in told
    assert calm in told
    assert len(page.get("plotly_chart")) == 3
    shares = page.dataframe[0].value
    assert set(shares.iloc[:, 0]) == {"good", "bad"}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("Version 2 serves since ", "; the estimate begins there. 90 texts were answered by earlier versions.")),
        ("zh", ("版本 2 自 ", " 起服务，估计从那时开始计算；另有 90 条文本由以前的版本回答。")),
    ],
)
def test_after_a_promotion_it_says_since_when_the_estimate_counts(
    open_page: Callable[..., AppTest], home: Path, language: str, told: tuple[str, str]
) -> None:
    workspace = open_workspace(home)
    registry = workspace.registry
    held_out = VersionFolder(registry.folder_of(registry.resolve(NAME, None))).predictions(1)["text"].tolist()
    ask(home, held_out[:90], back=1)
    assert told[1] not in said(open_page("use", "monitor", language=language, classifier=NAME))
    dataset = workspace.datasets.list()[0].id
    list(train_classifier(TrainRequest(classifier=NAME, dataset=dataset, model="linear"), workspace))
    promote(registry, NAME, 2, how="test")
    ask(home, held_out[:60], number=2)
    (since,) = [
        line
        for line in said(open_page("use", "monitor", language=language, classifier=NAME)).split("\n")
        if told[1] in line
    ]
    when = tables.moment(registry.champion_history(NAME)[-1]["at"])
    assert since == f"{told[0]}{when}{told[1]}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_alarm_offers_labelling_and_the_sidebar_knows(
    open_page: Callable[..., AppTest], home: Path, language: str
) -> None:
    MonitorStore(home).keep(NAME, Keeping(kept_texts="sample"))
    for back in range(8, 0, -1):
        ask(home, [f"unknown words {back} {row}" for row in range(60)], back)
    page = open_page("use", "monitor", language=language, classifier=NAME)
    assert page.warning
    page.button(key="use.monitor.label.doubt.primary").click().run()
    assert not page.exception
    health = {"en": "texts changed", "zh": "文本有变"}[language]
    assert any(health in str(part.value) for part in [*page.sidebar.markdown, *page.sidebar.caption])


def test_what_is_kept_is_chosen_and_what_may_not_be_kept_goes(open_page: Callable[..., AppTest], home: Path) -> None:
    MonitorStore(home).keep(NAME, Keeping(kept_texts="sample"))
    ask(home, ["great thing", "awful thing"])
    page = open_page("use", "monitor", classifier=NAME)
    assert "2 different texts are kept" in said(page)
    choice = page.selectbox if any("kept_texts" in str(box.key) for box in page.selectbox) else page.segmented_control
    (box,) = [box for box in choice if "kept_texts" in str(box.key)]
    box.set_value("nothing").run()
    assert "2 texts that are kept now will be removed" in said(page)
    page.button(key="use.monitor.keeping.save").click().run()
    assert MonitorStore(home).every_text() == []
    assert "without their texts" in said(page)


@pytest.mark.parametrize(
    ("language", "told", "group"),
    [("en", "resemble nothing that version 1 learned", "texts"), ("zh", "毫不相似", "条文本")],
)
def test_texts_unlike_what_was_learned_are_told_and_their_groups_labelled(
    open_page: Callable[..., AppTest], home: Path, language: str, told: str, group: str
) -> None:
    MonitorStore(home).keep(NAME, Keeping(kept_texts="sample"))
    late = [f"<b>parcel</b> courier *delivery* postponed {chr(97 + row % 26)} {row}" for row in range(40)]
    bill = [f"invoice refund payment charged twice {chr(97 + row % 26)} {row}" for row in range(40)]
    ask(home, [*late, *bill])
    page = open_page("use", "monitor", language=language, classifier=NAME)
    shown = said(page)
    assert told in shown
    sizes = [int(size) for size in re.findall(rf"(\d+) {group}", shown)]
    assert any(35 <= size <= 40 for size in sizes)  # of which texts are kept, chance decides
    assert "<b>parcel" not in shown
    assert len(page.get("plotly_chart")) >= 2
    (name,) = [box for box in page.text_input if "novelty.name.0" in str(box.key)]
    name.set_value("Late | parcel")
    page.button(key="use.monitor.novelty.label.0").click().run()
    assert page.error
    (name,) = [box for box in page.text_input if "novelty.name.0" in str(box.key)]
    name.set_value("Late parcel")
    page.button(key="use.monitor.novelty.label.0").click().run()
    assert not page.exception
    (session,) = LabellingStore(home).list()
    assert session.labels == ("bad", "good", "Late parcel")
    assert 35 <= session.rows <= 40


def test_without_kept_texts_it_says_so_and_without_learned_ones_that_it_cannot_know(
    open_page: Callable[..., AppTest], home: Path
) -> None:
    ask(home, [f"unknown words {row}" for row in range(60)])
    assert "None of them is kept" in said(open_page("use", "monitor", classifier=NAME))
    workspace = open_workspace(home)
    folder = VersionFolder(workspace.registry.folder_of(workspace.registry.resolve(NAME, None)))
    workspace.registry.files.reference_of(folder.path).unlink()
    workspace.datasets.erase(folder.experiences()[0].dataset)
    ask(home, ["one more"])  # what was seen before is kept until more is counted
    assert "cannot be known" in said(open_page("use", "monitor", classifier=NAME))
