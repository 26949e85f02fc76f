"""Learning from pairs, then the head alone: on the tiny encoder and a few dozen made-up texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from core.base.events import CheckpointDue, EpochDone, Finished, StepDone
from core.continual.methods import STRATEGIES, StrategyConfig
from core.continual.strategies import Strategy
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.training import TrainingConfig, loop
from core.training.objectives import pairs, supervised
from core.training.objectives.pairs import balanced_batch, pair_loss
from tests.core.training.test_loop import VOCABULARY, experience, figures, rows, same_weights
from tests.encoders import make_model

CPU = torch.device("cpu")
CONFIG = TrainingConfig(learning_rate=5e-3, batch_size=8, epochs=2, patience=0)


def make(tuning: str = "contrastive", **settings: Any) -> TextNetwork:
    torch.manual_seed(0)
    asked = {"pair_readings": 4, "encoder_learning_rate": 1e-3, **settings}
    return make_model("encoder", VOCABULARY, 2, tuning=tuning, **asked)


def start(model: TextNetwork, strategy: Strategy | None = None, **others: Any) -> Iterator[Any]:
    return pairs.learn(model, strategy or Strategy(StrategyConfig()), experience(), CONFIG, **others)


def test_the_loss_is_the_error_of_all_cosines_with_both_kinds_weighing_half() -> None:
    features = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    # Same label: texts 0 and 1, cosine 0, error 1. Different: 0 and 2, cosine 1, error 1; 1 and 2, cosine 0, error 0.
    assert pair_loss(features, torch.tensor([0, 0, 1])).item() == pytest.approx((1 + 0.5) / 2)
    assert pair_loss(features, torch.tensor([0, 1, 2])).item() == pytest.approx(1 / 3)


def test_a_batch_has_as_many_of_each_label_however_rare() -> None:
    labels = np.array([0] * 50 + [1] * 4 + [2] * 50)
    drawn = balanced_batch(labels, 12, (0, 0))
    assert np.bincount(labels[drawn]).tolist() == [4, 4, 4]
    assert len(set(drawn)) == 12
    assert not np.array_equal(drawn, balanced_batch(labels, 12, (0, 1)))
    many = balanced_batch(np.repeat(np.arange(20), 5), 8, (0, 0))
    assert sorted(np.unique(many // 5, return_counts=True)[1]) == [2, 2, 2, 2]


def test_pairs_move_the_encoder_and_bring_texts_of_a_label_together() -> None:
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    events = list(start(model))
    bars = [event.step / event.steps for event in events if isinstance(event, StepDone)]
    assert bars == sorted(bars)
    assert bars[-1] == 1
    assert any(
        "attention" in name and not torch.equal(value, before[name])
        for name, value in model.state_dict().items()
        if name in before
    )
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, EpochDone) for event in events) == 34  # 44 rows: six steps an epoch, 200 in all
    right = predict_logits(model, rows(40, seed=3), CPU).argmax(dim=1).numpy() == rows(40, seed=3).targets
    assert right.mean() > 0.8


def test_features_are_scaled_and_nothing_stays_frozen_or_remembered_afterwards() -> None:
    model = make()
    learned = {name for name, _ in model.learned_parameters()}
    list(start(model))
    assert model.lift is not None
    assert {name for name, _ in model.learned_parameters()} == learned
    assert model.cache is None  # type: ignore[attr-defined]
    assert not model.encodes_once


def test_other_tunings_learn_as_ever() -> None:
    first, second = make("full"), make("full")
    plain = supervised.train(second, Strategy(StrategyConfig()), experience(), CONFIG)
    assert figures(list(start(first))) == figures(list(plain))
    assert same_weights(first, second)


@pytest.mark.parametrize("half", ["pairs", "head"])
def test_a_resumed_run_ends_as_an_uninterrupted_one(half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    whole = make()
    list(start(whole))
    broken = make()
    states = []
    for event in start(broken):
        if isinstance(event, CheckpointDue) and ("pairs" in event.state) == (half == "pairs"):
            states.append(event.state)
            if len(states) == 5:
                break
    torch.manual_seed(99)
    resumed = make()
    list(start(resumed, resume=states[-1]))
    assert same_weights(whole, resumed)


def test_stopped_while_learning_pairs_there_is_nothing_to_keep() -> None:
    asked = iter([False, False, True])
    events = list(start(make(), should_stop=lambda: next(asked, True)))
    assert isinstance(events[-1], Finished)
    assert events[-1].best_epoch == 0
    assert not any(isinstance(event, EpochDone) for event in events)


@pytest.mark.parametrize("name", ["replay", "ewc", "si", "agem", "lwf"])
def test_strategies_learn_from_pairs_too(name: str) -> None:
    kind = STRATEGIES[name]
    model, strategy = make(), kind.strategy()(kind.config_class())
    lesson = experience()
    for event in strategy.learn(model, lesson, lambda *parts: pairs.learn(*parts, CONFIG)):
        last = event
    assert isinstance(last, Finished)
    strategy.end_experience(model, lesson)
    assert strategy.state()
