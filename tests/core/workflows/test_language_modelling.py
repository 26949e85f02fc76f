"""A language model goes the way of every other model: trained, updated, judged, promoted, rolled back and served."""

from __future__ import annotations

import copy
import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from core.base.errors import ConfigError, DataError
from core.base.events import CheckpointDue
from core.cli.main import main
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.labelling.corrections import Corrections
from core.networks.causal.tokens import Vocabulary
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.serving.engines import predict_table
from core.serving.engines.pool import EnginePool
from core.tasks.language_modelling.engine import LanguageEngine
from core.workflows.bundle import write_bundle
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest, strategies_for
from core.workflows.train.estimate import check_request, estimate, prepare
from core.workflows.train.run import train_classifier
from core.workflows.update.outlook import outlook
from core.workflows.update.run import check_batch, update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.language_models import TASK, TINY, make_network


class Lived(NamedTuple):
    """A workspace, the reports of its three versions, and the checkpoints of the first training.

    Versions 2 and 3 are both made from the first, by replay and by fine-tuning; version 2 serves.
    """

    workspace: Workspace
    first: dict[str, Any]
    replayed: dict[str, Any]
    finetuned: dict[str, Any]
    states: list[dict[str, Any]]


def train(workspace: Workspace, dataset: str, settings: dict[str, Any] | None = None, **others: Any) -> list[Any]:
    asked = {**TINY, **(settings or {})}
    request = TrainRequest(classifier="Shop", dataset=dataset, task=TASK.name, model="causal", settings=asked)
    return list(train_classifier(request, workspace, **others))


def update(workspace: Workspace, dataset: str, strategy: str, **asked: Any) -> dict[str, Any]:
    values = {"settings": {"epochs": 1}, **asked}
    request = UpdateRequest(classifier="Shop", dataset=dataset, strategy=strategy, **values)
    *_, completed = update_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed.report


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def remembered(workspace: Workspace, number: int) -> list[str]:
    rows = folder(workspace, number).load_state()["memory"]["rows"]
    return [row[0] for kept in rows.values() for row in kept]


