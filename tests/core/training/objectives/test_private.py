"""Steps over rows drawn by chance, hidden in noise: on a few dozen made-up texts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.base.events import CheckpointDue, EpochDone, Finished, StepDone
from core.continual.methods import StrategyConfig
from core.continual.methods.protecting import LwfConfig
from core.continual.noise import Noise
from core.continual.strategies import Strategy
from core.continual.strategies.lwf import LearningWithoutForgetting
from core.networks.encoders.batches import make_batch
from core.training import TrainingConfig, loop
from core.training.objectives import private
from core.training.objectives.private import _Private
from tests.core.training.test_loop import experience, make

CPU = torch.device("cpu")
CONFIG = TrainingConfig(learning_rate=5e-3, batch_size=16, epochs=2, word_dropout=0.0)


def objective(noise: Noise, name: str = "ngrams") -> tuple[_Private, Any]:
    model = make(name)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    return _Private(model, Strategy(StrategyConfig()), experience(), CONFIG, noise, CPU), model


def step(made: _Private, rows: np.ndarray | None = None) -> list[Tensor]:
    with made.recorder.watching():
        made.loss(made.batches(1)[0] if rows is None else rows)
    made.before_step()
    return [own.grad.clone() for own in made.recorder.learned]


def test_without_noise_and_clipping_a_step_has_the_gradient_of_the_mean_loss() -> None:
    made, model = objective(Noise(0.0, 1e9))
    gradients = step(made)

    batch = make_batch(experience().train, np.arange(44), CPU)
    model.zero_grad()
    experience().criterion(experience().train)(model(batch.tokens, batch.mask), batch.targets).backward()
    for found, own in zip(gradients, made.recorder.learned, strict=True):
        torch.testing.assert_close(found, own.grad.to_dense(), rtol=1e-4, atol=1e-6)


def test_the_noise_has_the_deviation_that_was_asked_for_and_padding_has_none() -> None:
    made, model = objective(Noise(3.0, 0.5))
    gradients = step(made, np.zeros(0, dtype=np.int64))  # no row at all: noise alone

    table = max(gradients, key=len)
    assert float(table.std()) == pytest.approx(3.0 * 0.5 / 44, rel=0.02)
    assert not table[model.buckets].any()


def test_a_row_more_moves_a_step_by_the_clipping_norm_at_most() -> None:
    secret = 7
    made, _ = objective(Noise(1.0, 0.1, secret=secret))
    other, _ = objective(Noise(1.0, 0.1, secret=secret))

    more, fewer = step(made, np.arange(44)), step(other, np.arange(43))

    moved = sum(float((one - two).square().sum()) for one, two in zip(more, fewer, strict=True)) ** 0.5
    assert 0 < moved * 44 <= 0.1 * (1 + 1e-4)


def test_each_row_takes_part_by_chance_and_by_itself() -> None:
    made, _ = objective(Noise(1.0, 1.0, sample_rate=0.25))
    sizes = [len(rows) for epoch in range(1, 101) for rows in made.batches(epoch)]

    assert len(sizes) == 400
    assert np.mean(sizes) == pytest.approx(11, rel=0.1)
    assert np.std(sizes) == pytest.approx((44 * 0.25 * 0.75) ** 0.5, rel=0.2)


def test_a_group_takes_part_as_a_whole_with_no_more_rows_than_were_allowed() -> None:
    groups = np.arange(44) // 11
    made, _ = objective(Noise(1.0, 1.0, sample_rate=0.5, units=groups, most_rows=3))

    for rows in itertools.chain.from_iterable(made.batches(epoch) for epoch in range(1, 20)):
        taken, counts = np.unique(groups[rows], return_counts=True)
        assert counts.tolist() == [3] * len(taken)


@pytest.mark.parametrize("name", ["ngrams", "bilstm"])
def test_a_run_that_was_stopped_goes_on_with_the_same_rows_and_the_same_noise(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)

    def run(**others: Any) -> tuple[list[Any], dict[str, Tensor]]:
        model = make(name)
        noise = Noise(1.0, 1.0, sample_rate=0.34)  # a seed of its own each time
        events = list(private.train(model, Strategy(StrategyConfig()), experience(), CONFIG, noise, **others))
        return events, model.state_dict()

    events, weights = run()
    checkpoint = [event for event in events if isinstance(event, CheckpointDue)][3]
    resumed, again = run(resume=checkpoint.state)

    assert all(torch.equal(weights[key], again[key]) for key in weights)
    assert len([event for event in resumed if isinstance(event, StepDone)]) == 2
    assert not all(torch.equal(weights[key], value) for key, value in run()[1].items())


def test_all_epochs_are_run_and_the_last_weights_are_kept() -> None:
    model = make("ngrams")
    noise = Noise(1.0, 1.0, sample_rate=0.5)
    config = CONFIG.model_copy(update={"epochs": 4, "patience": 1})

    events = list(private.train(model, Strategy(StrategyConfig()), experience(), config, noise))

    ended = events[-1]
    assert isinstance(ended, Finished)
    assert (ended.best_epoch, ended.epochs) == (4, 4)
    assert sum(isinstance(event, EpochDone) for event in events) == 4


def test_learning_without_forgetting_is_seen_row_by_row_too() -> None:
    model, later = make("ngrams"), replace(experience(), number=2, known_outputs=2)
    noise = Noise(1.0, 1.0, sample_rate=0.5)

    events = list(
        LearningWithoutForgetting(LwfConfig()).learn(model, later, lambda *of: private.train(*of, CONFIG, noise))
    )

    assert isinstance(events[-1], Finished)
    assert all(bool(value.isfinite().all()) for value in model.parameters())
