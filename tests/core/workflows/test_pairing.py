"""Which models a strategy with features that stay does not suit, and where that is said."""

from __future__ import annotations

import pytest

from core.workflows.requests import TrainRequest, UpdateRequest, first_strategy, pairing_remark
from core.workflows.train.run import train_classifier
from core.workflows.update.outlook import outlook
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

KEY = "strategy.features_stay"


@pytest.mark.parametrize("strategy", ["slda", "ridge", "ncm"])
def test_features_that_stay_suit_what_was_counted_or_pretrained(strategy: str) -> None:
    assert [pairing_remark(model, strategy) for model in ("hashed", "encoder")] == [None, None]
    for model in ("linear", "ngrams", "bilstm", "transformer"):
        remark = pairing_remark(model, strategy)
        assert remark is not None
        assert remark.key == KEY


def test_other_strategies_suit_every_model() -> None:
    assert {pairing_remark(model, "replay") for model in ("linear", "ngrams", "hashed", "encoder")} == {None}


def test_it_is_said_before_an_update_and_with_it(workspace: Workspace) -> None:
    fast = {"epochs": 1, "buckets": 1024, "embedding_size": 8}
    first = TrainRequest(classifier="c", dataset=save(workspace, reviews(60)).id, model="ngrams", settings=fast)
    list(train_classifier(first, workspace))
    expected = outlook(VersionFolder(workspace.registry.folder("c", 1)), "slda").remark
    assert expected is not None
    assert expected.key == KEY
    batch = save(workspace, reviews(60, seed=1)).id
    *_, completed = update_classifier(UpdateRequest(classifier="c", dataset=batch, strategy="slda"), workspace)
    assert KEY in [finding["key"] for finding in completed.report["findings"]]


def test_an_update_starts_from_the_closed_form_that_a_version_was_learned_by(workspace: Workspace) -> None:
    request = TrainRequest(classifier="c", dataset=save(workspace, reviews(60)).id, model="hashed", strategy="slda")
    *_, completed = train_classifier(request.model_copy(update={"settings": {"epochs": 1}}), workspace)
    assert first_strategy(completed.report) == "slda"
    batch = save(workspace, reviews(60, seed=1)).id
    *_, completed = update_classifier(UpdateRequest(classifier="c", dataset=batch), workspace)
    assert (completed.report["strategy"], first_strategy(completed.report)) == ("slda", "slda")


def test_otherwise_an_update_starts_from_replay() -> None:
    learned = {"task": "text_classification", "strategy": "train"}
    assert first_strategy({**learned, "model": "hashed", "method": "finetune"}) == "replay"
    assert first_strategy({**learned, "model": "ngrams", "method": "ridge"}) == "replay"
    assert first_strategy({**learned, "model": "hashed", "method": "gone"}) == "replay"
    assert first_strategy({"model": "hashed", "strategy": "train"}) == "replay"  # of editions that did not say
    assert first_strategy({"model": "hashed", "strategy": "ridge"}) == "ridge"