def dishes(names: str, numbers: int, repeated: tuple[str, ...] = ()) -> TextDataset:
    """Made-up praise of each dish, all different."""
    texts = tuple(f"{name}第{row}份，{'很好吃' if row % 3 else '太咸了'}。" for name in names for row in range(numbers))
    texts += repeated
    return TextDataset(texts, np.zeros(len(texts), dtype=np.int64), ("any",))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, new_store: Path) -> Lived:
    """The second dataset has new characters, and repeats texts of the first."""
    home = tmp_path_factory.mktemp("lived")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    first = dishes("饭面", 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.loop.CHECKPOINT_SECONDS", 0.0)
        patch.setattr("core.training.loop.CHECKPOINT_SHARE", 1e9)
        events = train(workspace, save(workspace, first, "first").id)
    states = [event.state for event in events if isinstance(event, CheckpointDue)]
    second = save(workspace, dishes("茶汤", 40, first.texts[:30]), "second").id
    replayed = update(workspace, second, "replay", promote="always")
    finetuned = update(workspace, second, "finetune", base_version=1)
    return Lived(workspace, events[-1].report, replayed, finetuned, states)


def test_a_version_is_all_there_and_serves_at_once(lived: Lived) -> None:
    path = folder(lived.workspace, 1).path
    files = {"model.safetensors", "model.onnx", "tokenizer.json", "config.json", "labels.json", "state.json"}
    assert files <= {file.name for file in path.iterdir()}
    first = lived.first
    assert (first["task"], first["model"], first["classes"]) == ("language_modelling", "causal", ["nats", "tokens"])
    assert first["parity"]["max_abs_diff"] < 1e-4
    assert len(first["epochs"]) == 2
    assert first["epochs"][1]["training_loss"] < first["epochs"][0]["training_loss"]
    assert first["baseline"]["method"] == "ngrams"
    assert first["baseline"]["report"]["perplexity"]["value"] > 1
    json.dumps(first, allow_nan=False)


def test_perplexity_is_that_of_the_answers_of_the_served_file(lived: Lived) -> None:
    version = folder(lived.workspace, 1)
    table = version.predictions(1)
    engine = LanguageEngine(version.path, threads=1)
    assert TASK.answers(engine.compute(list(table["text"])), engine.labels) == list(table["predicted"])
    nats, tokens = TASK.statistics(table["truth"], table["predicted"]).sum(axis=0)
    assert tokens == sum(len(text) + 1 for text in table["text"])  # single characters, and the end of each text
    measured = lived.first["overall"]["perplexity"]
    assert measured["value"] == pytest.approx(float(np.exp(nats / tokens)))
    assert measured["low"] < measured["value"] < measured["high"]


@pytest.mark.parametrize("made", ["replayed", "finetuned"])
def test_an_update_adds_a_row_and_a_column_and_forgetting_is_a_rise(lived: Lived, made: str) -> None:
    report = getattr(lived, made)
    matrix = report["perplexity_matrix"]
    assert [len(row) for row in matrix] == [2, 2]
    assert matrix[0] == [
        lived.first["overall"]["perplexity"]["value"],
        report["tests"][1]["before"]["perplexity"]["value"],
    ]
    assert matrix[1] == [test["report"]["perplexity"]["value"] for test in report["tests"]]
    assert matrix[1][1] < matrix[0][1]  # it learned what was new
    assert report["continual"]["forgetting"] == pytest.approx(matrix[1][0] - matrix[0][0])
    assert report["continual"]["backward_transfer"] == pytest.approx(matrix[0][0] - matrix[1][0])
    assert report["continual"]["plasticity"] == pytest.approx((matrix[0][0] + matrix[1][1]) / 2)
    low, high = report["continual_intervals"]["forgetting"]
    assert low < report["continual"]["forgetting"] < high
    assert report["parent"] == 1
    assert report["settings"]["embedding_size"] == TINY["embedding_size"]


def test_replay_forgets_less_than_fine_tuning(lived: Lived) -> None:
    assert lived.replayed["continual"]["forgetting"] < lived.finetuned["continual"]["forgetting"]


def test_frozen_tests_stay_and_nothing_learned_is_ever_tested(lived: Lived) -> None:
    workspace = lived.workspace
    before = folder(workspace, 1).predictions(1)["text"]
    version = folder(workspace, 2)
    assert list(version.predictions(1)["text"]) == list(before)
    tested = {text_key(text) for number in (1, 2) for text in version.predictions(number)["text"]}
    past = read_past(version, workspace)
    learned = {text_key(text) for part in (past.train, past.validation) for text in part[0]}
    assert not learned & tested
    repeated = set(before) & set(dishes("饭面", 40).texts[:30])
    assert repeated  # some of the repeated rows stand in the first test, and so were set aside
    assert lived.replayed["experiences"][1]["set_aside"] == len(repeated)


def test_the_memory_keeps_its_size_and_knows_both_datasets(lived: Lived) -> None:
    texts = remembered(lived.workspace, 2)
    assert len(texts) == lived.replayed["memory_rows"] == TINY["memory_size"]
    assert {text[0] for text in texts} == set("饭面茶汤")
    tests = [*folder(lived.workspace, 2).predictions(1)["text"], *folder(lived.workspace, 2).predictions(2)["text"]]
    assert not set(texts) & set(tests)


def test_of_labels_that_came_along_nothing_is_kept_or_said(workspace: Workspace) -> None:
    first, second = reviews(120), reviews(80, seed=1)
    texts = (*second.texts, *first.texts[:60])
    train(workspace, save(workspace, first, "first").id)
    batch = TextDataset(texts, np.zeros(len(texts), dtype=np.int64), ("other",))
    report = update(workspace, save(workspace, batch, "second").id, "replay")
    findings = {finding["key"] for finding in report["findings"]}
    assert "data.overlap_train" in findings
    assert "data.overlap_relabelled" not in findings
    drift = report["drift"]
    assert (drift["contradictions"]["contradictory"], drift["new_labels"]) == (0, {})
    assert set(folder(workspace, 2).predictions(1)["truth"]) == {""}
    past = read_past(folder(workspace, 2), workspace)
    assert (past.met.labels, set(past.train[1])) == (("",), {""})
    kept = json.dumps(folder(workspace, 2).load_state(), default=str)
    assert "positive" not in kept


def test_new_chinese_characters_get_tokens_in_an_update(lived: Lived) -> None:
    assert lived.first["segmentation"] == "characters"
    assert lived.replayed["vocabulary"] == lived.first["vocabulary"] + 2
    old, new = (folder(lived.workspace, number).load_pipeline() for number in (1, 2))
    assert old.encode(["茶很好"])[0] == [1, *new.encode(["很好"])[0]]
    assert sorted(new.encode(["茶汤"])[0]) == [lived.first["vocabulary"], lived.first["vocabulary"] + 1]
    assert new.encode(["饭很好吃"]) == old.encode(["饭很好吃"])


def test_an_interrupted_training_goes_on_to_the_same_version(lived: Lived, workspace: Workspace) -> None:
    dataset = save(workspace, dishes("饭面", 40), "first").id
    state = copy.deepcopy(lived.states[len(lived.states) // 2])
    resumed = train(workspace, dataset, resume=state)[-1].report
    assert resumed["overall"] == lived.first["overall"]
    told = ("epoch", "training_loss", "validation_loss", "validation_perplexity", "best")
    epochs = [[[epoch[name] for name in told] for epoch in report["epochs"]] for report in (resumed, lived.first)]
    assert epochs[0] == epochs[1]


def test_stopped_too_early_it_makes_no_version(workspace: Workspace) -> None:
    events = train(workspace, save(workspace, reviews(80)).id, should_stop=lambda: True)
    assert not any(isinstance(event, Completed) for event in events)
    assert workspace.registry.classifiers() == []
    assert [run.state for run in workspace.registry.runs("Shop")] == ["stopped"]


def copied(lived: Lived, home: Path) -> Workspace:
    """The same workspace again, for tests that change it."""
    shutil.copytree(lived.workspace.home, home, dirs_exist_ok=True)
    return open_workspace(home)


def test_versions_are_promoted_and_rolled_back(lived: Lived, evergreen_home: Path) -> None:
    workspace = copied(lived, evergreen_home)
    champion = workspace.registry.champion("Shop")
    assert champion is not None
    assert champion.number == 2
    perplexities = [float(version.summary["perplexity"]) for version in workspace.registry.versions("Shop")]
    reports = {1: lived.first, 2: lived.replayed, 3: lived.finetuned}
    numbers = [version.number for version in workspace.registry.versions("Shop")]
    expected = [reports[number]["overall"]["perplexity"]["value"] for number in numbers]
    assert perplexities == pytest.approx(expected, rel=1e-4)
    assert workspace.registry.rollback("Shop") == 1
    workspace.registry.promote("Shop", 3)
    assert workspace.registry.champion("Shop").number == 3  # type: ignore[union-attr]


def test_the_gate_lets_in_what_foresees_better_and_keeps_out_what_forgets(workspace: Workspace) -> None:
    known, other = dishes("饭面", 80), dishes("纸笔", 80)
    strange = tuple(text[::-1] for text in other.texts)
    train(workspace, save(workspace, known, "first").id, settings={"test_share": 0.3})
    good = update(workspace, save(workspace, other, "more").id, "replay", promote="gate", settings={"epochs": 4})
    assert [rule["judged"] for rule in good["gate"]["rules"] if rule["kind"] in ("older", "newest")] == [True, True]
    assert good["gate"]["promote"]
    assert workspace.registry.champion("Shop").number == 2  # type: ignore[union-attr]
    batch = save(workspace, TextDataset(strange, other.labels, other.classes), "strange").id
    bad = update(workspace, batch, "finetune", promote="gate", settings={"epochs": 8, "patience": 8})
    assert bad["continual"]["forgetting"] > 0
    assert not bad["gate"]["promote"]
    assert [rule["passed"] for rule in bad["gate"]["rules"] if rule["kind"] == "older"] == [False, False]
    assert workspace.registry.champion("Shop").number == 2  # type: ignore[union-attr]


def test_a_memory_of_nothing_keeps_no_text(lived: Lived, evergreen_home: Path) -> None:
    workspace = copied(lived, evergreen_home)
    batch = save(workspace, dishes("鱼", 40), "third").id
    report = update(workspace, batch, "finetune", settings={"epochs": 1, "memory_size": 0})
    assert report["memory_rows"] == 0
    assert remembered(workspace, 4) == []


def test_strategies_that_need_probabilities_of_labels_are_refused(lived: Lived) -> None:
    assert {"finetune", "replay", "joint"} <= set(strategies_for(TASK))
    assert not {"lwf", "der", "derpp", "ridge"} & set(strategies_for(TASK))
    dataset = lived.finetuned["experiences"][1]["dataset"]
    with pytest.raises(ConfigError, match="does not suit"):
        update(lived.workspace, dataset, "lwf")


def test_a_shape_that_does_not_fit_is_refused_before_anything_is_written(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="multiple of 6"):
        train(workspace, save(workspace, reviews(60)).id, settings={"heads": 3})
    assert (workspace.registry.classifiers(), workspace.registry.runs()) == ([], [])


def test_a_training_is_estimated_and_no_text_is_said_to_be_cut(workspace: Workspace) -> None:
    long = TextDataset(
        tuple(f"{number} " + "the lamp is lovely " * 200 for number in range(40)), np.zeros(40), ("any",)
    )
    dataset = save(workspace, long).id
    request = TrainRequest(classifier="Shop", dataset=dataset, task=TASK.name, model="causal", settings=TINY)
    prepared = prepare(request, workspace)
    assert prepared.cut == 0
    assert max(map(len, prepared.examples.ids)) > 300
    expected = estimate(request, workspace, prepared, budget=0.1)
    assert expected.parameters == make_network(len(Vocabulary(prepared.pipeline))).parameter_count()


def test_the_pool_and_the_api_answer(lived: Lived, evergreen_home: Path) -> None:
    workspace = copied(lived, evergreen_home)
    engine = EnginePool(2).get(workspace.registry.folder("Shop", 2))
    assert isinstance(engine, LanguageEngine)
    ((nats, tokens),) = engine.compute(["饭很好吃"]).tolist()
    token = KeyStore(workspace.home).create("test")
    with TestClient(create_app(workspace.home), headers={"Authorization": f"Bearer {token}"}) as client:
        asked = {"classifier": "Shop", "texts": ["饭很好吃", " "]}
        answered = client.post("/predict", json=asked).json()
        assert (answered["version"], answered["precision"]) == (2, "fp32")
        told, empty = answered["predictions"]
        assert told["values"] == {"nats": pytest.approx(nats, rel=1e-4), "tokens": tokens}
        assert told["answer"] == engine.write("饭很好吃")
        assert (told["label"], told["probabilities"], empty["answer"]) == (None, {}, None)
        versions = client.get("/classifiers/Shop/versions").json()["versions"]
        assert {frozenset(version["scores"]) for version in versions} == {frozenset({"perplexity"})}
        assert client.post("/feedback", json={"classifier": "Shop", "text": "饭", "label": "好"}).status_code == 422
    assert Corrections(workspace.home).list("Shop") == []


def test_a_table_tells_how_each_text_goes_on(lived: Lived, evergreen_home: Path) -> None:
    workspace = copied(lived, evergreen_home)
    engine = TASK.engine(workspace.registry.folder("Shop", 2))
    told = predict_table(engine, pd.DataFrame({"text": ["饭很好吃", "", "汤"]}), "text")
    assert list(told["predicted"]) == [engine.write("饭很好吃"), "", engine.write("汤")]
    assert told["value: tokens"].isna().tolist() == [False, True, False]


def test_a_bundle_writes_elsewhere_what_it_writes_here(lived: Lived, evergreen_home: Path, tmp_path: Path) -> None:
    workspace = copied(lived, evergreen_home)
    stored = workspace.registry.folder("Shop", 2)
    write_bundle(stored, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(program: str) -> subprocess.CompletedProcess[str]:
        asked = [sys.executable, program, "饭很", "汤"]
        return subprocess.run(
            asked, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, encoding="utf-8", check=False
        )

    written, labelled = run("write.py"), run("predict.py")
    assert written.stdout.splitlines() == [prompt + TASK.engine(stored).write(prompt) for prompt in ("饭很", "汤")]
    assert (labelled.returncode, labelled.stdout) == (2, "")
    assert "write.py" in labelled.stderr


def test_the_command_line_trains_updates_writes_lists_and_rolls_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workspace: Workspace
) -> None:
    def run(*arguments: str, code: int = 0) -> str:
        assert main(("generate", *arguments)) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    def columns(name: str, seed: int) -> list[str]:
        table = tmp_path / name
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text"], *([text] for text in reviews(60, seed=seed).texts)])
        return ["--name", "Shop", "--data", str(table), "--text", "text"]

    settings = ["--set", *(f"{name}={value}" for name, value in TINY.items())]
    trained = json.loads(run("train", *columns("first.csv", 0), *settings, "--json"))
    assert (trained["version"], trained["parent"], len(trained["R"]), len(trained["samples"])) == (1, None, 1, 3)
    assert trained["parity_max_abs_diff"] < 1e-4
    assert trained["R"] == [[trained["perplexity"]]]
    assert trained["baseline"]["perplexity"] > 1
    updated = json.loads(run("update", *columns("second.csv", 1), "--set", "epochs=1", "--json"))
    assert (updated["version"], updated["parent"], len(updated["R"])) == (2, 1, 2)
    assert updated["forgetting"]["perplexity"] == pytest.approx(updated["R"][1][0] - updated["R"][0][0])

    asked = ["sample", "--name", "Shop", "--prompt", "the lamp", "--count", "2", "--set", "temperature=0.7"]
    written = json.loads(run(*asked, "--json"))
    assert written["version"] == 2
    assert run(*asked).splitlines() == written["texts"]
    assert all(text.startswith("the lamp") for text in written["texts"])
    assert json.loads(run(*asked, "--version", "1", "--json"))["texts"] != written["texts"]
    listed = json.loads(run("list", "--json"))["generators"]
    assert {(entry["version"], entry["current"]) for entry in listed} == {(1, False), (2, True)}
    assert "* Shop   2  perplexity" in run("list")
    run("rollback", "--name", "Shop", "--version", "1")
    assert workspace.registry.champion("Shop").number == 1  # type: ignore[union-attr]

    assert "no version 4" in run("rollback", "--name", "Shop", "--version", "4", code=2)
    assert "0.1 … 2" in run("sample", "--name", "Shop", "--set", "temperature=9", code=2)
    assert "no setting 'nosuch'" in run("train", *columns("third.csv", 2), "--set", "nosuch=1", code=2)


def test_the_command_line_lets_only_language_models_write(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    dataset = save(workspace, reviews(60)).id
    list(train_classifier(TrainRequest(classifier="c", dataset=dataset, model="ngrams", settings=settings), workspace))
    assert main(("generate", "sample", "--name", "c")) == 2
    assert "no language model" in capsys.readouterr().err
    assert main(("generate", "list", "--json")) == 0
    assert json.loads(capsys.readouterr().out) == {"generators": []}


def test_the_general_commands_need_no_column_of_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workspace: Workspace
) -> None:
    def rows(seed: int) -> list[str]:
        table = tmp_path / f"{seed}.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text"], *([text] for text in reviews(60, seed=seed).texts)])
        return ["--data", str(table), "--text", "text", "--classifier", "Shop"]

    settings = ["--set", *(f"{name}={value}" for name, value in TINY.items())]
    assert main(["train", *rows(0), "--task", TASK.name, "--model", "causal", *settings]) == 0
    assert main(["evaluate", *rows(1)]) == 0
    assert main(["drift", *rows(1)]) == 0
    assert main(["update", *rows(1), "--strategy", "replay", "--set", "epochs=1"]) == 0
    capsys.readouterr()
    assert main(["train", *rows(0), "--model", "ngrams"]) == 2  # a classifier needs them
    assert "--label" in capsys.readouterr().err


