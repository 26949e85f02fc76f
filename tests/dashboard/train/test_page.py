"""The Train page: what the form means, a real run from the click to its verdict, and clumsy clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.loading.samples import save_sample
from core.jobs import JobQueue
from core.networks.architectures import MODELS
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace
from dashboard.train.meaning import read_tokens, token_chips
from tests.dashboard.conftest import open_tab, wait

OpenPage = Callable[..., AppTest]


@pytest.fixture
def dataset(evergreen_home: Path) -> str:
    """Eighty short texts of two labels."""
    rows = [
        (f"{word} thing number {number}", label)
        for number in range(40)
        for word, label in (("good", "up"), ("bad", "down"))
    ]
    roles = ColumnRoles("text", "label")
    found, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    return open_workspace(evergreen_home).datasets.save(found, name="Things", roles=roles).id


def with_model(at: AppTest) -> AppTest:
    """Choose a model, which shows its settings."""
    return at.pills(key="train.model").set_value("ngrams").run()


def quick(at: AppTest) -> AppTest:
    """Set the smallest training that the form allows."""
    with_model(at)
    at.slider(key="train.settings.epochs").set_value(1)
    at.slider(key="train.settings.embedding_size").set_value(8)
    return at.run()


def estimated(at: AppTest) -> AppTest:
    """Run the page until its estimate is there."""
    wait(lambda: at.run().metric[0].value != "…")
    return at


def test_without_a_dataset_the_way_leads_to_data(open_page: OpenPage) -> None:
    at = open_page("train")
    assert at.button(key="empty.data").label == "Get a dataset"


@pytest.mark.parametrize(
    ("language", "time_label", "start"), [("en", "Learning time", "Start training"), ("zh", "学习时间", "开始训练")]
)
def test_the_form_says_what_it_means(
    open_page: OpenPage, dataset: str, language: str, time_label: str, start: str
) -> None:
    at = estimated(with_model(open_page("train", language=language)))
    assert not at.exception
    assert not at.error
    assert at.metric[0].label == time_label
    assert int(at.metric[1].value.replace(",", "")) > 1000
    assert at.button(key="train.start").label == start
    assert at.selectbox(key="train.preview_text").options


def test_the_name_follows_the_dataset_until_somebody_types(open_page: OpenPage, dataset: str) -> None:
    at = open_page("train")
    assert at.text_input(key="train.name").value == "Things"
    at.text_input(key="train.name").set_value("Mine").run()
    assert at.run().text_input(key="train.name").value == "Mine"


def test_a_typed_name_stays_whatever_table_is_chosen_afterwards(
    open_page: OpenPage, dataset: str, evergreen_home: Path
) -> None:
    other = save_sample(open_workspace(evergreen_home).datasets, "reviews_en")
    at = open_page("train")
    at.selectbox(key="train.dataset").set_value(dataset).run()
    at.text_input(key="train.name").set_value(other.name).run()  # as the other table is called
    for chosen in (other.id, dataset):
        at.selectbox(key="train.dataset").set_value(chosen).run()
        assert at.text_input(key="train.name").value == other.name


def test_a_preset_sets_the_sliders_and_is_left_by_moving_one(open_page: OpenPage, dataset: str) -> None:
    at = with_model(open_page("train"))
    at.segmented_control(key="train.preset").set_value("thorough").run()
    thorough = MODELS["ngrams"].presets["thorough"]["epochs"]
    assert at.slider(key="train.settings.epochs").value == thorough
    at.slider(key="train.settings.epochs").set_value(thorough - 1).run()
    assert at.segmented_control(key="train.preset").value is None
    at.pills(key="train.model").set_value("bilstm").run()
    assert at.segmented_control(key="train.preset").value == "standard"
    assert at.slider(key="train.settings.hidden_size").value == 128


@pytest.mark.parametrize("name", ["", "  ", "a/b", 'say "hi"'])
def test_a_name_that_will_not_do_is_refused_before_anything_starts(
    open_page: OpenPage, dataset: str, queue: JobQueue, name: str
) -> None:
    at = open_page("train")
    at.text_input(key="train.name").set_value(name).run()
    at.button(key="train.start").click().run()
    assert len(at.error) == 1
    assert not at.exception
    assert queue.list() == []


def test_settings_that_do_not_fit_together_are_explained(open_page: OpenPage, dataset: str, queue: JobQueue) -> None:
    at = open_page("train")
    at.pills(key="train.model").set_value("transformer").run()
    at.slider(key="train.settings.heads").set_value(7).run()
    at.button(key="train.start").click().run()
    assert "7 heads" in at.error[0].value
    assert queue.list() == []


def test_a_run_from_the_click_to_its_verdict(open_page: OpenPage, dataset: str, queue: JobQueue) -> None:
    at = quick(open_page("train"))
    at.button(key="train.start").click().run()
    assert not at.exception
    (job,) = queue.list()
    assert job.config["settings"]["epochs"] == 1
    assert at.button(key=f"run.stop.{job.id}").label == "Stop"

    # a second one waits, the very same one is not taken twice
    at.button(key="train.start").click().run()
    assert len(queue.list()) == 1
    at.number_input(key="train.settings.seed").set_value(1).run()
    at.button(key="train.start").click().run()
    second = queue.list()[0]
    if second.state == "queued":  # unless the first was done in the meantime
        open_tab(at, "train", "runs")
        at.run()
        at.button(key=f"runs.leave.{second.id}").click().run()
        assert not at.exception
        assert [known.id for known in queue.list()] == [job.id]
        open_tab(at, "train", "new")

    # a new session, as after a reload, finds the run again; in the other language, too
    fresh = open_page("train", language="zh")
    assert not fresh.exception
    wait(lambda: queue.get(job.id).ended)
    at.run()
    assert queue.get(job.id).state == "finished"
    boxes = [*at.success, *at.info, *at.warning]
    assert any("baseline" in box.value for box in boxes)
    at.button(key="train.results").click().run()
    assert at.title[0].value == "Evaluate"
    assert at.selectbox(key="classifier").value == "Things"
    assert at.selectbox(key="evaluate.version").value == 1


def test_tokens_beyond_the_longest_text_are_marked_and_text_is_escaped() -> None:
    from core.networks.text import TextConfig, fit_pipeline

    pipeline = fit_pipeline(["one two three <b> four five six seven eight nine"], TextConfig(max_length=8, windows=1))
    tokens, limit = read_tokens(pipeline, "one two three <b> four five six seven")
    assert (len(tokens), limit) == (10, 8)
    shown = token_chips(tokens, limit)
    assert shown.count("line-through") == 2
    assert "<b>" not in shown
    assert "&lt;" in shown


def test_the_sample_in_the_readers_language_is_offered_first(open_page: OpenPage, evergreen_home: Path) -> None:
    english, chinese = (
        save_sample(open_workspace(evergreen_home).datasets, name) for name in ("reviews_en", "reviews_zh")
    )
    assert open_page("train", language="en").selectbox(key="train.dataset").value == english.id
    assert open_page("train", language="zh").selectbox(key="train.dataset").value == chinese.id


def test_the_table_of_the_model_in_the_link_is_offered_first_until_another_is_picked(
    open_page: OpenPage, dataset: str, evergreen_home: Path
) -> None:
    request = TrainRequest(classifier="Things", model="linear", dataset=dataset)
    list(train_classifier(request, open_workspace(evergreen_home)))
    sample = save_sample(open_workspace(evergreen_home).datasets, "reviews_en")
    assert open_page("train").selectbox(key="train.dataset").value == sample.id  # nobody asked for a model
    assert open_page("data", "quality", classifier="Things").selectbox(key="quality.dataset").value == dataset
    at = open_page("train", classifier="Things")
    assert at.selectbox(key="train.dataset").value == dataset
    at.selectbox(key="train.dataset").set_value(sample.id).run()
    assert at.run().selectbox(key="train.dataset").value == sample.id


def test_a_model_that_exists_gets_one_version_or_with_auto_several(
    open_page: OpenPage, dataset: str, evergreen_home: Path
) -> None:
    request = TrainRequest(classifier="Things", model="linear", dataset=dataset)
    list(train_classifier(request, open_workspace(evergreen_home)))
    at = open_page("train")
    for model, words in (("auto", "from version 2 on"), ("linear", "becomes its version 2")):
        at.pills(key="train.model").set_value(model).run()
        assert [caption.value for caption in at.caption if words in caption.value]
