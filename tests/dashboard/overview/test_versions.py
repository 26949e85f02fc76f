from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.wording import score
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.recipe import RenameLabels, write_steps
from core.registry import UNWRITTEN, PromotionDecision, Registry, VersionInfo, promote
from core.registry.entries import SUMMARY
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.standings import known_to, today
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.versions.decisions import reason_of
from dashboard.parts.versions.serving import previous_champion
from dashboard.shell import i18n, state
from dashboard.shell.navigation import ROOT
from tests.dashboard.update.conftest import language

__all__ = ["language"]

NAME = "店铺 *reviews*"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A workspace with a version that serves, and a candidate updated from it."""
    workspace = open_workspace(make_home("made"))
    stored = []
    for part, words in enumerate((("great", "awful"), ("tasty", "stale"))):
        rows = [(f"{word} thing {row}", label) for row in range(30) for word, label in zip(words, "ab", strict=True)]
        roles = ColumnRoles("text", "label")
        dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
        stored.append(workspace.datasets.save(dataset, name=f"toy <{part + 1}>", roles=roles))
    list(
        train_classifier(
            TrainRequest(classifier=NAME, dataset=stored[0].id, model="ngrams", settings=SETTINGS), workspace
        )
    )
    list(update_classifier(UpdateRequest(classifier=NAME, dataset=stored[1].id, strategy="replay"), workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def said(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption, *page.warning, *page.header])


def champion(home: Path) -> int:
    found = Registry(home).champion(NAME)
    assert found is not None
    return found.number


def test_without_a_classifier_the_page_says_what_will_be_here(open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert not page.exception
    assert "No model yet" in said(page)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_versions_are_listed_newest_first_with_their_origin(open_page: Callable[..., AppTest], language: str) -> None:
    page = open_page("overview", language=language)
    assert not page.exception
    assert not page.error
    table = page.dataframe[0].value
    assert len(table) == 2
    assert table["version"].tolist() == (
        ["Version 2", "Version 1 · serves"] if language == "en" else ["版本 2", "版本 1 · 服务中"]
    )
    assert table["how"].tolist()[0] == (
        "Experience replay, from version 1" if language == "en" else "由版本 1 经验回放"
    )
    assert table["how"].tolist()[1] == ("First training · N-gram bag" if language == "en" else "首次训练 · N 元词袋")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("language", "what"), [("en", "before version 1 learned"), ("zh", "版本 1 学习")])
def test_what_was_done_to_the_data_stands_with_the_lineage(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str, what: str
) -> None:
    learned = [version.summary["dataset"] for version in state.versions(NAME)]
    recipe = write_steps([RenameLabels(names={"bad": "poor"})])
    stored = [replace(one, source={"recipe": recipe}) if one.id == learned[0] else one for one in state.datasets()]
    monkeypatch.setattr(state, "datasets", lambda: stored)
    page = open_page("overview", language=language)
    told = [caption.value for caption in page.caption if what in caption.value]
    assert len(told) == 1
    assert "poor" in told[0]


def test_scores_stand_with_their_intervals_in_the_table_and_on_cards(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("overview")
    newest, oldest = (state.report(version)["overall"] for version in state.versions(NAME)[::-1])
    same = today(known_to(Registry(home), NAME), home)
    assert same is not None
    first = same.report(1)
    assert first is not None
    # In the table all on the same rows: those of the newest version, not the ones that each was made with.
    assert first.rows == newest["rows"] > oldest["rows"]
    shown = [score(**newest["accuracy"]), score(**first.accuracy.to_dict())]
    assert page.dataframe[0].value["accuracy"].tolist() == shown
    captions = [caption.value for caption in page.caption]
    assert f"{ends(first.macro_f1.to_dict())} · over all {first.rows} test rows" in captions
    home_page = open_page()
    assert any(ends(first.macro_f1.to_dict()) in str(text.value) for text in home_page.main.markdown)
    # The version that serves is told above; another one is told on its own tests when it is chosen.
    assert not [caption for caption in captions if " · own " in caption]
    page.selectbox(key="models.version").set_value(2).run()
    captions = [caption.value for caption in page.caption]
    assert f"{ends(newest['macro_f1'])} · own {newest['rows']} test rows" in captions


def ends(score: dict[str, float]) -> str:
    return f"{score['low']:.3f}–{score['high']:.3f}"


@pytest.mark.usefixtures("home")
def test_the_serving_version_is_chosen_and_another_can_be(open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert page.selectbox(key="models.version").value == 1
    page.selectbox(key="models.version").set_value(2).run()
    assert "Version 2 learned" in said(page)
    assert r"“toy \<2\>” on top of version 1. Strategy: Experience replay. Version 1 was trained on" in said(page)


def test_promoting_says_what_will_serve_and_rolling_back_returns(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "Version 2 will answer from now on, instead of version 1." in said(page)
    page.button(key="models.promote").click().run()
    assert champion(home) == 2
    assert page.toast[0].value == "Version 2 serves now."
    assert "Version 1 will answer again, instead of version 2." in said(page)
    page.button(key="models.roll_back").click().run()
    assert champion(home) == 1
    assert [move["version"] for move in Registry(home).champion_history(NAME)] == [1, 2, 1]
    assert not page.exception


def test_after_a_roll_back_the_verdict_and_the_card_speak_of_the_same_tests(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    registry = Registry(home)
    promote(registry, NAME, 2, how="test")
    promote(registry, NAME, 1, how="test")
    same = today(known_to(registry, NAME), home)
    assert same is not None
    assert same.reference == 2
    measured = same.report(1)
    baseline = state.report(registry.version(NAME, 2))["baseline"]["report"]
    page = open_page("overview")
    verdict = str(page.main.markdown[0].value)
    decides = same.task.score.name
    assert f"version 1 is {score(measured.scores[decides].value)} on {measured.rows} frozen test rows" in verdict
    assert score(baseline[decides]["value"]) in verdict
    assert score(measured.scores[decides].value) in [str(metric.value) for metric in page.metric]


@pytest.mark.usefixtures("home")
def test_the_baselines_of_all_runs_are_on_the_tests_that_their_versions_are_shown_on(
    open_page: Callable[..., AppTest],
) -> None:
    (runs,) = (table.value for table in open_page("train", "runs").dataframe if "Accuracy, baseline" in table.value)
    baseline = state.report(state.versions(NAME)[-1])["baseline"]["report"]["accuracy"]["value"]
    assert runs["Accuracy, baseline"].tolist() == [score(baseline)] * 2


def test_against_the_gate_a_reason_is_asked_for_and_stays(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    refused = {**registry.version(NAME, 2).summary, "gate": "keep"}
    registry._client.set_model_version_tag(NAME, "2", SUMMARY, json.dumps(refused))
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "The gate was against it when it was made" in said(page)
    page.button(key="models.promote").click().run()
    assert champion(home) == 1
    assert page.warning[0].value == "Write a reason first."
    page.text_area(key="models.why").set_value("the *old* shop closed")
    page.button(key="models.promote").click().run()
    assert not page.exception
    assert champion(home) == 2
    assert r"Version 2 was promoted against the gate. Reason: “the \*old\* shop closed”." in said(page)
    last = Registry(home).champion_history(NAME)[-1]
    assert last["reason"] == "Overview page, against the gate: the *old* shop closed"


def test_against_the_gate_a_second_person_confirms(
    home: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    registry = Registry(home)
    refused = {**registry.version(NAME, 2).summary, "gate": "keep"}
    registry._client.set_model_version_tag(NAME, "2", SUMMARY, json.dumps(refused))
    registry.set_statements(NAME, {"two_people": True})
    page = open_page("overview", language=language)
    page.selectbox(key="models.version").set_value(2).run()
    page.text_area(key="models.why").set_value("the old shop closed")
    page.button(key="models.promote").click().run()
    assert page.warning[0].value == i18n.translate(language, "people.who_missing")
    page.text_input(key="models.who").set_value("Ann")
    page.button(key="models.promote").click().run()
    assert not page.exception
    assert champion(home) == 1
    assert "the old shop closed" in said(page)
    page.text_input(key="models.second").set_value("ann")
    page.button(key="models.confirm").click().run()
    assert "ann" in page.error[0].value
    assert champion(home) == 1
    page.text_input(key="models.second").set_value("Bo")
    page.button(key="models.confirm").click().run()
    assert not page.exception
    assert champion(home) == 2
    assert i18n.translate(language, "models.lineage_two", {"asked": "Ann", "confirmed": "Bo"}) in said(page)


def test_a_script_that_gave_no_reason_is_told_of(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    registry.note_decision(NAME, 2, PromotionDecision(promoted=True, against_gate=True, reason=UNWRITTEN))
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "by a command or script that gave no reason" in said(page)


def test_a_first_champion_has_nothing_to_roll_back_to(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert not [button for button in page.button if button.key == "models.roll_back"]


@pytest.mark.parametrize(
    ("moves", "previous"), [([1], None), ([1, 2], 1), ([1, 2, 3, 2], 1), ([1, 2, 1], None), ([2, 1, 3], 1)]
)
def test_the_way_back_follows_the_moves(moves: list[int], previous: int | None) -> None:
    assert previous_champion([{"version": number} for number in moves]) == previous


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("Tests", "Baseline"),
        ("Settings", "parameters and"),
        ("What has served", "One version was chosen to serve so far."),
    ],
)
def test_every_tab_shows_its_part(open_page: Callable[..., AppTest], tab: str, words: str) -> None:
    page = open_page("overview")
    page.session_state["models.tabs"] = tab
    page.run()
    assert not page.exception
    assert not page.error
    tables = "\n".join(frame.value.to_string() for frame in page.dataframe)
    assert words in said(page) + tables


@pytest.mark.usefixtures("home")
def test_settings_are_named_in_the_readers_language(open_page: Callable[..., AppTest]) -> None:
    page = open_page("home", language="zh")
    page.session_state["models.tabs"] = "设置"
    page.switch_page(str(ROOT / "pages" / "overview.py")).run()
    names = page.dataframe[1].value.iloc[:, 0].tolist()
    assert "学习率" in names
    assert not [name for name in names if name.isascii() and "_" in name]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("first version", "首个版本"),
        ("command line", "命令行"),
        ("command line: tests: better", "命令行: tests: better"),
        ("update: gate", "更新通过质量门禁"),
        (f"update: always, against the gate: {UNWRITTEN}", "更新后直接发布，违反质量门禁: 未写理由"),
        ("模型页", "模型页"),
        ("", "–"),
    ],
)
def test_why_the_program_moved_the_champion_is_told_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, written: str, told: str
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    assert reason_of({"reason": written}) == told


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("language", "figures", "step"),
    [("en", "of version 1 is", "Version 2 is learned and waits"), ("zh", "版本 1 的", "版本 2 已学完")],
)
def test_one_verdict_and_one_next_step_stand_on_top(
    open_page: Callable[..., AppTest], language: str, figures: str, step: str
) -> None:
    page = open_page("overview", language=language)
    told = [str(text.value) for text in page.main.markdown]
    assert figures in told[0]
    assert "baseline" in told[0] or "基线" in told[0]
    assert step in told[1]
    assert page.main.button[0].key == "next-step-button"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("language", "first", "why"),
    [
        ("en", "here TF-IDF + logistic regression", "naive Bayes, which goes on from batch to batch"),
        ("zh", "这里是 TF-IDF + 逻辑回归", "更新之后换成朴素贝叶斯，它能逐批继续学习"),
    ],
)
def test_the_verdict_says_which_baseline_it_is_and_why_it_may_change(
    home: Path, open_page: Callable[..., AppTest], language: str, first: str, why: str
) -> None:
    page = open_page("overview", language=language)
    about = str(page.main.markdown[0].help).replace("\\", "")
    assert ("naive Bayes on words" in about) == (language == "en")  # today's tests are those of version 2
    assert why in about
    Registry(home).delete_version(NAME, 2)
    assert first in str(open_page("overview", language=language).main.markdown[0].help).replace("\\", "")


@pytest.mark.usefixtures("home")
def test_a_score_that_the_baseline_was_not_measured_by_is_a_dash(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = state.report

    def of_old(version: VersionInfo) -> dict[str, Any]:
        found = report(version)
        for baseline in found["baseline"]["tests"]:
            baseline.pop("macro_precision")
        return found

    monkeypatch.setattr(state, "report", of_old)
    table = open_page("overview").dataframe[1].value
    assert table.iloc[1].tolist().count("–") == 1


def test_one_version_has_no_chart_of_versions(home: Path, open_page: Callable[..., AppTest]) -> None:
    Registry(home).delete_version(NAME, 2)
    page = open_page("overview")
    assert not page.exception
    assert "One version so far." in said(page)
    assert not page.get("plotly_chart")
