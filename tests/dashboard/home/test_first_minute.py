"""From a door on Home to a live text box: samples, a table of one's own, a table without labels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.store import DatasetStore
from core.jobs import Job, JobQueue
from core.jobs.files import EPOCHS
from core.jobs.worker import run_job
from core.registry.records import save_plan
from core.workflows.requests import TrainRequest
from core.workflows.train import ladder
from core.workflows.train.auto import RungDone
from core.workflows.train.ladder import Rung
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

OpenPage = Callable[..., AppTest]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])
SMALL = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
ROWS = "".join(f"{word} thing number {n},{label}\n" for n in range(30) for word, label in (("good", "a"), ("bad", "b")))
SETS = "".join(f"thing number {n},{'a|b' if n % 3 else 'a'}\n" for n in range(60))
TEXTS = "text\n" + "".join(f"thing number {n} came late\n" for n in range(30))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs wait for `run_job` here, and climb a ladder of one small model."""
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    monkeypatch.setattr(ladder, "RUNGS", (Rung("linear", "linear"), Rung("ngrams", "ngrams", SMALL)))


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


def words(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(text.value) for text in (*page.title, *page.header, *page.markdown, *page.caption))


def keys(page: AppTest) -> set[str]:
    return {str(button.key) for button in page.main.button}


def drop(page: AppTest, content: str, name: str = "shop.csv") -> AppTest:
    return page.file_uploader[0].upload(name, content.encode(), "text/csv").run()


def train(page: AppTest, queue: JobQueue) -> Job:
    page.button(key="home.train-button").click().run()
    assert not page.exception
    assert not page.error
    return queue.list()[0]


def first_version(workspace: Workspace, job: Job) -> None:
    """What a climb has done after its first rung, while it goes on."""
    request = TrainRequest(**{**job.config, "model": "ngrams", "settings": SMALL})
    list(train_classifier(request, workspace))
    score = {"value": 0.8, "low": 0.7, "high": 0.9}
    rung = RungDone("linear", "linear", version=1, score=score, serves=True, seconds=1.0, megabytes=0.1)
    line = json.dumps({**rung.__dict__, "answers_per_second": 100.0})
    (workspace.home / "jobs" / job.id / EPOCHS).write_text(f"{line}\n", encoding="utf-8")


def test_the_labels_stay_in_view_beside_texts_that_fill_a_phone(open_page: OpenPage, evergreen_home: Path) -> None:
    page = drop(open_page(), "text,label\n" + ROWS)
    assert not page.exception
    columns = json.loads(page.main.dataframe[0].proto.columns)
    assert (columns["label"]["pinned"], "pinned" in columns["text"]) == (True, False)


@pytest.mark.parametrize(("language", "first"), [("en", "reviews_en"), ("zh", "reviews_zh")])
def test_an_empty_workspace_has_three_doors_the_readers_language_first(
    open_page: OpenPage, language: str, first: str
) -> None:
    page = open_page(language=language)
    samples = [button for button in page.main.button if str(button.key).startswith("sample.")]
    assert samples[0].key == f"sample.{first}"
    assert [button.proto.type for button in samples] == ["primary", "secondary"]
    assert len(page.file_uploader) == 1
    assert any("data:image/svg+xml" in str(part.proto.body) for part in page.get("html"))


@BOTH
def test_a_click_on_a_sample_begins_a_training_and_waits_where_it_will_answer(
    open_page: OpenPage, evergreen_home: Path, queue: JobQueue, language: str
) -> None:
    page = open_page(language=language)
    page.button(key=f"sample.reviews_{language}").click().run()
    (job,) = queue.list()
    (saved,) = DatasetStore(evergreen_home).list()
    assert saved.synthetic
    assert (job.kind, job.config["model"], job.config["dataset"]) == ("train", "auto", saved.id)
    assert job.classifier == saved.name
    assert page.title[0].value == {"en": "Use", "zh": "使用"}[language]
    assert job.title in words(page)
    assert "first.training" in keys(page)


