"""Home and Overview tell what *Auto* may still have for a model, with the way to get there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import files
from core.registry import Registry, promote
from core.workflows.requests import TrainRequest
from core.workflows.train.auto import RungDone
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

OpenPage = Callable[..., AppTest]
NAME = "Shop *reviews*"
POOR = {"epochs": 1, "embedding_size": 8, "buckets": 1024, "learning_rate": 0.0001}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A model that was trained twice on one table: version 1 serves and is poor, version 2 is good."""
    workspace = open_workspace(make_home("made"))
    dataset = save(workspace, reviews(400), "Shop").id
    for model, settings in (("ngrams", POOR), ("linear", {})):
        request = TrainRequest(classifier=NAME, dataset=dataset, model=model, settings=settings)
        list(train_classifier(request, workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def climbed(home: Path, *rungs: dict[str, Any], ended: str = "finished") -> str:
    """The folder of an *Auto* training that has ended with these rungs."""
    folder = home / "jobs" / "20260101-000001-abc"
    folder.mkdir(parents=True)
    config = {"model": "auto", "task": "text_classification", "classifier": NAME}
    asked = {"kind": "train", "title": NAME, "classifier": NAME, "config": config, "created": "2026-01-01T00:00:01"}
    files.write_json(folder / files.JOB, asked)
    files.write_json(folder / files.CLAIM, {"queued": "2026-01-01", "pid": 1})
    done = {"ended": ended, "finished": "2026-01-01T00:02:00+00:00", "result": {"version": 1}}
    files.write_json(folder / files.PROGRESS, done)
    lines = [json.dumps(RungDone(**rung).to_dict()) for rung in rungs]
    (folder / files.EPOCHS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder.name


def rung(name: str, version: int | None, *, serves: bool = False, left_out: str = "") -> dict[str, Any]:
    why = {"key": left_out, "text": "{needed} {left}", "facts": {"needed": 300, "left": 9}} if left_out else None
    score = {"value": 0.8, "low": 0.7, "high": 0.9} if version else None
    return {"rung": name, "model": name, "version": version, "serves": serves, "left_out": why, "score": score}


def words(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(text.value) for text in (*page.main.markdown, *page.main.caption)).replace("\\", "")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Auto had no time for “Pretrained encoder, fine-tuned”."),
        ("zh", "自动训练没有时间尝试“预训练编码器，微调”；"),
    ],
)
def test_models_that_auto_had_no_time_for_are_told_with_the_way_to_them(
    open_page: OpenPage, home: Path, language: str, told: str
) -> None:
    promote(Registry(home), NAME, 2, how="test")
    left = [rung("tuned", None, left_out="auto.no_time"), rung("blend", None, left_out="auto.no_time")]
    climbed(home, rung("linear", 2, serves=True), *left)
    assert told in words(open_page(language=language))
    page = open_page("overview", language=language)
    assert told in words(page)
    page = open_page("overview")
    page.button(key="ahead-button").click().run()
    assert not page.exception
    assert page.title[0].value == "Train"
    assert page.text_input(key="train.name").value == NAME  # another version of the same model


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Version 2, which Auto made later, is"), ("zh", "自动训练后来得到的版本 2 在同样的测试上好")],
)
def test_a_better_version_of_a_later_ladder_is_told_with_the_way_to_it(
    open_page: OpenPage, home: Path, language: str, told: str
) -> None:
    job = climbed(home, rung("linear", 2, serves=True))
    page = open_page("overview", language=language)
    assert told in words(page)
    assert told in words(open_page(language=language))  # now that both are known on the same tests
    page = open_page("overview")
    page.button(key="ahead-button").click().run()
    assert page.session_state["train.job"] == job
    assert "**Linear n-grams** · Version 2" in words(page)


def test_nothing_is_told_of_what_was_tried_or_has_served(open_page: OpenPage, home: Path) -> None:
    climbed(home, rung("ngrams", 1, serves=True), rung("tuned", None, left_out="auto.blend_no_gain"))
    assert "ahead-button" not in [button.key for button in open_page("overview").main.button]


def test_what_a_stopped_ladder_did_not_come_to_is_told(open_page: OpenPage, home: Path) -> None:
    promote(Registry(home), NAME, 2, how="test")
    climbed(home, rung("linear", 2, serves=True), ended="stopped")
    assert "“Pretrained encoder, kept as it is”, “N-gram bag”, “Pretrained encoder, fine-tuned”" in words(
        open_page("overview")
    )
