"""The Evaluate page on a real version: its cards, the rows behind a cell, and every tab, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.registry import VersionInfo
from core.tasks.text_classification.scores import evaluate_predictions
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace
from dashboard.evaluate import summary
from dashboard.evaluate.confusion import shown_labels, worst_cell
from dashboard.evaluate.page import ALL, Shown
from dashboard.parts.versions.verdict import judge
from tests.dashboard.conftest import ROOT, open_tab

OpenPage = Callable[..., AppTest]


@pytest.fixture
def home(two_versions: Path) -> Path:
    return two_versions


@pytest.fixture
def results(open_page: OpenPage, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    return lambda language: (
        open_page("evaluate", language=language).selectbox(key="evaluate.version").set_value(2).run()
    )


@pytest.mark.parametrize(("language", "title", "accuracy"), [("en", "Evaluate", "Accuracy"), ("zh", "评估", "准确率")])
def test_scores_come_with_intervals(
    results: Callable[[str], AppTest], language: str, title: str, accuracy: str
) -> None:
    at = results(language)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == title
    assert at.selectbox(key="evaluate.version").value == 2
    assert at.metric[0].label == accuracy
    assert 0 <= float(at.metric[0].value) <= 1
    assert sum("–0." in caption.value or "–1." in caption.value for caption in at.caption) == 4  # one a card


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_version_that_serves_comes_up_under_its_classifiers_name(
    open_page: OpenPage, results: Callable[[str], AppTest], language: str
) -> None:
    at = open_page("evaluate", language=language)
    assert at.selectbox(key="evaluate.version").value == 1
    assert at.main.caption[0].value.startswith("Things · ")


def test_what_another_page_asks_for_comes_up_and_stays(open_page: OpenPage, results: Callable[[str], AppTest]) -> None:
    at = open_page("data")
    at.session_state["evaluate.asked"] = ("Things", 2)
    at.switch_page(str(ROOT / "pages" / "evaluate.py")).run()
    assert at.selectbox(key="evaluate.version").value == 2
    at.run()
    assert at.selectbox(key="evaluate.version").value == 2


def test_the_baseline_has_precision_and_recall_on_every_test(home: Path) -> None:
    folder = open_workspace(home).registry.folder("Things", 1)
    stored = VersionFolder(folder).report()["baseline"]["tests"][0]
    assert {"accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1"} <= set(stored)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_cell_opens_the_rows_behind_it(results: Callable[[str], AppTest], home: Path, language: str) -> None:
    at = results(language)
    open_tab(at, "evaluate", "confusions")
    at.run()
    folder = open_workspace(home).registry.folder("Things", 2)
    truth = pd.read_parquet(folder / "predictions" / "test_1.parquet")
    labels = ["down", "up"]
    for row in (0, 1):
        for column in (0, 1):
            at.selectbox(key="evaluate.confusion.row").set_value(row)
            at.selectbox(key="evaluate.confusion.column").set_value(column).run()
            assert not at.exception
            expected = truth[(truth["truth"] == labels[row]) & (truth["predicted"] == labels[column])]
            shown = [table.value for table in at.dataframe if "probability" in table.value]
            if len(expected):
                assert sorted(shown[0]["text"]) == sorted(expected["text"])
                assert shown[0]["probability"].is_monotonic_decreasing
                assert not {"truth", "predicted"} & set(
                    shown[0]
                )  # the sentence above says both; the text gets the room
            else:
                assert shown == []


def linked(at: AppTest) -> str:
    """The tab that the link names; none stands for the first."""
    named = at.query_params.get("tab", "summary")
    return named if isinstance(named, str) else named[0]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("tab", ["summary", "confusions", "errors", "slices", "trust", "behaviour", "compare"])
def test_every_tab_opens(results: Callable[[str], AppTest], language: str, tab: str) -> None:
    at = results(language)
    open_tab(at, "evaluate", tab)
    at.run()
    assert not at.exception
    assert not at.error
    assert linked(at) == tab


def test_the_words_of_a_label_are_found(results: Callable[[str], AppTest]) -> None:
    at = results("en")
    open_tab(at, "evaluate", "behaviour")
    at.run()
    at.button(key="evaluate.reasons.all").click().run()
    assert not at.exception
    words = [table.value for table in at.dataframe][-1]["Word"].tolist()
    assert at.selectbox(key="evaluate.reasons.all_label").value == "down"
    assert "bad" in words
    assert "good" not in words


@pytest.mark.parametrize("tab", ["errors", "trust"])
def test_a_link_opens_a_version_and_a_tab(open_page: OpenPage, results: Callable[[str], AppTest], tab: str) -> None:
    at = open_page("home")
    for name, value in {"classifier": "Things", "version": "2", "tab": tab}.items():
        at.query_params[name] = value
    at.switch_page(str(ROOT / "pages" / "evaluate.py")).run()
    assert not at.exception
    assert at.selectbox(key="evaluate.version").value == 2
    assert linked(at) == tab
    at.selectbox(key="evaluate.version").set_value(1).run()
    assert at.selectbox(key="evaluate.version").value == 1
    assert linked(at) == tab


@pytest.mark.parametrize(("language", "ending"), [("en", "epochs were run"), ("zh", "已跑完全部")])
def test_the_summary_says_nothing_twice(results: Callable[[str], AppTest], language: str, ending: str) -> None:
    at = results(language)
    told = [str(part.value) for kind in ("markdown", "caption", "info", "warning") for part in at.main.get(kind)]
    assert len(told) == len(set(told))
    assert sum(ending in sentence for sentence in told) == 1
    assert not at.success  # the verdict is a sentence, not a box, unless the version loses


def test_the_card_says_which_method_it_is_compared_with(results: Callable[[str], AppTest]) -> None:
    at = results("en")
    assert all("TF-IDF + logistic regression" in metric.help for metric in at.metric)


@pytest.mark.parametrize(("language", "said"), [("en", "do not look like a good"), ("zh", "不是好与坏")])
def test_behavioural_tests_are_run_when_asked_for(results: Callable[[str], AppTest], language: str, said: str) -> None:
    at = results(language)
    open_tab(at, "evaluate", "behaviour")
    at.run()
    at.button(key="evaluate.behaviour.run").click().run()
    assert not at.exception
    assert any(said in info.value for info in at.info)  # "up" and "down" are no sentiment
    table = next(frame.value for frame in at.dataframe if "Failed" in frame.value or "失败" in frame.value)
    assert table.iloc[:, 2].between(1, 100).all()
    assert (table.iloc[:, 3] <= table.iloc[:, 2]).all()


def test_two_versions_are_compared_on_the_same_rows(results: Callable[[str], AppTest]) -> None:
    at = results("en")
    open_tab(at, "evaluate", "compare")
    at.run()
    assert (at.selectbox(key="evaluate.compare_first").value, at.selectbox(key="evaluate.compare_second").value) == (
        1,
        2,
    )
    differing = [table.value for table in at.dataframe if "Setting" in table.value]
    assert differing[0]["Setting"].tolist() == ["Seed"]


def test_the_rows_of_a_cell_open_as_cards(results: Callable[[str], AppTest]) -> None:
    at = results("en")
    open_tab(at, "evaluate", "confusions")
    at.run()
    truth, predicted = ("down", "up")
    at.selectbox(key="evaluate.confusion.row").set_value(0)
    at.selectbox(key="evaluate.confusion.column").set_value(1).run()
    at.button(key="evaluate.as_cards").click().run()
    assert not at.exception
    assert linked(at) == "errors"
    heads = [str(part.proto.body) for part in at.get("html") if "error-head'>" in str(part.proto.body)]
    assert heads
    assert all(head.index(f">{truth}<") < head.index(f">{predicted}<") for head in heads)


def test_another_baseline_than_before_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [
        VersionInfo(classifier="Things", number=number, run_id="", parent=number - 1 or None, created="", summary={})
        for number in (1, 2)
    ]
    methods = {1: "tfidf", 2: "naive_bayes"}
    monkeypatch.setattr(summary.state, "versions", lambda classifier: versions)
    monkeypatch.setattr(
        summary.state, "report", lambda version: {"baseline": {"method": methods[version.number]}, "tests": []}
    )
    shown = Shown(versions[1], summary.state.report(versions[1]), ALL, None)
    (sentence,) = summary._baseline_changed(shown)
    assert "version 1, TF-IDF + logistic regression" in sentence
    methods[2] = "tfidf"
    assert summary._baseline_changed(Shown(versions[1], summary.state.report(versions[1]), ALL, None)) == []
    assert summary._baseline_changed(Shown(versions[0], summary.state.report(versions[0]), ALL, None)) == []


def test_shares_of_a_row_replace_the_counts(results: Callable[[str], AppTest]) -> None:
    at = results("en")
    open_tab(at, "evaluate", "confusions")
    at.run()
    at.segmented_control(key="evaluate.cells").set_value("shares").run()
    assert not at.exception
    assert not at.error


def report_of(truth: list[int], predicted: list[int], baseline: list[int]) -> dict[str, object]:
    classes = ("a", "b")
    overall = evaluate_predictions(truth, predicted, classes).to_dict()
    return {"overall": overall, "baseline": {"report": evaluate_predictions(truth, baseline, classes).to_dict()}}


def test_a_version_that_loses_to_the_baseline_is_told_so() -> None:
    truth = [0, 1] * 100
    wrong = [1 - label for label in truth]
    assert judge(report_of(truth, wrong, truth)).kind == "worse"
    assert judge(report_of(truth, truth, wrong)).kind == "better"
    assert judge(report_of(truth, truth, truth)).kind == "level"
    one_error = [1, *truth[1:]]
    assert judge(report_of(truth, one_error, truth)).kind == "perhaps_worse"
    assert not judge(report_of(truth, one_error, truth)).lost
    assert judge(report_of(truth, one_error, [1, 0, *truth[2:]])).kind == "perhaps_better"


def test_the_worst_confusion_is_off_the_diagonal() -> None:
    assert worst_cell(np.array([[50, 3], [4, 60]])) == (1, 0)
    assert worst_cell(np.array([[50, 0], [0, 60]])) is None


def test_of_many_labels_those_with_most_errors_are_shown() -> None:
    confusion = np.diag(np.full(30, 10))
    confusion[3, 7] = confusion[20, 3] = 5
    labels = shown_labels(confusion)
    assert {3, 7, 20} <= set(labels)
    assert len(labels) == 14
    assert labels == sorted(labels)
