"""The end of a job is told once on whatever page, and the sidebar's classifier follows what was trained or opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.processes import identity
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import JobQueue, files
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.names import titles
from dashboard.shell.navigation import ROOT

OpenPage = Callable[..., AppTest]
ROLES = ColumnRoles("text", "label")
ROWS = [(f"{word} thing {n}", label) for n in range(20) for word, label in (("good", "up"), ("bad", "down"))]


@pytest.fixture(scope="module")
def two_classifiers(make_home: Callable[[str], Path]) -> Path:
    home = make_home("two")
    workspace = open_workspace(home)
    dataset, _ = build_dataset(pd.DataFrame(ROWS, columns=["text", "label"]), ROLES)
    stored = workspace.datasets.save(dataset, name="Things", roles=ROLES)
    for name in ("Apples", "Pears"):
        settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
        list(
            train_classifier(
                TrainRequest(classifier=name, dataset=stored.id, model="ngrams", settings=settings), workspace
            )
        )
    return home


@pytest.fixture
def home(two_classifiers: Path, evergreen_home: Path) -> Path:
    shutil.copytree(two_classifiers, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def job(
    home: Path,
    classifier: str,
    *,
    kind: str = "train",
    number: int = 1,
    titled: dict[str, Any] | None = None,
    **progress: Any,
) -> str:
    """A job's folder as its process left it; without ``ended`` it is at work."""
    name = f"20260101-00000{number}-abc"
    folder = home / "jobs" / name
    folder.mkdir(parents=True)
    asked = {
        "kind": kind,
        "title": classifier,
        "classifier": classifier,
        "config": {},
        "created": f"2026-01-01T00:00:0{number}",
    }
    if titled is not None:
        asked |= {"title": "as it was asked for", "titled": titled}
    files.write_json(folder / files.JOB, asked)
    files.write_json(
        folder / files.CLAIM, {"queued": "2026-01-01", **identity(1 if "ended" in progress else os.getpid())}
    )
    files.write_json(folder / files.PROGRESS, progress)
    return name


def ended(
    state: str = "finished", *, version: int | None = 1, ago: timedelta = timedelta(0), **more: Any
) -> dict[str, Any]:
    when = (datetime.now(UTC) - ago).isoformat()
    result = None if version is None else {"version": version}
    return {"ended": state, "finished": when, "result": result, **more}


def told(at: AppTest) -> list[str]:
    return [str(toast.value) for toast in at.toast]


def lines(at: AppTest) -> list[str]:
    """What is told as new: it can be put away."""
    keys = [str(button.key) for button in at.sidebar.button]
    return [key.replace("close", "open") for key in keys if key.startswith("news.close.")]


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Pears: version 1 is ready"), ("zh", "“Pears”：版本 1 已完成")]
)
def test_a_job_that_ends_is_told_once_on_any_page(
    open_page: OpenPage, home: Path, language: str, sentence: str
) -> None:
    name = job(home, "Pears")
    at = open_page("data", language=language, classifier="Apples")
    assert told(at) == []
    files.write_json(home / "jobs" / name / files.PROGRESS, ended())
    at.run()
    assert told(at) == [sentence]
    assert lines(at) == [f"news.open.{name}"]
    at.run()
    assert told(at) == []
    assert lines(at) == [f"news.open.{name}"]  # until somebody opens it or puts it away
    at.sidebar.button(key=f"news.open.{name}").click().run()
    assert not at.exception
    assert at.selectbox(key="classifier").value == "Pears"
    assert at.selectbox(key="evaluate.version").value == 1
    assert lines(at) == []


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Settings for Things, N-gram bag"), ("zh", "为 Things 搜索设置（N 元词袋）")]
)
def test_a_title_is_told_in_the_readers_language_whatever_it_was_asked_for_in(
    open_page: OpenPage, home: Path, language: str, title: str
) -> None:
    job(home, "", kind="search", titled=titles("search.job", dataset="Things", model="ngrams")["titled"].to_dict())
    at = open_page("data", language=language, classifier="Apples")
    assert not at.exception
    assert [bar.proto.text.startswith(title) for bar in at.sidebar.get("progress")] == [True]


