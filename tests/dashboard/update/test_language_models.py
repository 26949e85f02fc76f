"""Pages about a language model: no labels are asked for, and nothing is said in a classifier's words; both languages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import JobQueue
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace
from dashboard.shell.i18n import translate
from tests.dashboard.conftest import wait
from tests.dashboard.update.conftest import to
from tests.language_models import TASK, TINY

OpenPage = Callable[..., AppTest]
NAME = "Writer"
LABELLED = "text,label\n" + "".join(f"a text about lamp number {row},{'ab'[row % 2]}\n" for row in range(60))


def table(word: str) -> str:
    return "text\n" + "".join(f"the {word} number {row} is good\n" for row in range(60))


def save(workspace: Workspace, word: str) -> str:
    rows = pd.DataFrame({"text": table(word).splitlines()[1:]})
    roles = ColumnRoles("text", None)
    dataset, _ = build_dataset(rows, roles, need_label=False)
    return workspace.datasets.save(dataset, name=word, roles=roles).id


@pytest.fixture(scope="module")
def trained(make_home: Callable[[str], Path]) -> Path:
    """A workspace with a language model in use, and a candidate made from it."""
    home = make_home("writer")
    workspace = open_workspace(home)
    asked: dict[str, Any] = {"task": TASK.name, "model": "causal", "settings": TINY}
    for _ in train_classifier(TrainRequest(classifier=NAME, dataset=save(workspace, "lamp"), **asked), workspace):
        pass
    shutil.copytree(home, home / "before", ignore=lambda folder, names: {"before"})
    request = UpdateRequest(
        classifier=NAME, dataset=save(workspace, "table"), strategy="replay", settings={"epochs": 1}
    )
    for _ in update_classifier(request, workspace):
        pass
    return home


@pytest.fixture
def first(trained: Path, evergreen_home: Path) -> Path:
    """This test's own copy of the workspace before there was a candidate."""
    shutil.copytree(trained / "before", evergreen_home, dirs_exist_ok=True)
    return evergreen_home


@pytest.fixture
def second(trained: Path, evergreen_home: Path) -> Path:
    """This test's own copy of the workspace with the candidate."""
    shutil.copytree(trained, evergreen_home, dirs_exist_ok=True, ignore=lambda folder, names: {"before"} & set(names))
    return evergreen_home


def shown(page: AppTest) -> str:
    assert not page.exception
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(page.main, kind))


def upload(page: AppTest, content: str) -> AppTest:
    return page.file_uploader[0].upload("batch.csv", content.encode(), "text/csv").run()


def test_a_batch_of_texts_alone_is_taken(first: Path, open_page: OpenPage, language: str) -> None:
    page = open_page("update", language=language, classifier=NAME)
    assert translate(language, "update.about_file_texts") in shown(page)
    assert [name.rsplit(" ", 1)[-1] for name in page.button_group(key="update.origin").options] == [
        translate(language, "update.source_file").rsplit(" ", 1)[-1],
        translate(language, "update.source_saved").rsplit(" ", 1)[-1],
    ]
    upload(page, table("chair"))
    assert not [box for box in page.selectbox if box.key and box.key.endswith(".label")]
    page.button(key="update.use").click().run()
    batch_line = f"batch · {translate(language, 'update.rows', {'count': '60'})}"
    assert any(line.value.endswith(batch_line) for line in to(page, "batch").markdown)
    assert not page.error
    (batch,) = [known for known in open_workspace(first).datasets.list() if known.name == "batch"]
    assert (batch.labelled, batch.rows) == (False, 60)


def test_a_batch_with_labels_is_taken_for_its_texts(first: Path, open_page: OpenPage) -> None:
    page = upload(open_page("update", classifier=NAME), LABELLED)
    page.button(key="update.use").click().run()
    assert not page.error
    assert any(line.value.endswith("batch · 60 rows") for line in to(page, "batch").markdown)


def test_a_classifier_is_not_offered_texts_alone(evergreen_home: Path, open_page: OpenPage) -> None:
    workspace = open_workspace(evergreen_home)
    rows = pd.DataFrame([line.split(",") for line in LABELLED.splitlines()[1:]], columns=["text", "label"])
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(rows, roles)
    stored = workspace.datasets.save(dataset, name="Lamps", roles=roles).id
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
    request = TrainRequest(classifier="Sorter", dataset=stored, model="ngrams", settings=settings)
    for _ in train_classifier(request, workspace):
        pass
    save(workspace, "chair")
    page = open_page("update", classifier="Sorter")
    page.button_group(key="update.origin").set_value("saved").run()
    assert translate("en", "update.no_saved") in shown(page)
    page.button_group(key="update.origin").set_value("file").run()
    upload(page, table("chair"))
    assert page.info[0].value == "Choose the column that holds the labels."


def test_the_decision_names_no_score_that_the_model_lacks(second: Path, open_page: OpenPage, language: str) -> None:
    page = open_page("update", language=language, classifier=NAME)
    assert translate(language, "update.tests_note") in shown(page)
    assert "F1" not in shown(page)


def test_a_whole_table_goes_on(first: Path, open_page: OpenPage, language: str) -> None:
    page = open_page("use", "table", language=language, classifier=NAME)
    assert translate(language, "use.table_intro_write") in shown(page)
    upload(page, table("chair"))
    expected = translate(language, "use.label_rows_write", {"count": "60"})
    assert page.button(key="use.start").label == expected


def test_the_overview_counts_no_corrections(first: Path, open_page: OpenPage) -> None:
    page = open_page("overview", classifier=NAME)
    assert "Waiting corrections" not in [metric.label for metric in page.metric]
    assert "Perplexity" in [metric.label for metric in page.metric]


def test_a_classifier_of_texts_alone_is_refused_beside_the_button(
    evergreen_home: Path, open_page: OpenPage, queue: JobQueue, language: str
) -> None:
    save(open_workspace(evergreen_home), "lamp")
    page = open_page("train", language=language)
    assert page.selectbox(key="train.task").value == TASK.name
    page.selectbox(key="train.task").set_value("text_classification").run()
    page.button(key="train.start").click().run()
    assert len(page.error) == 1, [shown.value for shown in (*page.exception, *page.warning, *page.info)]
    assert ("have no labels" if language == "en" else "没有标签") in page.error[0].value
    assert queue.list() == []
    wait(lambda: not page.run().exception)
    assert len(page.error) == 1  # until the form changes
