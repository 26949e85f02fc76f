"""Linear n-grams are solved: what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.training.objectives.linear import FREEDOM, SOLVED
from core.workflows.requests import TrainRequest
from core.workflows.search.space import searchable
from core.workflows.train.run import train_classifier
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save


def end_of(workspace: Workspace, **settings: Any) -> str:
    request = TrainRequest(
        classifier="Shop", dataset=save(workspace, reviews(60)).id, model="linear", settings=settings
    )
    *_, completed = train_classifier(request, workspace)
    return str(completed.report["end"]["text"])


@pytest.mark.parametrize("strength", FREEDOM)
def test_the_regularisation_is_told_by_the_name_of_its_choice(workspace: Workspace, strength: str) -> None:
    assert (
        end_of(workspace, regularisation=strength)
        == f"Solved to convergence; regularisation: {strength.replace('_', ' ')}."
    )


def test_what_was_found_out_is_told_too(workspace: Workspace) -> None:
    assert end_of(workspace) in {str(told) for told in SOLVED.values()}


def test_no_search_varies_steps_that_are_never_taken() -> None:
    names = {setting.name for setting in searchable("linear")}
    assert {"ngram_length", "regularisation", "max_length"} <= names
    assert not names & {"learning_rate", "batch_size", "epochs", "patience", "word_dropout"}
