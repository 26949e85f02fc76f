"""The Runs tab: what can be acted upon, all runs with their settings, and the ways to the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import Job, JobQueue
from core.jobs.worker import run_job
from core.workflows.requests import TrainRequest
from core.workflows.workspace import Workspace, open_workspace
from dashboard.parts.versions.run_table import filtered
from tests.core.conftest import reviews, save

OpenPage = Callable[..., AppTest]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


@pytest.fixture
def submit(workspace: Workspace, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Job]:
    """Asks for a small training of a model; it waits for `run_job`."""
    for starter in ("_start_next", "_start_due"):
        monkeypatch.setattr(JobQueue, starter, lambda *_: None)
    dataset = save(workspace, reviews(80), "Things").id
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}

    def ask(classifier: str) -> Job:
        request = TrainRequest(classifier=classifier, dataset=dataset, model="ngrams", settings=settings)
        return queue.submit("train", title=classifier, classifier=classifier, config=request.model_dump())

    return ask


def buttons(page: AppTest) -> set[str]:
    assert not page.exception
    return {str(button.key) for button in page.button}


def table_with(page: AppTest, column: str) -> pd.DataFrame:
    assert not page.exception
    (table,) = (shown.value for shown in page.dataframe if column in shown.value)
    return table


@BOTH
def test_without_runs_the_way_leads_to_the_form(open_page: OpenPage, evergreen_home: Path, language: str) -> None:
    assert "empty.train" in buttons(open_page("train", "runs", language=language))


@BOTH
def test_a_waiting_run_can_be_opened_and_left(
    open_page: OpenPage, queue: JobQueue, submit: Callable[[str], Job], language: str
) -> None:
    job = submit("Shop")
    page = open_page("train", "runs", language=language)
    assert {f"runs.open.{job.id}", f"runs.leave.{job.id}"} <= buttons(page)
    page.button(key=f"runs.open.{job.id}").click().run()
    assert f"run.stop.{job.id}" in buttons(page)  # the run beside the form
    page = open_page("train", "runs", language=language)
    page.button(key=f"runs.leave.{job.id}").click().run()
    assert not page.exception
    assert queue.list() == []


def test_a_stopped_run_can_be_resumed_or_removed(
    open_page: OpenPage, queue: JobQueue, submit: Callable[[str], Job]
) -> None:
    job = submit("Shop")
    queue.stop(job.id)
    page = open_page("train", "runs")
    assert {f"runs.resume.{job.id}", f"runs.remove.{job.id}"} <= buttons(page)
    page.button(key=f"runs.resume.{job.id}").click().run()
    assert queue.get(job.id).state == "queued"


@pytest.mark.parametrize(
    ("language", "validation", "value"), [("en", "Accuracy, validation", "Value"), ("zh", "准确率（验证）", "值")]
)
def test_a_finished_run_stands_in_the_table_with_its_settings(
    open_page: OpenPage,
    workspace: Workspace,
    submit: Callable[[str], Job],
    language: str,
    validation: str,
    value: str,
) -> None:
    run_job(workspace.home / "jobs" / submit("Shop").id)
    page = open_page("train", "runs", language=language)
    (score,) = table_with(page, validation)[validation]
    assert 0 <= float(score) <= 1
    assert "8" in set(table_with(page, value)[value])
    page.button(key="train.runs.open").click().run()
    assert not page.exception
    assert page.title[0].value == {"en": "Evaluate", "zh": "评估"}[language]


def test_runs_of_other_models_stay_away_and_those_of_none_are_told(
    open_page: OpenPage, workspace: Workspace, submit: Callable[[str], Job]
) -> None:
    for name in ("Shop", "Other"):
        run_job(workspace.home / "jobs" / submit(name).id)
    waiting = submit("New")
    page = open_page("train", "runs")
    assert len(table_with(page, "Accuracy, validation")) == 1
    assert f"runs.open.{waiting.id}" in buttons(page)


def test_every_word_of_the_filter_has_to_occur() -> None:
    table = pd.DataFrame({"a": ["BiLSTM", "BiLSTM", "Bag"], "b": ["finished", "failed", "finished"]})
    assert filtered(table, "bilstm finished").index.tolist() == [0]
    assert len(filtered(table, "")) == 3
    assert len(filtered(pd.DataFrame(), "x")) == 0