def test_a_file_of_texts_is_stored_without_labels_and_teaches_no_classifier(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workspace: Workspace
) -> None:
    table, answers = tmp_path / "texts.csv", tmp_path / "answers.csv"
    table.write_text("text\n" + "".join(f"{text}\n" for text in reviews(60).texts), encoding="utf-8")
    assert main(["datasets", "save", "--data", str(table), "--text", "text", "--name", "Texts"]) == 0
    stored = workspace.datasets.find("Texts")
    assert (stored.classes, stored.labelled) == ({"": 60}, False)
    settings = ["--set", *(f"{name}={value}" for name, value in TINY.items())]
    assert main(["train", "--dataset", "Texts", "--classifier", "c", "--model", "ngrams"]) == 2
    assert "These texts have no labels" in capsys.readouterr().err
    request = TrainRequest(classifier="c", dataset=stored.id, model="ngrams")
    with pytest.raises(DataError, match="These texts have no labels"):
        check_request(request, workspace)
    asked = ["--dataset", "Texts", "--classifier", "Shop", "--task", TASK.name, "--model", "causal", *settings]
    assert main(["train", *asked]) == 0
    capsys.readouterr()
    assert main(["predict", "--classifier", "Shop", "--data", str(table), "--text", "text", "--out", str(answers)]) == 0
    assert "60 rows answered by version 1" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="does not suit this model"):
        update(workspace, stored.id, "lwf")


