"""Closed-form updates of stored versions: exported, reloaded, taken back, and with no text at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from core.continual.methods import STRATEGIES
from core.continual.strategies import ClosedForm, Memory
from core.data.dataset.rows import TextDataset
from core.networks.encoders.batches import predict_logits
from core.networks.standalone.predict import Classifier
from core.networks.text import Examples, encode_examples
from core.workflows.learn.candidate import Completed
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import Learner, VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

# Every model, every method and every kind of random features; what they do in other pairs is tested without a workflow.
STORIES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("bilstm", {"embedding_size": 16, "hidden_size": 16, "layers": 1}, "ridge", "fourier"),
    ("transformer", {"embedding_size": 16, "hidden_size": 32, "layers": 1, "heads": 2}, "slda", "none"),
    ("ngrams", {"embedding_size": 16, "buckets": 1024}, "ncm", "relu"),
    ("hashed", {"hashed_features": 256}, "ridge", "none"),
)


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def encode(learner: Learner, data: TextDataset) -> Examples:
    numbers = np.array([learner.outputs.index(name) for name in data.label_names()], dtype=np.int64)
    return encode_examples(learner.pipeline, data.texts, numbers)


def restored(name: str, version: VersionFolder) -> ClosedForm:
    method = STRATEGIES[name].strategy()(STRATEGIES[name].config_class(), memory=Memory(0))
    assert isinstance(method, ClosedForm)
    method.restore(version.load_state())
    return method


@pytest.mark.parametrize(("model", "size", "strategy", "features"), STORIES)
def test_a_stored_version_is_updated_without_any_old_text_served_and_taken_back(
    workspace: Workspace, model: str, size: dict[str, Any], strategy: str, features: str
) -> None:
    settings = {"memory_size": 0, "batch_size": 8, "epochs": 2, **size}
    settings |= {"random_features": features, "feature_count": 128}
    data = save(workspace, reviews(80))
    request = TrainRequest(classifier="Shop", dataset=data.id, model=model, strategy=strategy, settings=settings)
    for _ in train_classifier(request, workspace):
        pass
    workspace.datasets.delete(data.id)

    batch = reviews(60, seed=1, third_label=True)
    update = UpdateRequest(classifier="Shop", dataset=save(workspace, batch, "batch").id, strategy=strategy)
    *_, completed = update_classifier(update, workspace)
    assert isinstance(completed, Completed)
    report = completed.report
    assert report["parity"]["max_abs_diff"] <= 1e-5
    assert report["classes"] == ["negative", "positive", "question"]
    assert (report["memory_rows"], report["best_epoch"]) == (0, 1)
    assert report["end"]["key"] == "training.solved"
    assert report["epochs"][0]["validation_macro_f1"] > 0

    version = folder(workspace, 2)
    learner = version.load_learner()
    assert learner.model.lift is not None
    assert learner.model.lift.kind == features
    some = reviews(20, seed=9)
    answers = torch.softmax(predict_logits(learner.model, encode(learner, some), torch.device("cpu")), dim=1)
    served = torch.from_numpy(Classifier(version.path).predict_proba(some.texts))
    torch.testing.assert_close(answers, served, rtol=0, atol=1e-5)

    method = restored(strategy, version)
    method.forget(learner.model, encode(learner, batch.take(version.rows_of(2, "train"))))
    before = restored(strategy, folder(workspace, 1))
    assert method.learned().counts.tolist() == [*before.learned().counts.tolist(), 0]
    assert method.own_coefficients().difference(before.own_coefficients()) < 1e-6
