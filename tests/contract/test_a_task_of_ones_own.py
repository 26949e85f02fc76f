"""A task that nobody else knows of goes all the way: it is declared here, and nothing is edited anywhere.

How many words does a text have? A number is computed of each text, by regression; targets are digits.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.base.errors import ConfigError, DataError
from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.jobs import JobQueue
from core.jobs.kinds import KINDS
from core.networks.standalone.pipeline import TextPipeline
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.statistics.additive import Score, Statistics
from core.tasks import TASKS
from core.tasks.answering import Baseline
from core.tasks.base import Criterion, Task
from core.workflows.bundle import write_bundle
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train import ladder
from core.workflows.train.auto import Climbed, train
from core.workflows.train.ladder import Rung
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parent.parent.parent
FAST = {"epochs": 6, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.05, "batch_size": 8}
ERROR = Score(
    "mean_error", lambda sums: sums[..., 0] / sums[..., 1], largest=math.inf, higher_is_better=False
)  # in words


class WordCount(Task):
    """How many words a text has."""

    name = "word_count"
    label = "Number of words"
    help = "The column of targets holds a whole number for each text."
    scores = (ERROR,)

    def check(self, targets: Sequence[str]) -> None:
        wrong = next((target for target in targets if not target.isdigit()), None)
        if wrong is not None:
            raise DataError("word_count.number", "'{target}' is no whole number.", target=wrong)

    def stratum(self, target: str) -> str:
        return "long" if int(target) > 6 else "short"

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        return ("words",)

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> NDArray[Any]:
        return np.array([float(target) for target in targets], dtype=np.float32)

    def criterion(self, config: Any, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        return lambda values, truth: (values[:, 0] - truth).square().mean()

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        return {"mean_error": float(np.abs(outputs[:, 0] - targets).mean())}

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        return [str(max(0, round(float(value)))) for value in values[:, 0]]

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        errors = [abs(int(target) - int(answer)) for target, answer in zip(truth, answers, strict=True)]
        return np.stack([np.array(errors, dtype=np.float64), np.ones(len(errors))], axis=1)

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        middle = str(round(float(np.median([int(target) for target in targets]))))
        return Baseline("always the median", lambda texts: [middle] * len(texts))


@pytest.fixture(autouse=True)
def _task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, WordCount.name, WordCount())


@pytest.fixture
def workspace(evergreen_home: Path, new_store: Path) -> Workspace:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return open_workspace(evergreen_home)


def texts(rows: int, seed: int, *, least: int = 1, most: int = 12) -> TextDataset:
    """Texts of so many made-up words; their number as the target."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(least, most + 1, rows)
    words = ("lamp", "kettle", "phone", "chair", "bag", "灯", "好", "book")
    made = tuple(
        " ".join([f"{row}x{seed}", *generator.choice(words, length - 1).tolist()]) for row, length in enumerate(lengths)
    )
    targets = [str(length) for length in lengths.tolist()]
    classes = tuple(sorted(set(targets)))
    return TextDataset(made, np.array([classes.index(target) for target in targets]), classes)


def saved(workspace: Workspace, dataset: TextDataset, name: str) -> str:
    roles = ColumnRoles(text="text", label="words")
    return workspace.datasets.save(dataset, name=name, roles=roles).id


def trained(workspace: Workspace, **asked: Any) -> Completed:
    dataset = saved(workspace, texts(240, 0), "first")
    request = TrainRequest(
        classifier="Counter", dataset=dataset, model="ngrams", task="word_count", settings=FAST, **asked
    )
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def updated(workspace: Workspace, strategy: str, **asked: Any) -> Completed:
    dataset = saved(workspace, texts(200, 1, least=8, most=20), "longer texts")
    request = UpdateRequest(classifier="Counter", dataset=dataset, strategy=strategy, **asked)
    *_, completed = update_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def test_training_measures_by_the_tasks_own_score_beside_its_own_baseline(workspace: Workspace) -> None:
    report = trained(workspace).report
    folder = VersionFolder(workspace.registry.folder("Counter", 1))
    table = folder.predictions(1)
    errors = (table["truth"].astype(int) - table["predicted"].astype(int)).abs()
    measured = report["overall"]["mean_error"]
    assert measured["value"] == pytest.approx(errors.mean())
    assert measured["low"] < measured["value"] < measured["high"]
    assert measured["value"] < report["baseline"]["report"]["mean_error"]["value"]
    assert report["baseline"]["method"] == "always the median"
    assert report["task"] == folder.task.name == "word_count"
    assert report["mean_error_matrix"] == [[measured["value"]]]
    assert "accuracy" not in report["overall"]
    assert report["parity"]["max_abs_diff"] < 1e-4  # of thousands of words, added up in another order
    assert report["epochs"][0].keys() >= {"validation_mean_error", "validation_loss"}
    assert workspace.registry.champion("Counter").number == 1  # type: ignore[union-attr]


