"""What is to be expected of *Auto*: measured on the validation rows alone, and no more rungs promised than there is time for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.base.errors import CoreError
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import split_rows
from core.networks.pretrained.packaged import PACKAGED
from core.tasks import TASKS, task_of
from core.workflows.requests import TrainRequest
from core.workflows.train import expected
from core.workflows.train.expected import expect, rung_seconds
from core.workflows.train.gains import GAINS, gains
from core.workflows.train.ladder import AFTERWARDS, Rung, in_time, is_soon_known, rungs_for
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder

RUNGS = (
    Rung("linear", "linear"),
    Rung("ngrams", "ngrams"),
    Rung("frozen", "encoder"),
    Rung("tuned", "encoder"),
    Rung("blend", "blend"),
)


@pytest.fixture
def workspace(evergreen_home: Path) -> Workspace:
    return open_workspace(evergreen_home)


@pytest.fixture
def request_of_auto(workspace: Workspace) -> TrainRequest:
    dataset = save(workspace, reviews(200), "Shop").id
    return TrainRequest(classifier="Shop", dataset=dataset, model="auto", settings={"minutes": 0.5})


def test_it_is_the_score_that_training_the_first_rung_finds_on_its_validation_rows(
    request_of_auto: TrainRequest, workspace: Workspace
) -> None:
    found = expect(request_of_auto, workspace)
    (*_, completed) = train_classifier(
        request_of_auto.model_copy(update={"model": "linear", "settings": {}}), workspace
    )
    kept = [epoch for epoch in completed.report["epochs"] if epoch["best"]][-1]
    assert found.score.value == pytest.approx(kept[f"validation_{found.name}"])
    assert found.score.low <= found.score.value <= found.score.high
    assert found.complete
    assert found.seconds > 0


def test_no_test_row_is_read(
    request_of_auto: TrainRequest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = workspace.datasets.load(request_of_auto.dataset)
    test = set(split_rows(dataset, fractions=(0.7, 0.1, 0.2), seed=0).test.tolist())
    taken: set[int] = set()
    take = TextDataset.take

    def watched(self: TextDataset, rows: Sequence[int]) -> TextDataset:
        taken.update(int(row) for row in rows)
        return take(self, rows)

    monkeypatch.setattr(TextDataset, "take", watched)
    found = expect(request_of_auto, workspace)
    assert test
    assert not taken & test
    assert found.rows + found.learned == len(taken)


def test_of_a_large_table_a_part_is_learned_and_that_is_told(
    request_of_auto: TrainRequest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = expect(request_of_auto, workspace)
    monkeypatch.setattr(expected, "MOST_ROWS", 50)
    monkeypatch.setattr(expected, "MOST_VALIDATION", 10)
    part = expect(request_of_auto, workspace)
    assert (part.learned, part.rows, part.complete) == (50, 10, False)
    assert whole.learned > 50


def test_what_cannot_be_trained_is_refused(request_of_auto: TrainRequest, workspace: Workspace) -> None:
    with pytest.raises(CoreError):
        expect(request_of_auto.model_copy(update={"dataset": "gone"}), workspace)


def test_a_rung_is_timed_with_what_comes_after_it(request_of_auto: TrainRequest, workspace: Workspace) -> None:
    assert rung_seconds(request_of_auto, "ngrams", workspace).least > AFTERWARDS


def test_an_encoder_that_is_left_open_is_the_one_at_hand(
    request_of_auto: TrainRequest, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: None)
    with pytest.raises(CoreError):  # none is installed
        rung_seconds(request_of_auto, "frozen", workspace)
    workspace.sources.encoders.add("own", tiny_encoder(tmp_path / "own"))
    assert rung_seconds(request_of_auto, "frozen", workspace).least > AFTERWARDS


def test_only_models_that_are_solved_are_tried_beforehand() -> None:
    known = {name: is_soon_known(task) for name, task in TASKS.items()}
    assert known["text_classification"]
    assert not known["language_modelling"]


@pytest.mark.parametrize(
    ("minutes", "seconds", "fits"),
    [
        (0.5, {"linear": 9.0, "ngrams": 12.0}, [True, True, False, False, None]),
        (0.5, {"linear": 9.0, "ngrams": 40.0}, [True, False, False, False, False]),
        (2.0, {"linear": 9.0, "ngrams": 12.0}, [True, True, None, None, None]),
        (2.0, {}, [True, None, None, None, None]),
        (2.0, {"linear": 9.0, "ngrams": 12.0, "frozen": 60.0, "tuned": 90.0}, [True, True, True, False, None]),
        (10.0, {"linear": 9.0, "ngrams": 12.0, "frozen": 60.0, "tuned": 90.0}, [True, True, True, True, None]),
    ],
)
def test_what_fits_into_the_time(minutes: float, seconds: dict[str, float], fits: list[bool | None]) -> None:
    whole = {rung: (needed, needed) for rung, needed in seconds.items()}
    assert list(in_time(RUNGS, minutes, whole).values()) == fits


def test_a_part_of_the_rows_is_enough_and_takes_all_the_time_that_is_left() -> None:
    seconds = {"linear": (9.0, 9.0), "ngrams": (12.0, 12.0), "frozen": (900.0, 60.0), "tuned": (90.0, 90.0)}
    assert list(in_time(RUNGS, 2.0, seconds).values()) == [True, True, True, False, None]


def test_gains_are_told_only_where_they_were_measured() -> None:
    assert gains("text_classification", 0.5) == ()
    assert gains("language_modelling", 10.0) == ()
    assert gains("text_classification", 30.0) == tuple(sorted(GAINS[10.0].values()))
    assert rungs_for(task_of("text_classification"))[0].name == "linear"  # over which they were gained
