"""Every page of a model that gives several labels to a text, in both languages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_sets import target_of
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from dashboard.data.labelling.session import items_of, view_of
from dashboard.parts.versions.report_download import written
from dashboard.shell.i18n import translate
from dashboard.shell.navigation import EARLIER
from dashboard.use.several import given
from tests.dashboard.conftest import open_tab

OpenPage = Callable[..., AppTest]
WORDS = {"food": "soup", "price": "bill", "service": "waiter"}


def visits(rows: int, seed: int) -> TextDataset:
    generator = np.random.default_rng(seed)
    texts, targets = [], []
    for row in range(rows):
        has = [label for label in WORDS if generator.random() < 0.4]
        texts.append(" ".join(["evening", *(WORDS[label] for label in has), f"visit{seed}x{row}"]))
        targets.append(target_of(has))
    classes = tuple(sorted(set(targets)))
    return TextDataset(tuple(texts), np.array([classes.index(target) for target in targets]), classes)


@pytest.fixture(scope="module")
def trained_once(make_home: Callable[[str], Path]) -> Path:
    opened = open_workspace(make_home("several_labels"))
    roles = ColumnRoles("text", "labels", separator="|")
    first, second = (opened.datasets.save(visits(200, seed), name=f"visits {seed}", roles=roles).id for seed in (0, 1))
    request = TrainRequest(classifier="Visits", dataset=first, model="linear", task="multilabel_classification")
    list(train_classifier(request, opened))
    list(
        update_classifier(
            UpdateRequest(classifier="Visits", dataset=second, strategy="replay", promote="always"), opened
        )
    )
    return opened.home


@pytest.fixture
def workspace(trained_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(trained_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def said(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.success, *page.header, *page.subheader]
    return "\n".join(str(part.value) for part in parts)


@pytest.mark.usefixtures("workspace")
def test_the_lab_says_why_a_dataset_is_not_listed(open_page: OpenPage) -> None:
    page = open_page("lab")
    page.button(key="lab.new").click().run()
    assert "Datasets with several labels a text are not listed" in said(page)


def test_an_update_of_solved_weights_names_no_epochs(open_page: OpenPage, workspace: Workspace) -> None:
    batch = workspace.datasets.save(
        visits(120, 2), name="visits 2", roles=ColumnRoles("text", "labels", separator="|")
    ).id
    list(update_classifier(UpdateRequest(classifier="Visits", dataset=batch, strategy="replay"), workspace))
    page = open_page("update", "learn", classifier="Visits")
    assert "Experience replay" in said(page)
    assert not re.search(r"\d epochs", said(page))
    open_tab(page, "update", "decide")
    page.session_state["update.evidence.en.4"] = translate("en", "update.tab_curves")
    page.run()
    assert not re.search(r"\d epochs", said(page))
    assert "This model is solved, not learned in epochs" in said(page)


def test_before_an_update_nothing_false_is_said(open_page: OpenPage, workspace: Workspace) -> None:
    roles = ColumnRoles("text", "labels", separator="|")
    batch = workspace.datasets.save(visits(120, 3), name="visits 3", roles=roles).id
    page = open_page("update", classifier="Visits")
    page.button_group(key="update.origin").set_value("saved").run()
    page.selectbox(key="update.saved").set_value(batch).run()
    next(button for button in page.button if button.label == "Use these 120 rows").click().run()
    assert not page.exception
    assert "answers with no label" not in said(page)
    page.button(key="update.learn_it").click().run()
    captions = [option for radio in page.radio for option in (radio.proto.captions or ())]
    assert any("there are no epochs" in caption for caption in captions)
    replay = next(caption for caption in captions if caption.startswith("Mixes remembered rows"))
    assert "Solved for" in replay


@pytest.mark.usefixtures("workspace")
def test_the_score_that_decides_comes_first_and_each_is_explained(open_page: OpenPage) -> None:
    for name in ("overview", "evaluate"):
        metrics = open_page(name, classifier="Visits").metric
        assert metrics[0].label == "Macro-F1"
        assert all(metric.help for metric in metrics)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "name",
    ["home", "overview", "data", "train", "evaluate", "update", "use", "lab", "settings"],
)
@pytest.mark.usefixtures("workspace")
def test_every_page_opens(open_page: OpenPage, name: str, language: str) -> None:
    page = open_page(name, language=language, **({} if name == "home" else {"classifier": "Visits"}))
    assert not page.exception, page.exception
    assert not page.error, [box.value for box in page.error]
    assert "food|price" not in said(page)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "place",
    [*((name, tab) for name, tab in EARLIER.values() if tab), ("use", "table"), ("use", "api"), ("use", "home")],
)
@pytest.mark.usefixtures("workspace")
def test_every_tab_opens(open_page: OpenPage, place: tuple[str, str], language: str) -> None:
    page = open_page(*place, language=language, classifier="Visits")
    assert not page.exception, page.exception
    assert not page.error, [box.value for box in page.error]
    assert "food|price" not in said(page)


@pytest.mark.usefixtures("workspace")
def test_evaluate_shows_each_label_with_its_threshold_and_pairs(open_page: OpenPage) -> None:
    page = open_page("evaluate", classifier="Visits")
    assert {"Macro-F1", "Micro-F1", "All labels right", "Ranking precision"} == {card.label for card in page.metric}
    table = next(frame.value for frame in page.dataframe if "Given from" in frame.value.columns)
    assert table["Label"].tolist() == ["food", "price", "service"]
    assert all(0 < float(threshold) < 1 for threshold in table["Given from"])
    tests = next(frame.value for frame in page.dataframe if "Method" in frame.value.columns)
    assert len(tests) == 6  # of each test the version, the one before, the baseline
    page = open_page("evaluate", "confusions", classifier="Visits")
    together = next(frame.value for frame in page.dataframe if "Both given" in frame.value.columns)
    assert {tuple(pair) for pair in together[["Label", "and"]].to_numpy()} <= {
        ("food", "price"),
        ("food", "service"),
        ("price", "service"),
    }


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("tab", ["summary", "confusions", "errors", "compare"])
@pytest.mark.usefixtures("workspace")
def test_evaluate_has_the_tabs_that_make_sense(open_page: OpenPage, tab: str, language: str) -> None:
    page = open_page("evaluate", tab, language=language)
    assert not page.exception
    assert not page.error
    assert len(page.tabs) == 5


def test_errors_of_sets_are_cards_whose_labels_are_put_right(
    open_page: OpenPage, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misread(folder: VersionFolder, number: int) -> pd.DataFrame:
        table = stored(folder, number)
        return table.assign(predicted=["food" if row == 0 else text for row, text in enumerate(table["truth"])])

    stored = VersionFolder.predictions
    monkeypatch.setattr(VersionFolder, "predictions", misread)
    page = open_page("evaluate", "errors", classifier="Visits")
    assert not page.exception
    put_right = [button for button in page.button if str(button.key).startswith("evaluate.right.label.")]
    assert put_right
    assert all(button.label.startswith("The labels are wrong: ") for button in put_right)
    put_right[0].click().run()
    assert not page.exception
    (session,) = LabellingStore(workspace.home).list()
    assert session.several
    assert set(LabellingStore(workspace.home).standing(session.id).labelled.values()) == {"food"}


def test_the_report_and_the_card_are_written(workspace: Workspace) -> None:
    version = workspace.registry.version("Visits", 2)
    for language, named in (("en", "Macro-F1"), ("zh", "宏平均")):
        for html in (True, False):
            told = written(version, language, html=html).decode("utf-8")
            assert named in told or "macro-F1" in told


@pytest.mark.usefixtures("workspace")
def test_train_starts_at_the_task_of_the_dataset(open_page: OpenPage) -> None:
    page = open_page("train")
    assert page.session_state["train.task"] == "multilabel_classification"
    assert "3 labels" in next(box for box in page.selectbox if box.key == "train.dataset").options[0]


def _evidence() -> None:
    from dashboard.shell import state
    from dashboard.update import evidence

    versions = {version.number: version for version in state.versions("Visits")}
    evidence.draw(versions[2], versions[1])


@pytest.mark.usefixtures("workspace")
def test_the_evidence_of_an_update_has_each_labels_recall() -> None:
    page = AppTest.from_function(_evidence, default_timeout=60)
    page.session_state["update.evidence.en.4"] = translate("en", "update.tab_labels")
    page.run()
    assert not page.exception
    table = next(frame.value for frame in page.dataframe if "Change of recall" in frame.value.columns)
    assert sorted(table["Label"]) == ["food", "price", "service"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_answer_has_chips_and_can_be_corrected(open_page: OpenPage, workspace: Workspace, language: str) -> None:
    page = open_page("use", language=language, classifier="Visits")
    page.session_state["use.text.Visits.held"] = {"text": "evening soup waiter", "revision": 1}
    page.run()
    assert not page.exception
    html = next(part.proto.body for part in page.get("html") if "verdict" in part.proto.body)
    assert html.count("class='chip'") == 2
    box = next(box for box in page.multiselect if box.key == "use.should_have")
    assert sorted(box.value) == ["food", "service"]
    box.set_value(["food"]).run()
    page.button(key="use.should_have_save").click().run()
    (waiting,) = Corrections(workspace.home).list("Visits")
    assert (waiting.label, waiting.predicted) == ("food", "food|service")


def test_chips_are_those_that_reach_their_threshold() -> None:
    assert given({"a": 0.2, "b": 0.3, "c": 0.5}, [0.1, 0.4, 0.5]) == ["c", "a"]


@pytest.mark.usefixtures("workspace")
def test_labels_of_a_dataset_are_looked_at_again_with_toggles(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page("data", "labelling", classifier="Visits")
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = LabellingStore(workspace.home).list()
    assert session.several
    view = view_of(session, items_of(session), LabellingStore(workspace.home).standing(session.id))
    assert view.several
    assert view.labels == ("food", "price", "service")
    assert "put a label on" in view.words["digits"]
    assert not [control.key for control in page.button_group if control.key == "label.view"]
