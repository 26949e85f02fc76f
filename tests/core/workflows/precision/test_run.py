from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.spans.targets import Span, target_of
from core.networks.standalone.extract import Extractor
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.workflows.bundle import write_bundle
from core.workflows.precision.measure import LabelledRows
from core.workflows.precision.run import _choose, only_exact
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.test_entities import rows, saved, trained
from tests.encoders import tiny_encoder

TEXTS = ["the lamp is great", "", "a broken shoe", "很好 good"]


def variant(precision: str, device: str = "cpu", **figures: Any) -> dict[str, Any]:
    known = {"accuracy": 0.9, "agreement": 1.0, "texts_per_second": 100.0}
    file = "model.onnx" if precision == "fp32" else f"model.{precision}.onnx"
    return {"precision": precision, "device": device, "file": file, **known, **figures}


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        ({"accuracy": 0.896}, "precision.loses"),
        ({"agreement": 0.98}, "precision.disagrees"),
        ({"texts_per_second": 90.0}, "precision.slower"),
    ],
)
def test_a_variant_that_breaks_the_rule_does_not_serve(figures: dict[str, float], why: str) -> None:
    variants = [variant("fp32"), variant("int8", **{"texts_per_second": 300.0, **figures})]
    assert _choose(variants, "auto", graphics_card=False) == {"cpu": "model.onnx"}
    assert [entry["serves"] for entry in variants] == [True, False]
    assert variants[1]["why"]["key"] == why
    # Whoever asks for it gets it all the same, and the figures say what it costs.
    assert _choose(variants, "int8", graphics_card=False) == {"cpu": "model.int8.onnx"}


def test_a_loss_of_exactly_three_thousandths_is_allowed() -> None:
    variants = [variant("fp32"), variant("int8", accuracy=0.897, texts_per_second=300.0)]
    assert _choose(variants, "auto", graphics_card=False) == {"cpu": "model.int8.onnx"}
    assert [entry["serves"] for entry in variants] == [False, True]


def test_each_kind_of_device_gets_its_own_file() -> None:
    fast = {"texts_per_second": 300.0}
    variants = [variant("fp32"), variant("int8", **fast), variant("fp32", "cuda"), variant("fp16", "cuda", **fast)]
    assert _choose(variants, "auto", graphics_card=True) == {"cpu": "model.int8.onnx", "cuda": "model.fp16.onnx"}


def test_fp16_without_a_graphics_card_is_made_for_one_and_does_not_serve_here() -> None:
    variants = [variant("fp32"), variant("fp16", texts_per_second=20.0)]
    assert _choose(variants, "fp16", graphics_card=False) == {"cuda": "model.fp16.onnx", "cpu": "model.onnx"}
    assert variants[1]["why"]["key"] == "precision.no_card"