@pytest.mark.parametrize(
    ("language", "work", "wait"), [("en", "1 at work", "2 waiting"), ("zh", "1 项进行中", "2 项排队中")]
)
def test_what_waits_is_not_at_work(
    open_page: OpenPage, home: Path, monkeypatch: pytest.MonkeyPatch, language: str, work: str, wait: str
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    names = [job(home, "Pears", number=number) for number in (1, 2, 3)]
    for name in names[1:]:
        files.write_json(home / "jobs" / name / files.CLAIM, {"queued": "2026-01-01"})
    at = open_page("data", language=language, classifier="Apples")
    label = next(drawer.label for drawer in at.sidebar.expander if work in drawer.label)
    assert f":gray-badge[{wait}]" in label
    files.write_json(home / "jobs" / names[0] / files.PROGRESS, ended("stopped", version=None))
    at.run()
    assert not [drawer for drawer in at.sidebar.expander if work in drawer.label]
    said = [str(text.value) for text in open_page("overview", language=language, classifier="Pears").main.markdown]
    assert {"en": "waits for its turn", "zh": "正在排队"}[language] in " ".join(said)


@pytest.mark.parametrize("page", ["evaluate", "overview"])
def test_a_version_is_no_news_once_it_was_looked_at(open_page: OpenPage, home: Path, page: str) -> None:
    name = job(home, "Pears", **ended())
    at = open_page("data", classifier="Apples")
    assert lines(at) == [f"news.open.{name}"]
    at.switch_page(str(ROOT / "pages" / f"{page}.py")).run().run()
    assert lines(at) == [f"news.open.{name}"]  # that was another classifier's
    at.selectbox(key="classifier").set_value("Pears").run()
    at.run()
    assert not at.exception
    assert lines(at) == []


def test_an_update_is_no_news_once_its_page_was_open(open_page: OpenPage, home: Path) -> None:
    name = job(home, "Pears", kind="update", **ended())
    at = open_page("update", classifier="Pears")
    at.run()
    assert not at.exception
    assert lines(at) == []
    assert name in at.session_state["news.told"]


def test_what_ended_unseen_is_told_by_the_next_session_alone(open_page: OpenPage, home: Path) -> None:
    name = job(home, "Pears", **ended(ago=timedelta(hours=2)))
    job(home, "Pears", number=2, **ended(ago=timedelta(days=3)))
    at = open_page()
    assert len(told(at)) == 1
    at.sidebar.button(key=f"news.close.{name}").click().run()
    assert lines(at) == []
    assert lines(open_page()) == []


def test_a_failure_is_told_and_what_was_stopped_by_hand_is_not(open_page: OpenPage, home: Path) -> None:
    job(home, "Pears", **ended("failed", version=None))
    job(home, "Pears", number=2, **ended("stopped", version=None))
    assert told(open_page()) == ["Pears: ended without a result"]


def test_a_training_of_this_session_becomes_the_chosen_classifier(open_page: OpenPage, home: Path) -> None:
    name = job(home, "Pears")
    at = open_page("data", classifier="Apples")
    at.session_state["news.followed"] = {name}
    files.write_json(home / "jobs" / name / files.PROGRESS, ended())
    at.run()
    assert at.selectbox(key="classifier").value == "Pears"


def test_somebody_elses_training_changes_no_choice(open_page: OpenPage, home: Path) -> None:
    name = job(home, "Pears")
    at = open_page("data", classifier="Apples")
    files.write_json(home / "jobs" / name / files.PROGRESS, ended())
    at.run()
    assert at.selectbox(key="classifier").value == "Apples"


def runs_shown(at: AppTest) -> list[str]:
    return [str(text.value) for text in at.main.markdown if "version 1**" in str(text.value)]


def test_the_train_page_shows_the_run_of_the_chosen_classifier_alone(open_page: OpenPage, home: Path) -> None:
    job(home, "Pears", **ended())
    assert runs_shown(open_page("train", classifier="Apples")) == []
    at = open_page("train", classifier="Pears")
    assert runs_shown(at) == ["**Pears · version 1**"]


def test_the_run_of_a_deleted_classifier_is_shown_to_nobody(open_page: OpenPage, home: Path) -> None:
    job(home, "Pears", **ended())
    open_workspace(home).registry.delete("Pears")
    for at in (open_page("train"), open_page("train", classifier="Apples")):
        assert not at.exception
        assert runs_shown(at) == []
        assert "train.results" not in {button.key for button in at.main.button}


def test_a_running_training_of_a_new_classifier_is_found_again(open_page: OpenPage, home: Path) -> None:
    name = job(home, "Cherries")
    at = open_page("train", classifier="Apples")
    assert f"run.stop.{name}" in {button.key for button in at.main.button}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_link_to_no_classifier_says_so_and_offers_those_there_are(
    open_page: OpenPage, home: Path, language: str
) -> None:
    at = open_page("evaluate", language=language, classifier="Plums")
    assert "Plums" in at.warning[0].value
    assert "Apples" in at.warning[0].value  # which is shown instead
    at.main.button(key="unknown.open.Pears").click().run()
    assert not at.exception
    assert at.selectbox(key="classifier").value == "Pears"
    assert not any("Plums" in str(warning.value) for warning in at.warning)
    assert any(caption.value.startswith("Pears") for caption in at.main.caption)
