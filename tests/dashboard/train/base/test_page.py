"""The Pretrain page through the entry: nothing yet, a run that is asked for, an encoder with its figures, the way to Train."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import JobQueue
from core.training.pretraining import read_record
from core.training.pretraining.record import write_record
from core.workflows.pretrain.request import PretrainRequest
from core.workflows.pretrain.run import pretrain_encoder
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

TINY: dict[str, Any] = {"embedding_size": 16, "hidden_size": 32, "layers": 1, "heads": 2, "max_length": 16, "epochs": 2}


@pytest.fixture(scope="module")
def learned(make_home: Callable[[str], Path]) -> Path:
    """A workspace with one own encoder, measured on a labelled set."""
    home = make_home("learned")
    workspace = open_workspace(home)
    dataset = save(workspace, reviews(100), "first *reviews*").id
    for _ in pretrain_encoder(PretrainRequest(name="Shop", dataset=dataset, probe=dataset, settings=TINY), workspace):
        pass
    return home


@pytest.fixture
def workspace(learned: Path, evergreen_home: Path) -> Path:
    shutil.copytree(learned, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(part.value) for part in parts)


def test_without_data_it_leads_to_the_data_page(open_page: Callable[..., AppTest]) -> None:
    page = open_page("train", "base")
    assert not page.exception
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.data"]


def test_starting_asks_the_queue_for_exactly_that(
    evergreen_home: Path, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)  # it shall wait, not run
    dataset = save(open_workspace(evergreen_home), reviews(80), "shop.csv").id
    page = open_page("train", "base")
    assert "tokens a round" in shown(page)
    page.slider(key="pretrain.scratch.epochs").set_value(3)
    page.button(key="pretrain.go").click().run()
    assert not page.exception
    (job,) = queue.list()
    assert (job.kind, job.title, job.state) == ("pretrain", "shop", "queued")
    assert (job.config["dataset"], job.config["probe"], job.config["start"]) == (dataset, dataset, "scratch")
    assert (job.config["settings"]["epochs"], job.config["settings"]["layers"]) == (3, 2)


def test_going_on_has_no_shape_and_settings_of_its_own(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("train", "base")
    page.session_state["pretrain.kind"] = "continued"
    page.run()
    assert not page.exception
    assert "own:Shop" in page.selectbox(key="pretrain.base").proto.options or any(
        "Shop" in option for option in page.selectbox(key="pretrain.base").options
    )
    keys = {str(slider.key) for slider in page.slider}
    assert "pretrain.continued.epochs" in keys
    assert not any(key.endswith(".layers") for key in keys)


def test_a_name_that_is_taken_is_explained_beside_the_button(
    workspace: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("train", "base")
    page.text_input(key="pretrain.name").set_value("Shop")
    page.button(key="pretrain.go").click().run()
    assert "There is an encoder called 'Shop' already" in page.error[0].value
    assert JobQueue(workspace).list() == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("verdict", ["better", "worse", "noise"])
def test_an_encoder_says_whether_it_helped(
    workspace: Path, open_page: Callable[..., AppTest], language: str, verdict: str
) -> None:
    folder = workspace / "encoders" / "own" / "Shop"
    record = read_record(folder)
    assert record is not None
    record["probe"]["verdict"] = verdict
    record["probe"]["macro_f1"]["difference"] = {"value": 0.031, "low": 0.002, "high": 0.06}
    write_record(folder, record)
    page = open_page("train", "base", language=language)
    assert not page.exception
    words = {"better": ("It helped", "有帮助"), "worse": ("It did harm", "有害"), "noise": ("within noise", "随机波动")}
    assert words[verdict][language == "zh"] in shown(page)
    assert "+3.1" in shown(page)
    assert r"first \*reviews\*" in shown(page)


def test_without_a_probe_or_a_record_it_says_so(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    folder = workspace / "encoders" / "own" / "Shop"
    record = read_record(folder)
    assert record is not None
    write_record(folder, record | {"probe": None})
    assert "was not measured" in shown(open_page("train", "base"))
    (folder / "pretraining.json").unlink()
    page = open_page("train", "base")
    assert not page.exception
    assert "Nothing is written down" in shown(page)


def test_the_way_to_train_brings_the_encoder_along(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("train", "base")
    page.button(key="pretrain.use").click().run()
    assert not page.exception
    assert page.session_state["train.model"] == "encoder"
    assert page.session_state["train.settings.encoder"] == "own:Shop"
