"""The Train page's runs that break off, or whose version serves no more: what this session started stays in view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import Job, JobQueue
from core.jobs.worker import run_job
from core.registry.records import save_plan
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

OpenPage = Callable[..., AppTest]
OLD = "Old"


@pytest.fixture
def old(evergreen_home: Path, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A run that waits for `run_job` here, as all runs of these tests do, to make the first version of a classifier."""
    monkeypatch.setattr("core.jobs.queue.JobQueue._start_next", lambda self: None)
    dataset = save(open_workspace(evergreen_home), reviews(80, seed=1), name="Things").id
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
    request = TrainRequest(classifier=OLD, dataset=dataset, model="ngrams", settings=settings)
    return queue.submit("train", title=OLD, classifier=OLD, config=request.model_dump())


def execute(job: Job, home: Path) -> None:
    run_job(home / "jobs" / job.id)


def started(page: AppTest, queue: JobQueue) -> Job:
    """The run of a new classifier after a click on Start."""
    page.text_input(key="train.name").set_value("New").run()
    page.button(key="train.start").click().run()
    assert not page.exception
    return queue.list()[0]


def forget_half(home: Path) -> None:
    """From here on, every run fails at once."""
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": OLD}}, home)


def is_shown(page: AppTest, job: Job) -> bool:
    assert not page.exception
    return f"run.resume.{job.id}" in {button.key for button in page.button} and any(
        "only partly forgotten" in box.value for box in page.error
    )


def test_a_run_that_fails_right_after_the_click_stays_in_view_with_its_error(
    open_page: OpenPage, queue: JobQueue, evergreen_home: Path, old: Job
) -> None:
    execute(old, evergreen_home)
    page = open_page("train", classifier=OLD)
    forget_half(evergreen_home)
    new = started(page, queue)
    execute(new, evergreen_home)
    assert is_shown(page.run(), new)
    assert is_shown(open_page("train", classifier=OLD), new)  # also after a reload


def test_a_run_that_breaks_off_after_the_shown_one_has_ended_comes_into_view(
    open_page: OpenPage, queue: JobQueue, evergreen_home: Path, old: Job
) -> None:
    page = open_page("train")
    page.session_state["train.job"] = old.id
    new = started(page.run(), queue)
    execute(old, evergreen_home)
    assert "train.results" in {button.key for button in page.run().button}
    forget_half(evergreen_home)
    execute(new, evergreen_home)
    assert is_shown(page.run(), new)
    page.button(key="train.close").click().run()
    assert not is_shown(page, new)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Version 1 has served before; now version 2 serves"), ("zh", "版本 1 以前启用过")]
)
def test_a_version_that_served_before_is_no_candidate(
    open_page: OpenPage, evergreen_home: Path, old: Job, language: str, sentence: str
) -> None:
    execute(old, evergreen_home)
    workspace = open_workspace(evergreen_home)
    list(train_classifier(TrainRequest(**{**old.config, "settings": {**old.config["settings"], "seed": 1}}), workspace))
    workspace.registry.promote(OLD, 2, "better")
    page = open_page("train", language=language, classifier=OLD)
    assert not page.exception
    assert any(sentence in caption.value for caption in page.caption)
