"""The temperature on its way through trainings, updates and files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data.dataset.rows import TextDataset
from core.networks.encoders.batches import predict_logits
from core.networks.standalone.predict import Classifier
from core.networks.text import encode_examples
from core.serving.onnx import read_temperature
from core.workflows.bundle import write_bundle
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 4, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.05, "batch_size": 8}


def doubtful(rows: int, seed: int = 0) -> TextDataset:
    """Reviews of which a fifth has the other label: nobody can be sure."""
    made = reviews(rows, seed=seed)
    wrong = np.random.default_rng(seed).random(rows) < 0.2
    return TextDataset(made.texts, np.where(wrong, 1 - made.labels, made.labels), made.classes)


def train(workspace: Workspace, dataset: TextDataset, **settings: Any) -> dict[str, Any]:
    stored = save(workspace, dataset)
    asked = {**FAST, "validation_share": 0.3, **settings}
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=asked)
    *_, completed = train_classifier(request, workspace)
    report: dict[str, Any] = completed.report
    return report


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def test_the_file_answers_with_the_temperature_of_the_validation_rows(workspace: Workspace, tmp_path: Path) -> None:
    report = train(workspace, doubtful(500))
    found, version = report["calibration"], folder(workspace, 1)
    assert (found["rows"], found["note"], found["test_rows"]) == (150, None, 100)
    assert found["temperature"] != 1.0
    assert read_temperature(version.path / "model.onnx") == pytest.approx(found["temperature"])
    assert version.temperature == found["temperature"]
    texts = version.predictions(1)["text"].tolist()
    examples = encode_examples(version.load_pipeline(), texts, np.zeros(len(texts), dtype=np.int64))
    logits = predict_logits(version.load_model(), examples, torch.device("cpu"))
    served = Classifier(version.path).predict_proba(texts)
    assert served == pytest.approx(torch.softmax(logits / found["temperature"], dim=1).numpy(), abs=1e-5)
    assert (served.argmax(axis=1) == logits.argmax(dim=1).numpy()).all()
    assert report["parity"]["max_abs_diff"] <= 1e-5
    # as served, the answers are those that validation rows and test rows were stored with
    kept = version.validation()
    assert kept is not None
    assert list(kept.columns) == ["truth", "p_0", "p_1"]
    assert len(kept) == 150
    for side in ("before", "after"):
        for name in ("ece", "brier"):
            assert found[side][name]["low"] <= found[side][name]["value"] <= found[side][name]["high"]
    write_bundle(version.path, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert f"{found['temperature']:.3f}" in archive.read("model_card.md").decode()
        archive.extract("model.onnx", tmp_path)
    assert read_temperature(tmp_path / "model.onnx") == pytest.approx(found["temperature"])


def test_each_version_has_a_temperature_of_its_own_and_rollback_brings_the_old_one_back(workspace: Workspace) -> None:
    first = train(workspace, doubtful(400))["calibration"]["temperature"]
    stored = save(workspace, doubtful(300, seed=7), "batch")
    request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="replay", promote="always")
    *_, completed = update_classifier(request, workspace)
    second = completed.report["calibration"]
    assert second["rows"] > 150
    assert second["temperature"] != first
    assert read_temperature(folder(workspace, 2).path / "model.onnx") == pytest.approx(second["temperature"])
    workspace.registry.promote("Shop", 1, "rolled back")
    champion = workspace.registry.champion("Shop")
    assert champion is not None
    assert folder(workspace, champion.number).temperature == first


def test_a_closed_form_head_is_corrected_like_any_other(workspace: Workspace) -> None:
    train(workspace, doubtful(500))
    stored = save(workspace, doubtful(300, seed=7), "batch")
    request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="ridge")
    *_, completed = update_classifier(request, workspace)
    found = completed.report["calibration"]
    assert found["note"] is None
    assert completed.report["parity"]["max_abs_diff"] <= 1e-5
    # its scores were scaled on the same rows already
    assert found["temperature"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("rows", "settings", "why"),
    [
        (500, {"calibrate": False}, "calibration.off"),
        (150, {}, "calibration.few_rows"),
    ],
)
def test_a_version_without_a_temperature_says_why(
    workspace: Workspace, rows: int, settings: dict[str, Any], why: str
) -> None:
    found = train(workspace, doubtful(rows), **settings)["calibration"]
    version = folder(workspace, 1)
    assert (found["temperature"], found["note"]["key"]) == (1.0, why)
    assert read_temperature(version.path / "model.onnx") == 1.0
    assert found["before"] == found["after"]
    assert "probabilities are as the model states them" in (version.path / "model_card.md").read_text("utf-8")


def test_versions_from_before_there_were_temperatures_still_work(workspace: Workspace) -> None:
    train(workspace, doubtful(150))
    version = folder(workspace, 1)
    for name in ("version.json", "calibration.json", "predictions/validation.parquet"):
        (version.path / name).unlink()
    config = json.loads((version.path / "config.json").read_text("utf-8"))
    del config["settings"]["calibrate"]
    (version.path / "config.json").write_text(json.dumps(config), "utf-8")
    assert version.temperature == 1.0
    assert version.validation() is None
    stored = save(workspace, doubtful(300, seed=7), "batch")
    request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="replay")
    *_, completed = update_classifier(request, workspace)
    assert completed.report["calibration"]["note"] is None


def test_of_very_many_test_rows_some_tell_how_honest_the_probabilities_are(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.workflows.learn.calibrating.MOST_TESTED", 15)
    report = train(workspace, doubtful(120))
    assert report["overall"]["rows"] > report["calibration"]["test_rows"] == 15


def test_a_baseline_on_some_rows_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [found for found in train(workspace, reviews(60))["findings"] if found["key"] == "baseline.sampled"]
    monkeypatch.setattr("core.workflows.learn.producing.MOST_BASELINE_ROWS", 20)
    report = train(workspace, doubtful(120))
    (said,) = (found for found in report["findings"] if found["key"] == "baseline.sampled")
    assert report["baseline"]["rows"] == said["facts"]["rows"] == 20
    assert said["facts"]["all"] == report["experiences"][0]["train"]
