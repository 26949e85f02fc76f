"""The three tiles of the Train page: chosen one at a time, with a score that was measured or none, and Start right below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import JobQueue
from core.networks.pretrained.packaged import PACKAGED
from core.statistics.intervals import Estimate
from core.workflows.train import ladder
from core.workflows.train.expected import Expected
from core.workflows.train.ladder import Rung
from core.workflows.workspace import Workspace, open_workspace
from dashboard.parts.forms.foresight import Outlook
from tests.core.conftest import reviews, save
from tests.dashboard.conftest import wait
from tests.encoders import tiny_encoder

OpenPage = Callable[..., AppTest]
RUNGS = (Rung("linear", "linear"), Rung("ngrams", "ngrams"), Rung("frozen", "encoder", {"tuning": "frozen"}))
MISSING = "Left out"  # of the plan, where there is no encoder


@pytest.fixture(autouse=True)
def _waiting_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    monkeypatch.setattr(ladder, "RUNGS", RUNGS)


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


@pytest.fixture
def dataset(workspace: Workspace) -> str:
    return save(workspace, reviews(200), "Shop").id


def captions(page: AppTest) -> list[str]:
    assert not page.exception
    tiles = page.radio(key="train.tile")
    return [str(caption) for caption in tiles.proto.captions]


def measured(page: AppTest, word: str) -> AppTest:
    """Run the page until the score of the fast tile is there."""
    wait(lambda: word in captions(page.run())[0])
    return page


@pytest.mark.parametrize(("tile", "minutes"), [("fast", 0.5), ("balanced", 2.0), ("best", 10.0)])
def test_a_tile_is_auto_with_its_time(
    open_page: OpenPage, dataset: str, queue: JobQueue, tile: str, minutes: float
) -> None:
    page = open_page("train")
    assert page.radio(key="train.tile").value == "balanced"
    page.radio(key="train.tile").set_value(tile).run()
    assert page.select_slider(key="train.auto.minutes").value == minutes
    page.button(key="train.start").click().run()
    (job,) = queue.list()
    assert (job.config["model"], job.config["settings"]["minutes"]) == ("auto", minutes)


def test_what_is_chosen_under_customise_is_no_tile_and_a_tile_leads_back(open_page: OpenPage, dataset: str) -> None:
    page = open_page("train")
    page.pills(key="train.model").set_value("ngrams").run()
    assert page.radio(key="train.tile").value is None
    assert any("Chosen under Customise: N-gram bag" in caption.value for caption in page.caption)
    page.radio(key="train.tile").set_value("fast").run()
    assert page.pills(key="train.model").value == "auto"
    page.select_slider(key="train.auto.minutes").set_value(30.0).run()
    assert page.radio(key="train.tile").value is None
    page.select_slider(key="train.auto.minutes").set_value(10.0).run()
    assert page.radio(key="train.tile").value == "best"


@pytest.mark.parametrize(
    ("language", "working", "word", "basis"),
    [
        ("en", "measuring", "Accuracy about", "validation rows, after learning from the"),
        ("zh", "测量中", "准确率约", "条验证行上为"),
    ],
)
def test_the_score_is_measured_and_said_what_it_stands_on(
    open_page: OpenPage, dataset: str, language: str, working: str, word: str, basis: str
) -> None:
    page = open_page("train", language=language)
    assert working in captions(page)[0] or word in captions(page)[0]
    measured(page, word)
    assert any(basis in caption.value for caption in page.caption)
    assert working not in "".join(captions(page))


def foreseen(monkeypatch: pytest.MonkeyPatch, outlook: Outlook) -> None:
    monkeypatch.setattr("dashboard.parts.forms.foresight.look", lambda *_, **__: outlook)


def test_a_gain_is_told_only_where_there_is_an_encoder(
    open_page: OpenPage, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreseen(monkeypatch, Outlook())
    monkeypatch.setattr("dashboard.train.ladder.missing_encoder", lambda _: "")
    told = captions(open_page("train"))
    assert ["usually" in caption for caption in told] == [False, True, True]
    monkeypatch.setattr("dashboard.train.ladder.missing_encoder", lambda _: MISSING)
    page = open_page("train")
    assert not any("usually" in caption for caption in captions(page))
    assert not any("public tables" in caption.value for caption in page.caption)


@pytest.mark.parametrize(("score", "told"), [(0.6, "0 to 10 points"), (0.96, "0 to 4 points"), (0.995, "")])
def test_no_more_gain_is_told_than_there_is_room(
    open_page: OpenPage, dataset: str, monkeypatch: pytest.MonkeyPatch, score: float, told: str
) -> None:
    expected = Expected("accuracy", Estimate(score, score, score), 50, 140, complete=True, seconds=1.0)
    foreseen(monkeypatch, Outlook(expected=expected))
    monkeypatch.setattr("dashboard.train.ladder.missing_encoder", lambda _: "")
    balanced = captions(open_page("train"))[1]
    assert told in balanced
    assert ("usually" in balanced) == bool(told)


def test_nothing_is_measured_beside_a_run(open_page: OpenPage, dataset: str, queue: JobQueue) -> None:
    queue.submit("train", title="Other", classifier="Other", config={"model": "auto", "task": "text_classification"})
    page = open_page("train")
    assert "measuring" not in "".join(captions(page))
    assert any("no score is measured beforehand" in caption.value for caption in page.caption)


def test_a_table_that_will_not_do_says_so_in_place_of_a_score(open_page: OpenPage, workspace: Workspace) -> None:
    save(workspace, reviews(4), "Tiny")
    page = open_page("train")
    wait(lambda: bool(captions(page.run())) and "measuring" not in captions(page)[0])
    assert "about" not in captions(page)[0]
    assert not page.exception


def test_the_encoder_is_timed_when_asked(
    open_page: OpenPage, dataset: str, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: None)
    workspace.sources.encoders.add("own", tiny_encoder(tmp_path / "own"))
    page = measured(open_page("train"), "Accuracy about")
    wait(lambda: "train.time_encoders" in {button.key for button in page.run().button})
    assert "up to 3 models" in captions(page)[1]
    page.button(key="train.time_encoders").click().run()
    wait(lambda: "3 models" in captions(page.run())[1] and "up to" not in captions(page)[1])
    assert "train.time_encoders" not in {button.key for button in page.button}