def test_auto_climbs_by_its_own_score_of_which_less_is_better(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"linear", "ngrams", "tuned"} <= {rung.name for rung in ladder.rungs_for(TASKS["word_count"])}
    idle = Rung("idle", "ngrams", {**FAST, "epochs": 1, "learning_rate": 1e-5})
    monkeypatch.setattr(ladder, "RUNGS", (idle, Rung("ngrams", "ngrams", FAST), Rung("linear", "linear")))
    dataset = saved(workspace, texts(240, 0), "first")
    request = TrainRequest(classifier="Counter", dataset=dataset, task="word_count")
    *_, climbed = train(request, workspace)
    assert isinstance(climbed, Climbed)
    assert [rung.version for rung in climbed.ladder] == [1, 2, 3]
    best = 0
    for number, rung in enumerate(climbed.ladder[1:], start=1):
        assert rung.score is not None
        assert rung.gain is not None
        before = climbed.ladder[best].score["value"]  # type: ignore[index]
        # A score without an upper end gains shares of what it was.
        assert rung.gain["value"] == pytest.approx((before - rung.score["value"]) / before)
        assert rung.gain["low"] <= rung.gain["value"] <= rung.gain["high"]
        assert rung.serves == (rung.gain["low"] > 0)
        best = number if rung.serves else best
    assert climbed.ladder[1].serves
    assert workspace.registry.champion("Counter").number == climbed.version == best + 1  # type: ignore[union-attr]


@pytest.mark.parametrize("strategy", ["finetune", "replay", "der", "si", "joint"])
def test_updates_are_judged_on_old_and_new_tests(workspace: Workspace, strategy: str) -> None:
    trained(workspace)
    report = updated(workspace, strategy).report
    matrix = report["mean_error_matrix"]
    assert len(matrix) == 2
    assert None not in matrix[1]
    assert matrix[0][0] is not None
    forgetting = report["continual"]["forgetting"]
    assert forgetting == pytest.approx(matrix[1][0] - matrix[0][0])  # a larger error is what forgetting looks like
    older, newest = report["tests"]
    for test in (older, newest):
        change = test["difference"]["mean_error"]
        assert change["low"] <= change["value"] <= change["high"]
    gain = newest["before"]["mean_error"]["value"] - newest["report"]["mean_error"]["value"]
    assert newest["difference"]["mean_error"]["value"] == pytest.approx(-gain)
    assert gain > 0  # it has learned longer texts
    assert report["gate"]["promote"] is not None
    assert {change["name"] for change in report["gate_evidence"]["labels"]} == {"long", "short"}
    assert report["drift"]["tests"]
    assert workspace.registry.versions("Counter")[-1].summary["mean_error"] == report["overall"]["mean_error"]["value"]


def test_a_line_goes_on_is_promoted_and_rolled_back(workspace: Workspace) -> None:
    trained(workspace)
    updated(workspace, "finetune", promote="always")
    dataset = saved(workspace, texts(160, 2), "third")
    request = UpdateRequest(classifier="Counter", dataset=dataset, strategy="replay", promote="always")
    *_, completed = update_classifier(request, workspace)
    report = completed.report
    assert len(report["mean_error_matrix"]) == 3
    assert report["continual_intervals"]["forgetting"] is not None  # every row's worth to every version is known
    assert report["continual"]["forward_transfer"] is not None
    assert workspace.registry.champion("Counter").number == 3  # type: ignore[union-attr]
    assert workspace.registry.rollback("Counter", 1) == 1


def test_a_strategy_that_needs_labels_is_refused_with_those_that_fit(workspace: Workspace) -> None:
    trained(workspace)
    with pytest.raises(ConfigError, match="replay"):
        updated(workspace, "lwf")


def test_targets_that_are_no_numbers_are_refused(workspace: Workspace) -> None:
    wrong = TextDataset(("a b", "c"), np.array([0, 1]), ("1", "two"))
    request = TrainRequest(
        classifier="Counter", dataset=saved(workspace, wrong, "wrong"), model="ngrams", task="word_count"
    )
    with pytest.raises(DataError, match="no whole number"):
        list(train_classifier(request, workspace))


