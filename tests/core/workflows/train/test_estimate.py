"""What a training would take: counted on the real split, refused when the training would be, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.errors import ConfigError, DataError, RegistryError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.networks.architectures import MODELS
from core.workflows.requests import TrainRequest
from core.workflows.train.estimate import check_request, estimate, prepare
from core.workflows.workspace import Workspace, open_workspace
from tests.encoders import tiny_encoder

SMALL = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16, "layers": 1},
    "transformer": {"embedding_size": 16, "hidden_size": 32, "layers": 1, "heads": 2},
    "ngrams": {"embedding_size": 8, "buckets": 1024},
    "hashed": {"hashed_features": 256, "segmentation": "words"},
}


def texts() -> TextDataset:
    import pandas as pd

    rows = [(f"{word} thing number {number}", label) for number in range(40) for word, label in WORDS.items()]
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), ColumnRoles("text", "label"))
    return dataset


WORDS = {"good": "up", "bad": "down"}


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


@pytest.fixture
def request_for(workspace: Workspace) -> TrainRequest:
    roles = ColumnRoles("text", "label")
    stored = workspace.datasets.save(texts(), name="things", roles=roles)
    return TrainRequest(classifier="Things", dataset=stored.id, model="ngrams", settings=SMALL["ngrams"])


@pytest.mark.parametrize("model", sorted(SMALL))
def test_every_model_is_built_and_timed(request_for: TrainRequest, workspace: Workspace, model: str) -> None:
    request = request_for.model_copy(update={"model": model, "settings": {**SMALL[model], "epochs": 3}})
    found = estimate(request, workspace, budget=0.01)
    assert found.seconds == pytest.approx(3 * found.seconds_per_epoch)
    assert found.seconds > 0
    assert found.exact
    assert found.segmentation == "words"


@pytest.mark.parametrize(("tuning", "times"), [("full", 3), ("frozen", 1), ("contrastive", 10)])
def test_an_encoder_reads_each_text_as_often_as_it_learns_from_it(
    request_for: TrainRequest, workspace: Workspace, tmp_path: Path, tuning: str, times: int
) -> None:
    folder = tiny_encoder(tmp_path / "encoder")
    settings = {"encoder": f"folder:{folder}", "tuning": tuning, "epochs": 3}
    request = request_for.model_copy(update={"model": "encoder", "settings": settings})
    found = estimate(request, workspace, budget=0.01)
    assert found.seconds == pytest.approx(times * found.seconds_per_epoch)
    assert found.segmentation == "pretrained"
    assert set(SMALL) | {"encoder", "linear"} == set(MODELS)


def test_a_model_that_is_solved_is_solved_once(request_for: TrainRequest, workspace: Workspace) -> None:
    request = request_for.model_copy(update={"model": "linear", "settings": {"epochs": 3}})
    found = estimate(request, workspace)
    assert found.seconds == found.seconds_per_epoch > 0
    assert (found.epochs, found.exact, found.tokens) == (1, True, 4 * 56)


def test_parameters_and_tokens_are_counted_by_hand(request_for: TrainRequest, workspace: Workspace) -> None:
    found = estimate(request_for, workspace, prepare(request_for, workspace), budget=0.01)
    # 1024 shared rows and one a token, 8 wide; a head of 8 weights and a bias for each of 2 labels
    assert found.parameters == (1024 + found.vocabulary) * 8 + 2 * (8 + 1)
    assert found.tokens == 4 * 56  # 70 % of 80 texts, four words each


def test_the_split_is_that_of_the_training(request_for: TrainRequest, workspace: Workspace) -> None:
    found = prepare(request_for, workspace)
    assert (found.train, found.validation, found.test) == (56, 8, 16)
    assert found.complete
    assert found.cut == 0


def test_texts_longer_than_what_is_read_are_counted(request_for: TrainRequest, workspace: Workspace) -> None:
    longer = request_for.model_copy(update={"settings": {"max_length": 8, "windows": 1, "segmentation": "characters"}})
    assert prepare(longer, workspace).cut == 1.0


def test_nothing_is_written(request_for: TrainRequest, workspace: Workspace) -> None:
    before = sorted(workspace.home.rglob("*"))
    estimate(request_for, workspace, budget=0.01)
    assert sorted(workspace.home.rglob("*")) == before


def test_what_could_not_be_trained_is_refused(request_for: TrainRequest, workspace: Workspace) -> None:
    with pytest.raises(RegistryError):
        check_request(request_for.model_copy(update={"classifier": "a/b"}), workspace)
    with pytest.raises(ConfigError):
        check_request(request_for.model_copy(update={"settings": {"epochs": 0}}), workspace)
    with pytest.raises(ConfigError):
        check_request(
            request_for.model_copy(update={"model": "transformer", "settings": {"embedding_size": 64, "heads": 7}}),
            workspace,
        )
    with pytest.raises(DataError):
        prepare(request_for.model_copy(update={"dataset": "0000000000000000"}), workspace)


def test_timing_leaves_the_random_numbers_alone(request_for: TrainRequest, workspace: Workspace) -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    estimate(request_for, workspace, budget=0.01)
    assert torch.equal(torch.rand(1), expected)
