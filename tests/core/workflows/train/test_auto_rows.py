"""By which rows *Auto* compares models, and what it counts as time that is left."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.workflows.requests import TrainRequest
from core.workflows.train import auto, ladder
from core.workflows.train.auto import Climbed, climb
from core.workflows.train.estimate import TrainingEstimate, estimate
from core.workflows.train.ladder import Rung
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.language_models import TASK


@pytest.mark.parametrize("settings", [{}, {"test_share": 0.3, "split_seed": 4}], ids=["its own shares", "named shares"])
def test_a_model_with_shares_of_its_own_is_compared_on_its_validation_rows(
    workspace: Workspace, settings: dict[str, float]
) -> None:
    request = TrainRequest(
        classifier="Shop", task=TASK.name, dataset=save(workspace, reviews(80)).id, settings={"epochs": 1, **settings}
    )
    *_, climbed = climb(request, workspace)
    assert isinstance(climbed, Climbed)
    (rung,) = climbed.ladder
    assert rung.score is not None
    best = next(epoch for epoch in climbed.report["epochs"] if epoch["best"])
    name = f"validation_{TASK.score.name}"
    assert rung.score["value"] == pytest.approx(best[name], rel=1e-3)


def test_what_weighing_takes_is_no_longer_left(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def weigh(*given: Any) -> TrainingEstimate:
        now[0] += 20
        return replace(estimate(*given, budget=0), seconds_per_epoch=5.0)

    monkeypatch.setattr(ladder, "RUNGS", (Rung("linear", "linear"), Rung("ngrams", "ngrams")))
    monkeypatch.setattr(auto, "estimate", weigh)
    monkeypatch.setattr(auto, "time", SimpleNamespace(monotonic=lambda: now[0]))
    request = TrainRequest(classifier="Shop", dataset=save(workspace, reviews(80)).id, settings={"minutes": 0.5})
    *_, climbed = climb(request, workspace)
    assert isinstance(climbed, Climbed)
    assert climbed.ladder[1].left_out is not None
    assert climbed.ladder[1].left_out["facts"]["left"] == 10
