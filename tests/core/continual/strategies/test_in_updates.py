"""Strategies inside the real workflow: what an update reads, keeps and says."""

from __future__ import annotations

from typing import Any

import pytest

from core.base.errors import DataError
from core.continual.methods import STRATEGIES
from core.workflows.learn.candidate import Completed
from core.workflows.learn.learners import first_learner, make_strategy, next_learner, readable_past
from core.workflows.requests import TrainRequest, UpdateRequest, resolve_settings
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 3, "buckets": 1024, "embedding_size": 16, "memory_size": 40, "learning_rate": 0.02, "batch_size": 8}


def train(workspace: Workspace, strategy: str = "finetune", **settings: Any) -> Completed:
    stored = save(workspace, reviews(150))
    request = TrainRequest(
        classifier="Shop", dataset=stored.id, model="ngrams", strategy=strategy, settings={**FAST, **settings}
    )
    *_, completed = train_classifier(request, workspace)
    return completed


def update(workspace: Workspace, strategy: str, *, seed: int = 1, **settings: Any) -> Completed:
    stored = save(workspace, reviews(120, seed=seed, extra=f"extra{seed}", third_label=True), "batch")
    request = UpdateRequest(
        classifier="Shop", dataset=stored.id, strategy=strategy, settings=settings, promote="always"
    )
    *_, completed = update_classifier(request, workspace)
    return completed


def folder(workspace: Workspace, number: int) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", number))


def test_a_strategy_that_watches_says_when_it_comes_too_late(workspace: Workspace) -> None:
    train(workspace)
    assert not any(name.startswith("ewc.") for name in folder(workspace, 1).load_state())
    workspace.datasets.delete(workspace.datasets.list()[0].id)
    with pytest.raises(DataError) as caught:  # it could still measure the past, were it there
        update(workspace, "ewc")
    assert caught.value.message.key == "update.past_missing"
    report = update(workspace, "si").report
    assert "strategy.si_unprotected" in [finding["key"] for finding in report["findings"]]
    assert "si.importance.head.weight" in folder(workspace, 2).load_state()


def test_the_memorys_own_settings_reach_the_version(workspace: Workspace) -> None:
    train(workspace, memory_selection="herding")
    report = update(workspace, "derpp").report
    assert report["classes"] == ["negative", "positive", "question"]
    assert "strategy.memory_empty" not in [finding["key"] for finding in report["findings"]]
    stored = folder(workspace, 2).load_state()["memory"]
    assert stored["selection"] == "herding"
    rows = [row for kept in stored["rows"].values() for row in kept]
    assert len(rows) == 40
    assert {len(row) for row in rows if row[1] == 1} == {3}  # with the answers of version 1
    assert {len(row) for row in rows if row[1] == 2} == {2}


def test_who_starts_fresh_reads_only_the_words_it_may() -> None:
    settings = resolve_settings("ngrams", {**FAST, "memory_size": 1})
    parent = first_learner("ngrams", ["old words", "kept words"], ("a", "b"), settings)
    vocabularies = {}
    for name in ("gdumb", "joint"):
        strategy = make_strategy(name, STRATEGIES[name].config_class(), settings)
        strategy.memory.observe(["kept words"], ["a"], experience=1, seed=0)
        past = readable_past(strategy, ["old words", "kept words"])
        learner = next_learner(parent, ["new words"], ("a", "b"), settings, strategy.declared, past)
        vocabularies[name] = set(learner.pipeline.tokenizer.get_vocab()) - {"[PAD]", "[UNK]"}
    assert vocabularies == {"gdumb": {"kept", "new", "words"}, "joint": {"old", "kept", "new", "words"}}