def test_once_a_version_answers_its_model_is_chosen_and_the_ladder_stands_beside_the_box(
    open_page: OpenPage, workspace: Workspace, queue: JobQueue
) -> None:
    other = save(workspace, reviews(60), "Other").id
    list(train_classifier(TrainRequest(classifier="Other", dataset=other, model="ngrams", settings=SMALL), workspace))
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    (job,) = queue.list()
    assert "first.training" in keys(page)  # and not the model that was chosen before
    first_version(workspace, job)
    page.run()
    assert page.session_state["classifier"] == "Product reviews"
    shown = words(page)
    assert "It waits for its turn" in shown  # no process has taken the job: what only waits is not at work
    assert "Linear n-grams" in shown
    assert "0.800 (0.700–0.900)" in shown
    assert "N-gram bag · next" in shown
    assert "use.others" in keys(page)  # the live box with its examples


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "until it answers, Other stays the chosen model"), ("zh", "在它能作答之前，选中的模型仍是“Other”")],
)
def test_while_another_model_is_chosen_the_page_says_whose_training_it_is(
    open_page: OpenPage, workspace: Workspace, queue: JobQueue, language: str, told: str
) -> None:
    other = save(workspace, reviews(60), "Other").id
    list(train_classifier(TrainRequest(classifier="Other", dataset=other, model="ngrams", settings=SMALL), workspace))
    page = open_page(language=language)
    page.button(key=f"sample.reviews_{language}").click().run()
    (job,) = queue.list()
    assert page.sidebar.selectbox(key="classifier").value == "Other"
    assert job.title in str(page.main.caption[0].value)
    assert told in str(page.main.caption[0].value)
    page.button(key="first.chosen").click().run()
    assert "first.training" not in keys(page)
    assert "Other" in str(page.main.caption[0].value)
    assert "use.others" in keys(page)


def test_who_chooses_another_model_meanwhile_is_left_with_it(
    open_page: OpenPage, workspace: Workspace, queue: JobQueue
) -> None:
    for name in ("One", "Two"):
        dataset = save(workspace, reviews(60, seed=len(name)), name).id
        request = TrainRequest(classifier=name, dataset=dataset, model="ngrams", settings=SMALL)
        list(train_classifier(request, workspace))
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    page.sidebar.selectbox(key="classifier").set_value("Two").run()
    assert "first.training" not in keys(page)
    assert page.title[0].value == "Use"
    assert "Two" in page.main.caption[0].value


def test_another_session_waits_for_a_first_training_too(open_page: OpenPage, queue: JobQueue) -> None:
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    other = open_page("use")
    assert "first.training" in keys(other)
    home = open_page()
    (job,) = queue.list()
    assert f"home.begun.{job.id}" in keys(home)
    home.button(key="sample.reviews_en").click().run()
    assert len(queue.list()) == 1  # it is at work already
    assert "first.training" in keys(home)


def test_a_sample_with_a_model_opens_it_at_once(open_page: OpenPage, workspace: Workspace, queue: JobQueue) -> None:
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    (job,) = queue.list()
    first_version(workspace, job)
    queue.stop(job.id)
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    assert page.title[0].value == "Use"
    assert "use.others" in keys(page)
    assert len(queue.list()) == 1


def test_a_training_that_fails_before_it_answers_says_why(
    open_page: OpenPage, evergreen_home: Path, queue: JobQueue
) -> None:
    page = open_page()
    page.button(key="sample.reviews_en").click().run()
    (job,) = queue.list()
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": job.classifier}}, evergreen_home)
    run_job(evergreen_home / "jobs" / job.id)
    page.run()
    assert any("only partly forgotten" in box.value for box in page.error)
    page.button(key=f"run.remove.{job.id}").click().run()
    assert not page.exception
    assert "first.training" not in keys(page)