def test_a_classifier_does_not_learn_from_texts_alone(workspace: Workspace) -> None:
    settings = {"epochs": 1, "buckets": 1024, "embedding_size": 16}
    first = save(workspace, reviews(60)).id
    asked = TrainRequest(classifier="Shop", dataset=first, model="ngrams", settings=settings)
    list(train_classifier(asked, workspace))
    texts = TASK.as_read(reviews(60, seed=1))
    version = folder(workspace, 1)
    with pytest.raises(DataError, match="These texts have no labels"):
        check_batch(texts, version, read_past(version, workspace))
    with pytest.raises(DataError, match="These texts have no labels"):
        update(workspace, save(workspace, texts).id, "finetune")


def test_the_outlook_of_an_update_knows_its_networks(lived: Lived) -> None:
    assert outlook(folder(lived.workspace, 1), "replay", {"epochs": 1}).needs_past is False


def test_all_versions_of_a_model_are_for_the_same_task(lived: Lived, evergreen_home: Path) -> None:
    workspace = lived.workspace
    dataset = save(workspace, reviews(60)).id
    before = len(workspace.registry.versions("Shop"))
    request = TrainRequest(classifier="Shop", dataset=dataset, model="ngrams")
    for refused in (lambda: list(train_classifier(request, workspace)), lambda: check_request(request, workspace)):
        with pytest.raises(ConfigError, match="another task, language_modelling"):
            refused()
    assert len(workspace.registry.versions("Shop")) == before
