"""The Write page through the entry: nothing yet, a generator that writes, a run that is asked for, rolling back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.generation.store import GeneratorStore
from core.jobs import JobQueue
from core.workflows.generate.request import GenerateRequest
from core.workflows.generate.run import generate
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

TINY: dict[str, Any] = {
    "embedding_size": 16,
    "hidden_size": 32,
    "layers": 1,
    "heads": 2,
    "vocabulary_size": 500,
    "epochs": 2,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one generator of one version."""
    home = tmp_path_factory.mktemp("trained")
    workspace = open_workspace(home)
    dataset = save(workspace, reviews(80), "first *reviews*").id
    for _ in generate(GenerateRequest(generator="Shop", dataset=dataset, settings=TINY), workspace):
        pass
    return home


@pytest.fixture
def workspace(trained: Path, evergreen_home: Path) -> Path:
    """A copy of it, with a second version that only differs in what its report says."""
    import shutil

    shutil.copytree(trained, evergreen_home, dirs_exist_ok=True)
    store = GeneratorStore(evergreen_home)
    with store.incoming("Shop") as folder:
        shutil.copytree(store.folder("Shop", 1), folder, dirs_exist_ok=True)
        report = json.loads((folder / "report.json").read_text("utf-8"))
        score = report["tests"][0]["score"]
        report |= {"parent": 1, "before": score, "tests": [*report["tests"], {**report["tests"][0], "experience": 2}]}
        report["learned"] = [*report["learned"], {**report["learned"][0], "experience": 2, "name": "second"}]
        report["perplexity_matrix"] = [[50.0, 80.0], [57.0, 40.0]]
        report["bits_per_character_matrix"] = [[2.0, 3.0], [2.25, 1.5]]
        report["forgetting"] = {"perplexity": 7.0, "bits_per_character": 0.25}
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
        store.publish("Shop", folder)
    return evergreen_home


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(part.value) for part in parts)


def test_without_data_it_leads_to_the_data_page(open_page: Callable[..., AppTest]) -> None:
    page = open_page("write")
    assert not page.exception
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.data"]


def test_with_data_and_no_generator_it_offers_sizes_with_their_parameters(
    evergreen_home: Path, open_page: Callable[..., AppTest]
) -> None:
    save(open_workspace(evergreen_home), reviews(80))
    page = open_page("write")
    assert not page.exception
    sizes = page.radio(key="write.size").options
    assert len(sizes) == 3
    assert "227,000" in sizes[0]
    assert page.button(key="write.start").proto.type == "primary"


def test_starting_asks_the_queue_for_exactly_that(
    evergreen_home: Path, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)  # it shall wait, not run
    dataset = save(open_workspace(evergreen_home), reviews(80)).id
    page = open_page("write")
    page.text_input(key="write.name").set_value("Shop voice")
    page.slider(key="write.learn.epochs").set_value(3)
    page.button(key="write.start").click().run()
    assert not page.exception
    (job,) = queue.list()
    assert (job.kind, job.title, job.state) == ("generate", "Shop voice", "queued")
    assert job.config["dataset"] == dataset
    assert (job.config["action"], job.config["size"]) == ("train", "tiny")
    assert job.config["settings"]["epochs"] == 3
    assert any(button.key == f"run.stop.{job.id}" for button in page.button)


def test_a_bad_name_is_explained_beside_the_button(evergreen_home: Path, open_page: Callable[..., AppTest]) -> None:
    save(open_workspace(evergreen_home), reviews(80))
    page = open_page("write")
    page.text_input(key="write.name").set_value("../out")
    page.button(key="write.start").click().run()
    assert "cannot be called" in page.error[0].value
    assert JobQueue(evergreen_home).list() == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_generator_says_what_it_is_and_what_it_forgot(
    workspace: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    page = open_page("write", language=language)
    assert not page.exception
    report = GeneratorStore(workspace).report("Shop")
    said = shown(page)
    assert f"{report['parameters']:,}" in said
    assert "\\*reviews\\*" in said
    assert ("makes things up" in said or "made up" in said) if language == "en" else "都是编的" in said
    assert "+7.0" in [metric.value for metric in page.metric]
    assert any("7.00" in str(part.value) for part in page.markdown)


def test_it_continues_a_beginning_and_writes_something_else_each_time(
    workspace: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("write")
    texts = []
    for _ in range(3):
        page.text_area(key="write.prompt").set_value("the lamp_is ")
        page.button(key="write.go").click().run()
        assert not page.exception
        texts.append(next(str(part.value) for part in page.markdown if str(part.value).startswith("the lamp\\_is")))
    assert len(set(texts)) > 1
    assert "seed 2" in shown(page)


def test_an_update_begins_with_the_settings_of_its_base(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("write")
    assert page.radio(key="write.action").value == "update"
    assert page.slider(key="write.update.Shop.2.epochs").value == TINY["epochs"]
    assert "learned this dataset already" in shown(page)
    page.radio(key="write.action").set_value("train").run()
    assert not page.exception
    assert page.text_input(key="write.name").value == ""


def test_rolling_back_moves_the_pointer(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("write")
    page.button(key="write.rollback.1").click().run()
    assert not page.exception
    assert GeneratorStore(workspace).info("Shop").current == 1
    assert "version 1:" in shown(page)
    assert any(button.key == "write.rollback.2" for button in page.button)


def test_bits_per_character_are_a_second_matrix(workspace: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("write")
    page.button_group(key="write.figure").set_value("bits_per_character").run()
    assert not page.exception
    assert "+0.25" in shown(page)