@BOTH
def test_a_table_of_ones_own_is_seen_and_trained_on_with_one_more_click(
    open_page: OpenPage, evergreen_home: Path, queue: JobQueue, language: str
) -> None:
    page = drop(open_page(language=language), f"text,label\n{ROWS}")
    assert not page.exception
    assert len(page.dataframe[0].value) == 5
    assert "a 30 · b 30" in words(page)
    assert "**42**" in words(page)  # 70 per cent of the rows
    assert len([button for button in page.main.button if button.proto.type == "primary"]) == 1
    job = train(page, queue)
    (saved,) = DatasetStore(evergreen_home).list()
    assert (saved.name, saved.rows, saved.synthetic) == ("shop", 60, False)
    assert (job.title, job.config["dataset"], job.config["task"]) == ("shop", saved.id, "text_classification")
    assert "first.training" in keys(page)


def test_the_columns_can_be_put_right_before(open_page: OpenPage, evergreen_home: Path, queue: JobQueue) -> None:
    swapped = "review,label,kind\n" + "".join(f"thing number {n},{n % 2},{'ab'[n % 2]}\n" for n in range(40))
    page = drop(open_page(), swapped)
    label = next(box for box in page.main.selectbox if box.label == "Label")
    label.set_value("kind").run()
    assert "a 20 · b 20" in words(page)
    train(page, queue)
    (saved,) = DatasetStore(evergreen_home).list()
    assert saved.roles.label == "kind"


def test_rows_with_several_labels_get_a_model_that_gives_several(
    open_page: OpenPage, evergreen_home: Path, queue: JobQueue
) -> None:
    page = drop(open_page(), f"text,label\n{SETS}")
    assert not page.exception
    how = next(box for box in page.main.selectbox if box.label == "Labels of a text")
    how.select_index(next(place for place, option in enumerate(how.options) if "|" in option)).run()
    assert "a 60 · b 40" in words(page)
    assert train(page, queue).config["task"] == "multilabel_classification"


def test_a_name_that_is_taken_gets_a_number(open_page: OpenPage, queue: JobQueue) -> None:
    page = drop(open_page(), f"text,label\n{ROWS}")
    train(page, queue)
    page = drop(open_page(), f"text,label\n{ROWS}again and again,a\n")
    assert train(page, queue).classifier == "shop 2"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("text,label\nfine,a\nbad,b\n", "row"),
        ("text,label\n" + "".join(f"thing number {n},a\n" for n in range(15)), "same label"),
        ("text,label\n" + "".join(f"thing number {n},{n}x\n" for n in range(60)), "different labels"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_and_nothing_can_be_trained(
    open_page: OpenPage, queue: JobQueue, table: str, told: str
) -> None:
    page = drop(open_page(), table)
    if not page.error:  # no column of it was taken for labels
        next(box for box in page.main.selectbox if box.label == "Label").set_value("label").run()
    assert not page.exception
    assert any(told in box.value for box in page.error)
    assert "home.train-button" not in keys(page)


def test_one_label_alone_is_remarked_on(open_page: OpenPage) -> None:
    page = drop(open_page(), "text,label\n" + "".join(f"thing number {n},a\n" for n in range(40)))
    if "home.train-button" not in keys(page):
        next(box for box in page.main.selectbox if box.label == "Label").set_value("label").run()
    assert any("only one label" in box.value for box in page.warning)
    assert "home.train-button" in keys(page)


def test_texts_alone_lead_to_labelling(open_page: OpenPage, evergreen_home: Path) -> None:
    page = drop(open_page(), TEXTS)
    assert not page.error
    assert not page.info
    assert "home.answer" not in keys(page)  # nobody is there to answer
    page.button(key="home.label").click().run()
    assert not page.exception
    assert page.query_params["tab"] in ("labelling", ["labelling"])
    assert page.selectbox(key="label.texts_of").value == DatasetStore(evergreen_home).list()[0].id


def test_texts_alone_are_answered_by_a_model_that_is_there(open_page: OpenPage, workspace: Workspace) -> None:
    dataset = save(workspace, reviews(60), "Shop").id
    list(train_classifier(TrainRequest(classifier="Shop", dataset=dataset, model="ngrams", settings=SMALL), workspace))
    page = drop(open_page(), TEXTS)
    page.button(key="home.answer").click().run()
    assert not page.exception
    assert page.button(key="use.start").label == "Label 30 rows"
    assert len(open_page().file_uploader) == 1  # Home has let go of it
