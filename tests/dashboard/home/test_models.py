"""Home's list of models: what each is for, which version serves, what waits; and the ways from there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.labelling.corrections import Corrections
from core.jobs import JobQueue
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

OpenPage = Callable[..., AppTest]
NAME = "店铺 *reviews*"
SMALL = {"epochs": 1, "embedding_size": 8, "buckets": 1024}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A workspace with two models; a version of one of them waits for a decision."""
    workspace = open_workspace(make_home("made"))
    for name in (NAME, "Plain"):
        dataset = save(workspace, reviews(80, seed=len(name)), name).id
        request = TrainRequest(classifier=name, dataset=dataset, model="ngrams", settings=SMALL)
        list(train_classifier(request, workspace))
    batch = save(workspace, reviews(60, seed=9), "batch").id
    list(update_classifier(UpdateRequest(classifier=NAME, dataset=batch, promote="never"), workspace))
    return workspace.home


@pytest.fixture
def workspace(made: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def words(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(text.value) for text in (*page.main.markdown, *page.main.caption, *page.main.header))


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("language", "task", "serving", "waiting", "new"),
    [
        ("en", "Sort texts under labels", "version 1 serves", "Version 2 waits", "New model"),
        ("zh", "给文本分类", "版本 1", "版本 2", "新模型"),
    ],
)
def test_each_model_says_how_it_is_doing(
    open_page: OpenPage, language: str, task: str, serving: str, waiting: str, new: str
) -> None:
    page = open_page(language=language)
    shown = words(page)
    assert [button.label for button in page.main.button if str(button.key).startswith("home.open.")] == [
        "**Plain**",
        "**店铺 \\*reviews\\***",
    ]
    for told in (serving, waiting, new):
        assert told in shown
    assert "Macro-F1" in shown or "F1" in shown
    assert len(page.file_uploader) == 1


def test_corrections_that_wait_are_counted(open_page: OpenPage, workspace: Workspace) -> None:
    queue = Corrections(workspace.home)
    queue.add("Plain", "some text", predicted="negative", label="positive", version=1)
    assert "1 correction waits" in words(open_page())


def test_a_click_opens_the_overview_of_a_model(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    page.button(key=f"home.open.{NAME}").click().run()
    assert not page.exception
    assert page.session_state["classifier"] == NAME
    assert page.query_params["classifier"] in (NAME, [NAME])


def test_an_earlier_link_to_the_root_with_a_model_opens_its_overview(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page(classifier="Plain")
    assert not page.exception
    assert page.session_state["classifier"] == "Plain"
    assert not [button for button in page.main.button if str(button.key).startswith("home.open.")]
    assert page.title[0].value != "Home"


def test_a_job_at_work_shows_how_far_it_is(
    open_page: OpenPage, workspace: Workspace, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    dataset = workspace.datasets.list()[0].id
    request = TrainRequest(classifier="Plain", dataset=dataset, model="ngrams", settings=SMALL)
    queue.submit("train", title="Plain", classifier="Plain", config=request.model_dump())
    page = open_page()
    assert not page.exception
    assert len(page.main.get("progress")) == 1


def test_saved_tables_without_a_model_lead_on_to_training(open_page: OpenPage, evergreen_home: Path) -> None:
    save(open_workspace(evergreen_home), reviews(60), "Mine")
    page = open_page()
    assert "1 table is saved" in words(page)
    page.button(key="home.train").click().run()
    assert page.title[0].value == "Train"
