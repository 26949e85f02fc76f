"""A pretrained encoder through whole jobs: trained, updated by every family of strategies, and compared."""

from __future__ import annotations

from typing import Any

import pytest

from core.networks.standalone.predict import Classifier
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.run import compare_strategies
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder

SMALL = {"epochs": 2, "batch_size": 8, "max_length": 24, "memory_size": 20}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"folder:{tiny_encoder(tmp_path_factory.mktemp('encoder'))}"


def train(workspace: Workspace, encoder: str, strategy: str = "finetune", **settings: Any) -> dict[str, Any]:
    stored = save(workspace, reviews(60))
    asked = {**SMALL, "encoder": encoder, **settings}
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="encoder", strategy=strategy, settings=asked)
    *_, done = train_classifier(request, workspace)
    report: dict[str, Any] = done.report
    return report


@pytest.mark.parametrize(
    ("tuning", "strategy"),
    [
        ("full", "finetune"),
        ("full", "ewc"),
        ("lora", "replay"),
        ("frozen", "ridge"),
        ("frozen", "derpp"),
        ("full", "joint"),
    ],
)
def test_an_encoder_is_updated_with_a_new_label_and_serves(
    workspace: Workspace, encoder: str, tuning: str, strategy: str
) -> None:
    first = train(workspace, encoder, strategy, tuning=tuning)
    assert first["origin"]["encoder"]["kept"] == first["vocabulary"]
    batch = save(workspace, reviews(60, seed=1, third_label=True), "more")
    request = UpdateRequest(classifier="Shop", dataset=batch.id, strategy=strategy)
    *_, done = update_classifier(request, workspace)
    assert done.report["classes"] == ["negative", "positive", "question"]
    assert done.report["parity"]["max_abs_diff"] <= 1e-4
    assert len(done.report["accuracy_matrix"]) == 2
    assert done.report["origin"] == first["origin"] or strategy == "joint"
    classifier = Classifier(workspace.registry.folder("Shop", done.version))
    assert classifier.predict_proba(["the lamp is great", ""]).shape == (2, 3)


def test_a_frozen_encoder_under_a_closed_form_head_is_solved_at_once(workspace: Workspace, encoder: str) -> None:
    report = train(workspace, encoder, "ridge", tuning="frozen")
    assert report["end"]["key"] == "training.solved"
    assert len(list(workspace.sources.features.glob("*.features"))) == 1


def test_an_encoder_takes_part_in_a_comparison(workspace: Workspace, encoder: str) -> None:
    stored = [save(workspace, reviews(40, seed=seed), f"part {seed}").id for seed in (0, 1)]
    settings = {"epochs": 1, "batch_size": 8, "max_length": 24, "encoder": encoder, "tuning": "frozen"}
    request = CompareRequest(
        datasets=stored, strategies=["finetune", "ridge"], model="encoder", settings=settings, jobs=1
    )
    *_, done = compare_strategies(request, workspace)
    assert {one["strategy"] for one in done.result["strategies"]} == {"finetune", "ridge"}
