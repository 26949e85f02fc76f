"""The rows by which *Auto* compares models are the validation rows of their trainings."""

from __future__ import annotations

import pytest

from core.workflows.requests import TrainRequest
from core.workflows.train.auto import Climbed, climb
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