def test_a_bundle_runs_by_itself(workspace: Workspace, tmp_path: Path) -> None:
    trained(workspace)
    folder = workspace.registry.folder("Counter", 1)
    write_bundle(folder, tmp_path / "counter.zip")
    with zipfile.ZipFile(tmp_path / "counter.zip") as archive:
        archive.extractall(tmp_path / "counter")
    printed = subprocess.run(
        [sys.executable, str(tmp_path / "counter" / "predict.py"), "lamp bag chair"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    value = float(printed.split("\t")[0].removeprefix("words="))
    assert str(round(value)) == VersionFolder(folder).task.answers(np.array([[value]]), ("words",))[0]
    assert "mean_error" in (tmp_path / "counter" / "model_card.md").read_text("utf-8")


def test_the_api_answers_with_what_the_task_says(workspace: Workspace) -> None:
    trained(workspace)
    token = KeyStore(workspace.home).create("test")
    with TestClient(create_app(workspace.home), headers={"Authorization": f"Bearer {token}"}) as client:
        asked = {"classifier": "Counter", "texts": ["lamp bag chair", " "]}
        told, empty = client.post("/predict", json=asked).json()["predictions"]
        assert told["answer"] == str(max(0, round(told["values"]["words"])))
        assert (told["label"], told["probabilities"]) == (None, {})
        assert empty["answer"] is None
        wrong = {"classifier": "Counter", "text": "lamp bag", "label": "2"}
        fed = client.post("/feedback", json=wrong).json()
        assert fed["queued"] == (fed["predicted"] != "2")
        assert client.post("/feedback", json={**wrong, "label": "two"}).status_code == 422
        (version,) = client.get("/classifiers/Counter/versions").json()["versions"]
        assert version["scores"].keys() == {"mean_error"}


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_line_trains_updates_predicts_and_lists(
    evergreen_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, made in enumerate((texts(240, 0), texts(200, 1, least=8, most=20))):
        table = pd.DataFrame({"text": made.texts, "words": made.label_names()})
        table.to_csv(tmp_path / f"{number}.csv", index=False)
    rows = ("--text", "text", "--label", "words", "--classifier", "Counter", "--json")
    settings = ("--set", *(f"{name}={value}" for name, value in FAST.items()))
    task = ("--task", "word_count", "--model", "ngrams")
    first = told(capsys, "train", "--data", str(tmp_path / "0.csv"), *rows, *task, *settings)
    assert first["mean_error"] < first["baseline"]["mean_error"]
    second = told(capsys, "update", "--data", str(tmp_path / "1.csv"), *rows, "--strategy", "replay")
    assert len(second["R"]) == 2
    assert second["tests"][1]["after"] < second["tests"][1]["before"]
    measured = told(capsys, "evaluate", "--data", str(tmp_path / "1.csv"), *rows)
    assert measured["mean_error"] > 0
    out = tmp_path / "out.csv"
    words = (
        "predict",
        "--classifier",
        "Counter",
        "--data",
        str(tmp_path / "0.csv"),
        "--text",
        "text",
        "--out",
        str(out),
    )
    assert main(words) == 0
    capsys.readouterr()
    answered = pd.read_csv(out)
    assert (answered["predicted"] == answered["value: words"].round().clip(lower=0)).all()
    listed = told(capsys, "versions", "--classifier", "Counter", "--json")
    assert [version["mean_error"] is not None for version in listed["versions"]] == [True, True]


# -- the pages

OpenPage = Callable[..., AppTest]


def shown(page: AppTest) -> str:
    """All that stands on a page in words."""
    assert not page.exception, page.exception
    assert not page.error, [element.value for element in page.error]
    kinds = ("markdown", "caption", "metric", "header", "subheader", "title", "success", "info", "warning")
    parts = [element for kind in kinds for element in page.get(kind)]
    return "\n".join(f"{getattr(part, 'label', '')} {part.value}" for part in parts)


@pytest.fixture
def updated_counter(workspace: Workspace) -> Workspace:
    trained(workspace)
    updated(workspace, "replay")
    return workspace


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_serves_it(
    open_page: OpenPage, updated_counter: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)  # a process of its own would not know this task
    for name in ("overview", "train", "evaluate", "use", "update"):
        page = open_page(name, language=language, classifier="Counter")
        words = shown(page)
        assert words
        if name in ("overview", "evaluate"):
            assert "Mean error" in words


def test_train_asks_for_what_only_this_task_has_and_starts_it(
    open_page: OpenPage, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)
    saved(workspace, texts(240, 0), "first")
    page = open_page("train")
    page.selectbox(key="train.task").set_value("word_count").run()
    page.pills(key="train.model").set_value("ngrams").run()
    page.text_input(key="train.name").set_value("Counter").run()
    assert not page.exception
    with pytest.raises(KeyError):
        page.slider(key="train.settings.label_smoothing")  # a setting of classifiers
    page.button(key="train.start").click().run()
    (job,) = JobQueue(workspace.home).list()
    assert (job.config["task"], job.config["model"]) == ("word_count", "ngrams")
    *_, completed = KINDS["train"](job.config, workspace.home, should_stop=lambda: False, resume=None)
    assert completed.report["task"] == "word_count"


def test_evaluate_shows_where_it_is_farthest_off(open_page: OpenPage, updated_counter: Workspace) -> None:
    page = open_page("evaluate", "farthest", classifier="Counter")
    assert not page.exception
    heads = [str(part.proto.body) for part in page.get("html") if "error-head'>" in str(part.proto.body)]
    facts = [re.findall(r"<b>([^<]+)</b>", head) for head in heads]
    errors = [float(error) for _, _, error in facts]
    assert len(errors) == 10
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == abs(int(facts[0][0]) - int(facts[0][1]))
