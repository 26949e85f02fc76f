"""Several labels a text through the real workflow: training, updates in steps, what serves, forgetting."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from starlette.testclient import TestClient

from core.base.errors import ConfigError, DataError
from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_sets import labels_of, target_of
from core.data.dataset.rows import TextDataset
from core.networks.standalone.predict import Classifier
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.tasks import TASKS
from core.workflows.bundle import write_bundle
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest, strategies_for
from core.workflows.search.request import SearchRequest
from core.workflows.search.run import search_settings
from core.workflows.train.auto import Climbed
from core.workflows.train.auto import train as climb
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.encoders import tiny_encoder

TASK = TASKS["multilabel_classification"]
WORDS = {"service": "waiter", "food": "soup", "price": "bill", "noise": "music", "view": "window"}
ROLES = ColumnRoles("text", "labels", separator="|")
EXACT = {"random_features": "none", "ridge_penalty": 1.0}


def visits(rows: int, seed: int, labels: tuple[str, ...]) -> TextDataset:
    """Texts that name a thing for each of their labels, and none where they have none."""
    generator = np.random.default_rng(seed)
    texts, targets = [], []
    for row in range(rows):
        has = [label for label in labels if generator.random() < 0.35]
        fill = generator.choice(["table", "street", "friends", "evening"], 3).tolist()
        words = [*fill, *(WORDS[label] for label in has), f"visit{seed}x{row}"]
        texts.append(" ".join(generator.permutation(words).tolist()))
        targets.append(target_of(has))
    classes = tuple(sorted(set(targets)))
    return TextDataset(tuple(texts), np.array([classes.index(target) for target in targets]), classes)


def saved(workspace: Workspace, dataset: TextDataset, name: str = "visits") -> str:
    return workspace.datasets.save(dataset, name=name, roles=ROLES).id


def trained(
    workspace: Workspace, model: str = "linear", labels: tuple[str, ...] = ("food", "price", "service"), **asked: Any
) -> Completed:
    dataset = saved(workspace, visits(400, 0, labels))
    request = TrainRequest(classifier="Visits", dataset=dataset, model=model, task=TASK.name, **asked)
    *_, completed = train_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def updated(workspace: Workspace, dataset: TextDataset, strategy: str, **asked: Any) -> Completed:
    request = UpdateRequest(classifier="Visits", dataset=saved(workspace, dataset, "batch"), strategy=strategy, **asked)
    *_, completed = update_classifier(request, workspace)
    assert isinstance(completed, Completed)
    return completed


def folder(workspace: Workspace, number: int = 1) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Visits", number))


def test_a_version_tells_all_and_its_file_ends_in_a_probability_a_label(workspace: Workspace) -> None:
    report = trained(workspace).report
    own = folder(workspace)
    assert report["classes"] == ["food", "price", "service"]
    assert report["overall"]["macro_f1"]["value"] > 0.95
    assert report["overall"]["ranking_precision"]["value"] > 0.95
    assert report["baseline"]["method"] == "one_vs_rest"
    assert report["macro_f1_matrix"] == [[report["overall"]["macro_f1"]["value"]]]
    assert report["parity"]["max_abs_diff"] < 1e-5
    assert report["epochs"][0].keys() >= {"validation_macro_f1", "validation_micro_f1", "validation_loss"}
    assert onnx.load(str(own.path / "model.onnx")).graph.node[-1].op_type == "Sigmoid"
    engine = own.task.engine(own.path)
    both, none = engine.compute(["waiter soup table", "street evening"])
    assert both[[0, 2]].min() > 0.5
    assert both.sum() > 1.2  # no distribution
    assert own.task.read(engine, np.stack([both, none])) == ["food|service", "|"]
    assert len(own.thresholds or ()) == 3
    assert report["calibration"]["test_rows"] == report["overall"]["rows"]
    assert "food, price, service" in (own.path / "model_card.md").read_text("utf-8")


def test_answers_are_read_with_the_thresholds_that_are_stored(workspace: Workspace) -> None:
    trained(workspace)
    own = folder(workspace)
    table = own.predictions(1)
    values = table[["p_0", "p_1", "p_2"]].to_numpy()
    expected = [target_of(np.array(own.outputs)[row].tolist()) for row in values >= np.array(own.thresholds) - 1e-6]
    assert table["predicted"].tolist() == expected
    own.save_thresholds(np.array([0.999999, 0.0, 0.999999]))
    engine = Classifier(own.path)
    assert own.task.read(engine, engine.compute(["nothing at all"])) == ["price"]


@pytest.mark.parametrize("model", ["ngrams", "transformer", "bilstm", "hashed"])
def test_other_models_learn_it_too(workspace: Workspace, model: str) -> None:
    small = {
        "ngrams": {"buckets": 1024, "embedding_size": 16, "epochs": 8, "learning_rate": 0.05, "batch_size": 16},
        "transformer": {
            "embedding_size": 16,
            "layers": 1,
            "heads": 2,
            "epochs": 4,
            "batch_size": 16,
            "learning_rate": 0.01,
        },
        "bilstm": {
            "embedding_size": 16,
            "hidden_size": 16,
            "layers": 1,
            "epochs": 4,
            "batch_size": 16,
            "learning_rate": 0.02,
        },
        "hashed": {"epochs": 4},
    }[model]
    known = TASK.networks()[model].config_class.model_fields.keys()
    settings = {
        name: value
        for name, value in small.items()
        if name in known or name in ("epochs", "batch_size", "learning_rate")
    }
    report = trained(workspace, model, settings=settings).report
    assert report["parity"]["max_abs_diff"] < 1e-4
    assert report["overall"]["macro_f1"]["value"] > 0.5


@pytest.mark.parametrize(
    ("tuning", "strategy"), [("frozen", "ridge"), ("full", "finetune"), ("lora", "der"), ("contrastive", "replay")]
)
def test_a_pretrained_encoder_learns_and_updates_it(
    workspace: Workspace, tmp_path: Path, tuning: str, strategy: str
) -> None:
    encoder = f"folder:{tiny_encoder(tmp_path / 'encoder')}"
    settings = {
        "encoder": encoder,
        "tuning": tuning,
        "epochs": 1,
        "batch_size": 16,
        "max_length": 16,
        "memory_size": 20,
    }
    report = trained(workspace, "encoder", ("food", "price"), strategy=strategy, settings=settings).report
    assert report["parity"]["max_abs_diff"] < 1e-4
    report = updated(workspace, visits(120, 1, ("food", "noise")), strategy).report
    assert report["classes"] == ["food", "price", "noise"]
    assert report["parity"]["max_abs_diff"] < 1e-4
    assert None not in report["macro_f1_matrix"][1]


def test_labels_that_arrive_in_three_steps_are_learned_exactly_by_ridge_regression(workspace: Workspace) -> None:
    trained(workspace, "hashed", ("food", "price"), strategy="ridge", settings=EXACT)
    second = updated(workspace, visits(300, 1, ("food", "price", "noise")), "ridge", promote="always", settings=EXACT)
    third = updated(workspace, visits(300, 2, ("view", "noise", "food")), "ridge", promote="always", settings=EXACT)
    report = third.report
    assert second.report["classes"] == ["food", "price", "noise"]
    assert report["classes"] == ["food", "price", "noise", "view"]
    matrix = report["macro_f1_matrix"]
    assert [len(row) for row in matrix] == [3, 3, 3]
    assert matrix[1][1] > matrix[0][1] + 0.2  # type: ignore[operator]
    assert min(matrix[2]) > 0.9  # type: ignore[type-var]
    assert report["continual"]["forgetting"] == pytest.approx(
        np.mean([max(matrix[0][0], matrix[1][0]) - matrix[2][0], matrix[1][1] - matrix[2][1]]),
        abs=1e-9,  # type: ignore[operator,type-var]
    )
    assert report["continual_intervals"]["forgetting"] is not None
    assert {change["name"] for change in report["gate_evidence"]["labels"]} == {"food", "price", "noise"}
    assert any("new to the model" in str(finding) for finding in report["findings"])
    forgotten = report["per_class_forgetting"]
    assert forgotten.keys() == {"food", "price", "noise", "view"}
    assert forgotten["view"] is None  # no older test has it
    assert all(abs(forgotten[label]) < 0.2 for label in ("food", "price", "noise"))
    # All rows at once give the same head.
    from core.workflows.learn.learners import make_strategy
    from core.workflows.requests import resolve_update
    from core.workflows.versions.past import read_past

    own = folder(workspace, 3)
    settings, config = resolve_update("hashed", own.settings, "ridge", EXACT, TASK)
    strategy: Any = make_strategy("ridge", config, settings)
    strategy.restore(own.load_state())
    texts, targets = read_past(own, workspace).train
    learner = own.load_learner()
    from core.networks.text import encode_examples

    examples = encode_examples(learner.pipeline, texts, TASK.encode(targets, own.outputs))
    assert strategy.refit_difference(learner.model, examples) < 1e-8
    before = strategy.learned().rows
    gone = encode_examples(learner.pipeline, texts[:5], TASK.encode(targets[:5], own.outputs))
    assert strategy.forget(learner.model, gone) > 0
    assert strategy.learned().rows == before - 5
    wrong = encode_examples(learner.pipeline, texts[:1], TASK.encode(["|"], own.outputs))
    for _ in range(before):
        try:
            strategy.forget(learner.model, wrong)
        except DataError as error:
            assert "never learned" in str(error)  # noqa: PT017
            break
    else:
        raise AssertionError("rows that were never learned could be taken away for ever")


def test_replay_keeps_rows_of_rare_labels(workspace: Workspace) -> None:
    dataset = visits(400, 0, ("food", "price"))
    names = dataset.label_names()
    names[:12] = [target_of([*labels_of(name), "view"]) for name in names[:12]]
    classes = tuple(sorted(set(names)))
    dataset = replace(dataset, labels=np.array([classes.index(name) for name in names]), classes=classes)
    request = TrainRequest(
        classifier="Visits",
        dataset=saved(workspace, dataset),
        model="linear",
        task=TASK.name,
        strategy="replay",
        settings={"memory_size": 40},
    )
    list(train_classifier(request, workspace))
    kept = folder(workspace).load_state()["memory"]["rows"]
    learned = folder(workspace).rows_of(1, "train")
    rare = sum(1 for row in learned if "view" in labels_of(names[row]))
    assert len(kept["view"]) == rare > 5
    report = updated(workspace, visits(200, 3, ("food", "price")), "replay").report
    assert report["tests"][0]["before"]["macro_f1"]["value"] > 0.6
    assert report["gate"]["promote"] is not None


def test_a_label_in_another_spelling_is_named(workspace: Workspace) -> None:
    trained(workspace, labels=("food", "price"))
    batch = visits(200, 3, ("food", "price"))
    other = replace(batch, classes=tuple(name.replace("food", "Food") for name in batch.classes))
    findings = [str(finding) for finding in updated(workspace, other, "replay").report["findings"]]
    assert any("Food → food" in finding for finding in findings)


def test_only_strategies_that_need_no_single_label_are_offered(workspace: Workspace) -> None:
    offered = strategies_for(TASK)
    assert {"finetune", "replay", "ridge", "joint", "der"} <= set(offered)
    assert not {"ncm", "slda", "lwf", "ewc"} & set(offered)
    trained(workspace)
    with pytest.raises(ConfigError, match="ridge"):
        updated(workspace, visits(200, 1, ("food",)), "slda")


def test_auto_climbs_for_it(workspace: Workspace) -> None:
    request = TrainRequest(
        classifier="Visits",
        dataset=saved(workspace, visits(300, 0, ("food", "price", "service"))),
        task=TASK.name,
        settings={"minutes": 0.5, "encoder": "packaged:none"},
    )
    *_, climbed = climb(request, workspace)
    assert isinstance(climbed, Climbed)
    assert climbed.ladder[0].rung == "linear"
    assert climbed.ladder[0].score is not None
    assert climbed.report["overall"]["macro_f1"]["value"] > 0.9


def test_a_bundle_prints_the_labels_of_a_text(workspace: Workspace, tmp_path: Path) -> None:
    trained(workspace)
    write_bundle(folder(workspace).path, tmp_path / "visits.zip")
    with zipfile.ZipFile(tmp_path / "visits.zip") as archive:
        archive.extractall(tmp_path / "visits")
    texts = ["waiter soup table", "street evening"]
    command = [sys.executable, str(tmp_path / "visits" / "predict.py"), *texts]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert set(printed[0].split("\t")[0].split(", ")) == {"food", "service"}
    assert printed[1].split("\t") == ["-", "-", texts[1]]


def test_the_api_answers_with_labels_and_takes_corrections(workspace: Workspace) -> None:
    trained(workspace)
    token = KeyStore(workspace.home).create("test")
    with TestClient(create_app(workspace.home), headers={"Authorization": f"Bearer {token}"}) as client:
        asked = {"classifier": "Visits", "texts": ["waiter soup table", " ", "street evening"]}
        both, empty, none = client.post("/predict", json=asked).json()["predictions"]
        assert set(both["labels"]) == {"food", "service"}
        assert both["probabilities"].keys() == {"food", "price", "service"}
        assert (both["label"], both["answered"]) == (None, True)
        assert (empty["labels"], empty["answered"], empty["probabilities"]) == ([], False, {})
        assert (none["labels"], none["answered"]) == ([], True)
        right = client.post("/feedback", json={"classifier": "Visits", "text": "waiter soup", "label": "service|food"})
        assert right.json()["queued"] is False
        wrong = client.post("/feedback", json={"classifier": "Visits", "text": "waiter soup", "label": "price | food"})
        assert (wrong.json()["queued"], wrong.json()["label"]) == (True, "food|price")
        nothing = client.post("/feedback", json={"classifier": "Visits", "text": "waiter soup", "label": "|"})
        assert (nothing.json()["queued"], nothing.json()["label"]) == (True, "|")
        strange = client.post("/feedback", json={"classifier": "Visits", "text": "waiter soup", "label": "Food|prise"})
        assert (strange.status_code, strange.json()["error"]["known"]) == (422, ["food", "price", "service"])
        assert "'prise' is not a label" in strange.json()["error"]["message"]
        assert client.post("/feedback", json={"classifier": "Visits", "text": "soup", "label": " "}).status_code == 422


def test_what_needs_one_label_says_so(workspace: Workspace) -> None:
    dataset = saved(workspace, visits(200, 0, ("food", "price")))
    with pytest.raises(DataError, match="may have several labels"):
        list(train_classifier(TrainRequest(classifier="One", dataset=dataset, model="linear"), workspace))
    with pytest.raises(DataError, match="may have several labels"):
        list(search_settings(SearchRequest(dataset=dataset, model="ngrams"), workspace))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_line_reads_columns_and_cells(
    evergreen_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ("food", "price", "service")
    for number, rows in enumerate((400, 200)):
        dataset = visits(rows, number, labels)
        cells = ["; ".join(labels_of(name)) or ";" for name in dataset.label_names()]
        frame = pd.DataFrame({"text": dataset.texts, "labels": cells})
        for label in labels:
            frame[label] = [int(label in labels_of(name)) for name in dataset.label_names()]
        frame.to_csv(tmp_path / f"{number}.csv", index=False)
    model = ("--task", TASK.name, "--model", "linear", "--json")
    rows = ("--data", str(tmp_path / "0.csv"), "--text", "text")
    columns = told(capsys, "train", *rows, "--labels", "food,price,service", "--classifier", "Columns", *model)
    of_cells = told(capsys, "train", *rows, "--label", "labels", "--classifier", "Cells", *model)
    assert any("with ';' between them" in note for note in of_cells["notes"])
    assert columns["macro_f1"] == of_cells["macro_f1"] > 0.9
    batch = ("--data", str(tmp_path / "1.csv"), "--text", "text", "--label", "labels", "--separator", ";")
    second = told(capsys, "update", *batch, "--classifier", "Cells", "--strategy", "replay", "--json")
    assert len(second["R"]) == 2
    assert told(capsys, "evaluate", *batch, "--classifier", "Cells", "--json")["macro_f1"] > 0.9
    out = tmp_path / "out.csv"
    assert main(("predict", "--classifier", "Cells", *rows, "--out", str(out))) == 0
    answered = pd.read_csv(out, keep_default_na=False)
    assert {"predicted", "p: food", "p: price", "p: service"} <= set(answered.columns)
    assert set(answered["predicted"]) <= {"–", *(", ".join(sorted(names)) for names in _sets(labels))}
    capsys.readouterr()
    assert main(("train", *rows, "--classifier", "One", "--labels", "food,price")) != 0
    assert "--task multilabel_classification" in capsys.readouterr().err
    assert main(("train", *rows, "--classifier", "Cells 2", "--task", TASK.name)) != 0
    assert "--label" in capsys.readouterr().err


def _sets(labels: tuple[str, ...]) -> list[tuple[str, ...]]:
    from itertools import combinations

    return [names for count in range(1, len(labels) + 1) for names in combinations(labels, count)]
