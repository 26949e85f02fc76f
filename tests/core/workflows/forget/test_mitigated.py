"""Rows are forgotten whatever was done against unequal treatment when they were learned."""

from __future__ import annotations

import pytest

from core.base.errors import DataError
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save


def test_rows_of_a_model_that_weighed_groups_are_forgotten(workspace: Workspace) -> None:
    dataset = reviews(120)
    stored = save(workspace, dataset)
    settings = {
        "mitigation": "reweight",
        "identity_terms": "things/one: kettle, phone, lamp, shoe; things/two: book, bag",
    }
    request = TrainRequest(classifier="Shop", dataset=stored.id, model="linear", settings=settings)
    list(train_classifier(request, workspace))
    matches = find_rows("Shop", workspace, texts=[dataset.texts[0]])
    asked = ForgetRequest(
        classifier="Shop",
        rows={part.dataset: part.rows.tolist() for part in matches.datasets},
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
    )
    list(forget_rows(asked, workspace))
    with pytest.raises(DataError, match="learned from no such rows"):
        find_rows("Shop", workspace, texts=[dataset.texts[0]])