def test_rows_are_taken_evenly() -> None:
    rows = LabelledRows(["a", "b", "c", "d", "e"], np.array([0, 1, 2, 3, 4])).at_most(3)
    assert (rows.texts, rows.truth.tolist()) == (["a", "c", "e"], [0, 2, 4])


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny encoder counts as a large one, and is tuned without much ado."""
    monkeypatch.setattr("core.serving.onnx.quantise.SMALLEST", 1)
    monkeypatch.setattr("core.workflows.precision.run.ENOUGH_WEIGHTS", 1)
    monkeypatch.setattr("core.workflows.precision.run.ENOUGH_ROWS", 5)
    monkeypatch.setattr("core.workflows.precision.measure.SECONDS", 0.01)


def train(workspace: Workspace, tmp_path: Path, **settings: Any) -> dict[str, Any]:
    stored = save(workspace, reviews(60))
    encoder = f"folder:{tiny_encoder(tmp_path / 'encoder')}"
    values = {"epochs": 1, "batch_size": 8, "max_length": 24, "encoder": encoder, **settings}
    *_, done = train_classifier(
        TrainRequest(classifier="Shop", dataset=stored.id, model="encoder", settings=values), workspace
    )
    return dict(done.report)


def test_small_models_serve_float32_and_say_why(workspace: Workspace, tmp_path: Path) -> None:
    precision = train(workspace, tmp_path)["precision"]
    assert (precision["serving"], precision["variants"], precision["note"]["key"]) == ({}, [], "precision.small")
    assert not (workspace.registry.folder("Shop", 1) / "serving.json").exists()


@pytest.mark.usefixtures("large")
def test_what_serves_is_scored_travels_to_updates_and_into_the_bundle(workspace: Workspace, tmp_path: Path) -> None:
    record = train(workspace, tmp_path, serve_precision="int8")["precision"]
    assert record["serving"] == {"cpu": "model.int8.onnx"}
    assert record["rows"] == 6  # a tenth of 60
    folder = workspace.registry.folder("Shop", 1)
    assert json.loads((folder / "precision.json").read_text("utf-8")) == record
    classifier = Classifier(folder)
    assert classifier.precision == "int8"
    table = _stored_answers(folder)
    np.testing.assert_allclose(classifier.predict_proba(list(table["text"]))[:, 0], table["p_0"], atol=1e-6)

    batch = save(workspace, reviews(60, seed=1), "more")
    *_, done = update_classifier(UpdateRequest(classifier="Shop", dataset=batch.id, strategy="replay"), workspace)
    assert done.report["precision"]["serving"] == {"cpu": "model.int8.onnx"}
    assert done.report["precision"]["rows"] == 12  # of both experiences

    write_bundle(folder, tmp_path / "bundle.zip")
    home = tmp_path / "home"
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(home)
    program = (
        "import json, sys\n"
        "from predict import Classifier\n"
        "classifier = Classifier('.')\n"
        "assert 'core' not in sys.modules\n"
        "print(json.dumps([classifier.precision, classifier.predict_proba(json.loads(sys.argv[1])).tolist()]))"
    )
    command = [sys.executable, "-c", program, json.dumps(TEXTS)]
    printed = subprocess.run(command, cwd=home, capture_output=True, text=True, check=True)
    precision, answers = json.loads(printed.stdout)
    assert precision == "int8"
    np.testing.assert_allclose(answers, classifier.predict_proba(TEXTS), atol=1e-6)


def _stored_answers(folder: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(folder / "predictions" / "test_1.parquet")


@pytest.mark.usefixtures("large")
def test_a_head_over_fixed_features_keeps_their_arithmetic(workspace: Workspace, tmp_path: Path) -> None:
    precision = train(workspace, tmp_path, tuning="frozen", serve_precision="int8")["precision"]
    assert precision["note"]["key"] == "precision.fixed"
    folder = workspace.registry.folder("Shop", 1)
    assert Classifier(folder).precision == "fp32"
    assert only_exact(folder, "auto", 3, fixed=False) is not None  # too few rows to judge by


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("wanted", ["int8", "fp16", "auto"])
def test_entities_are_judged_by_their_spans(workspace: Workspace, tmp_path: Path, wanted: str) -> None:
    request = TrainRequest(
        classifier="Names",
        dataset=saved(workspace, rows(120, 0), "first").id,
        model="encoder",
        task="token_classification",
        settings={
            "encoder": f"folder:{tiny_encoder(tmp_path / 'encoder')}",
            "epochs": 3,
            "trim_pieces": False,
            "max_length": 16,
            "windows": 3,
            "serve_precision": wanted,
        },
    )
    *_, done = train_classifier(request, workspace)
    record = done.report["precision"]
    assert (record["score"], record["rule"]["key"]) == ("micro_f1", "precision.rule_entities")
    made = "fp16" if wanted == "fp16" else "int8"
    variant = next(each for each in record["variants"] if each["precision"] == made)
    assert 0.9 <= variant["agreement"] <= 1
    assert abs(variant["difference"]["value"]) < 0.1
    assert variant["difference"]["low"] < variant["difference"]["high"]
    folder = workspace.registry.folder("Names", 1)
    assert (folder / f"model.{made}.onnx").exists()
    if wanted == "int8":
        served = Extractor(folder)
        assert served.precision == "int8"
        exact = Extractor(folder, precision="fp32")
        table = _stored_answers(folder)
        targets = [target_of(Span(*entity[:3]) for entity in marked) for marked in served.entities(list(table["text"]))]
        assert targets == table["predicted"].tolist()  # what serves is what the frozen test measured
        text = "Note 9x9 : Tim Cook lives in New York ."
        tokens, mask = pad([exact.pipeline.rows(text)[0].ids])
        assert (
            np.abs(served.run(tokens, mask) - exact.run(tokens, mask)).max()
            < 0.25 * np.abs(exact.run(tokens, mask)).max()
        )


@pytest.mark.parametrize(("model", "why"), [("bilstm_crf", "precision.recurrent"), ("crf", "precision.small")])
def test_entity_models_that_gain_nothing_say_so(workspace: Workspace, model: str, why: str) -> None:
    record = trained(workspace, rows(80, 0), model=model, **({"epochs": 1} if model == "bilstm_crf" else {})).report
    assert (record["precision"]["serving"], record["precision"]["note"]["key"]) == ({}, why)
