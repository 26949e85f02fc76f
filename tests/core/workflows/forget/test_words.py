"""Words of forgotten rows leave versions, and every other text is answered as before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from core.data.dataset.rows import TextDataset
from core.networks.encoders.ngram_keys import pieces_of
from core.networks.standalone.predict import Classifier
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.tensors import load_tensors
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

NAME = "kowalski"
GONE = tuple(f"Kowalski wrote 7{row}q of Kowalski" for row in range(8))
SETTINGS: dict[str, dict[str, Any]] = {
    "ngrams": {"epochs": 1, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "minimum_frequency": 1},
    "bilstm": {
        "epochs": 1,
        "embedding_size": 16,
        "hidden_size": 16,
        "layers": 1,
        "memory_size": 40,
        "minimum_frequency": 1,
    },
}


def with_rows(dataset: TextDataset, texts: tuple[str, ...]) -> TextDataset:
    labels = np.concatenate([dataset.labels, np.arange(len(texts)) % 2])
    return replace(dataset, texts=(*dataset.texts, *texts), labels=labels)


def forget_all(workspace: Workspace) -> None:
    found = find_rows("c", workspace, texts=GONE)
    assert found.missing_texts == ()
    rows = {one.dataset: one.rows.tolist() for one in found.datasets}
    request = ForgetRequest(classifier="c", rows=rows, digests=sorted(found.digests), wanted=sorted(found.wanted))
    list(forget_rows(request, workspace))


def tables(folder: VersionFolder) -> dict[str, np.ndarray]:
    """Every table of a version with a row for each token: of PyTorch's file, the strategy's state and the ONNX file."""
    size = folder.load_pipeline().tokenizer.get_vocab_size()
    own = load_tensors(folder.path, "model") | {
        key: value for key, value in folder.load_state().items() if isinstance(value, torch.Tensor)
    }
    found = {key: value.numpy() for key, value in own.items() if key.endswith("embedding.weight")}
    model = onnx.load(str(folder.path / "model.onnx"))
    found |= {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    rows = len(found["embedding.weight"])
    return {key: value[rows - size :] for key, value in found.items() if value.ndim == 2 and len(value) == rows}


@pytest.mark.parametrize("model", list(SETTINGS))
def test_other_texts_get_the_same_answers_and_nothing_stands_for_the_words(workspace: Workspace, model: str) -> None:
    first, second = with_rows(reviews(60, seed=1), GONE[:4]), with_rows(reviews(60, seed=2), GONE[4:])
    train = TrainRequest(classifier="c", dataset=save(workspace, first).id, model=model, settings=SETTINGS[model])
    list(train_classifier(train, workspace))
    update = UpdateRequest(classifier="c", dataset=save(workspace, second).id, strategy="ewc", settings={"epochs": 1})
    list(update_classifier(update, workspace))
    folders = [VersionFolder(workspace.registry.folder("c", number)) for number in (1, 2)]
    texts = [*reviews(60, seed=1).texts, *reviews(60, seed=2).texts, "so 很好"]
    before = [Classifier(folder.path).predict_proba(texts) for folder in folders]
    numbers = [folder.load_pipeline().tokenizer.token_to_id(NAME) for folder in folders]
    for folder, number in zip(folders, numbers, strict=True):
        assert np.abs(tables(folder)["embedding.weight"][number]).max() > 0
    forget_all(workspace)
    for folder, probabilities, number in zip(folders, before, numbers, strict=True):
        assert (Classifier(folder.path).predict_proba(texts) == probabilities).all()
        pipeline = folder.load_pipeline()
        assert NAME not in (folder.path / "tokenizer.json").read_text("utf-8").lower()
        assert len(tables(folder)) >= 2
        assert {key: float(np.abs(table[number]).max()) for key, table in tables(folder).items()} == dict.fromkeys(
            tables(folder), 0.0
        )
        assert pipeline.encode(["Kowalski"]) == [[1]]


def test_pairs_and_pieces_of_forgotten_words_leave_a_linear_model(workspace: Workspace) -> None:
    first, second = with_rows(reviews(60, seed=1), GONE[:4]), with_rows(reviews(60, seed=2), GONE[4:])
    list(train_classifier(TrainRequest(classifier="c", dataset=save(workspace, first).id, model="linear"), workspace))
    list(
        update_classifier(UpdateRequest(classifier="c", dataset=save(workspace, second).id, strategy="ewc"), workspace)
    )
    folders = [VersionFolder(workspace.registry.folder("c", number)) for number in (1, 2)]
    texts = [*reviews(60, seed=1).texts, *reviews(60, seed=2).texts, "so 很好"]
    before = [Classifier(folder.path).predict_proba(texts) for folder in folders]
    pipeline = folders[0].load_pipeline()
    number = pipeline.tokenizer.token_to_id(NAME)
    others = [word for word in folders[1].load_pipeline().tokenizer.get_vocab() if not word.startswith((NAME, "7"))]
    shared = set(pieces_of(others)[1].tolist())
    forget_all(workspace)
    for folder, probabilities in zip(folders, before, strict=True):
        engine = Classifier(folder.path)
        assert engine.predict_proba(texts) == pytest.approx(probabilities, abs=1e-7)
        assert engine.predict_proba(["Kowalski"]) == pytest.approx(engine.predict_proba(["zzz"]), abs=1e-7)
        weights = load_tensors(folder.path, "model")
        assert {2**20 * number, number} & {int(key) % 2**20 for key in weights["keys"]} == set()
        assert number not in {int(key) >> 20 for key in weights["keys"]}
        start, end = weights["spelled_offsets"][number : number + 2].tolist()
        assert weights["spelled"][start:end].tolist() == [0] * (end - start)
        _, pieces = pieces_of([NAME])
        assert not set(pieces.tolist()) & set(weights["letter_keys"].tolist()) - shared
        model = onnx.load(str(folder.path / "model.onnx"))
        constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
        units = len(folder.load_pipeline().tokenizer.get_vocab()) + len(weights["keys"]) - 1
        rows = [table for table in constants.values() if table.ndim and len(table) == units]
        assert len(rows) == 2  # what a unit adds, and its share of the length
        assert [float(np.abs(table[number]).max()) for table in rows] == [0.0, 0.0]


@pytest.mark.parametrize("model", ["ngrams", "linear"])
def test_the_next_update_reads_and_learns_as_ever(workspace: Workspace, model: str) -> None:
    first = with_rows(reviews(60, seed=1), GONE)
    train = TrainRequest(
        classifier="c", dataset=save(workspace, first).id, model=model, settings=SETTINGS.get(model, {})
    )
    list(train_classifier(train, workspace))
    forget_all(workspace)
    batch = save(workspace, reviews(60, seed=3, extra="Kowalski")).id
    update = UpdateRequest(classifier="c", dataset=batch, strategy="replay", settings={"epochs": 1})
    assert list(update_classifier(update, workspace))[-1].version == 2
    vocabulary = VersionFolder(workspace.registry.folder("c", 2)).load_pipeline().tokenizer.get_vocab()
    assert (
        vocabulary[NAME] >= VersionFolder(workspace.registry.folder("c", 1)).load_pipeline().tokenizer.get_vocab_size()
    )
