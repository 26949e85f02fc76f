from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch

from core.base.events import CheckpointDue, Finished, LanguageEpoch, StepDone
from core.generation import training
from core.generation.config import LearningConfig
from core.generation.model import CausalTransformer
from core.generation.training import mean_loss, train
from core.training import loop
from tests.core.generation.conftest import tiny_model

# 2 always follows 1, 3 follows 2, and so on.
PIECES = [[0, *range(first, first + 4), 0] for first in (1, 2, 3, 4, 5)] * 8


def run(model: CausalTransformer, validation: Any = PIECES[:5], **settings: Any) -> list[Any]:
    others = {name: settings.pop(name) for name in ("should_stop", "resume") if name in settings}
    config = LearningConfig(**{"batch_size": 8, "learning_rate": 0.01, "epochs": 3, **settings})
    return list(train(model, lambda epoch: PIECES, validation, config, **others))


def test_it_learns_what_follows_what() -> None:
    model = tiny_model(12, dropout=0.0)
    before = mean_loss(model, PIECES)
    events = run(model, epochs=8)
    epochs = [event for event in events if isinstance(event, LanguageEpoch)]
    assert epochs[-1].validation_loss < before / 2
    assert epochs[-1].validation_perplexity == pytest.approx(math.exp(epochs[-1].validation_loss))


def test_the_loss_is_that_of_the_probabilities_of_what_came() -> None:
    model = tiny_model(12)
    pieces = [[0, 3, 4, 0], [0, 5, 0]]
    expected = []
    for piece in pieces:
        chances = torch.softmax(model(torch.tensor([piece[:-1]])), dim=-1)[0].detach()
        expected += [-math.log(float(chances[place, token])) for place, token in enumerate(piece[1:])]
    assert mean_loss(model, pieces) == pytest.approx(sum(expected) / 5, rel=1e-5)


def test_a_resumed_run_equals_an_uninterrupted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    model = tiny_model(12, dropout=0.3)
    events = run(model)
    states = [event.state for event in events if isinstance(event, CheckpointDue)]
    other = tiny_model(12, dropout=0.3)
    rest = run(other, resume=copy.deepcopy(states[len(states) // 2]))
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    last, again = ([one for one in found if isinstance(one, LanguageEpoch)][-1] for found in (events, rest))
    assert (last.epoch, last.training_loss, last.validation_loss) == (
        again.epoch,
        again.training_loss,
        again.validation_loss,
    )


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best_epoch() -> None:
    backwards = [[0, *reversed(range(1, 11)), 0]]  # the better it learns, the less it expects this
    model = tiny_model(12, dropout=0.0)
    events = run(model, backwards, epochs=30, loss_patience=2)
    epochs = [event for event in events if isinstance(event, LanguageEpoch)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.epochs == finished.best_epoch + 2 < 30
    assert finished.reason.key == "generation.stopped_early"
    assert mean_loss(model, backwards) == pytest.approx(epochs[finished.best_epoch - 1].validation_loss, rel=1e-6)


def test_stopped_before_the_first_epoch_there_is_no_best_one() -> None:
    events = run(tiny_model(12), should_stop=lambda: True)
    assert [type(event) for event in events] == [StepDone, Finished]
    assert events[-1].best_epoch == 0


def test_a_run_that_goes_astray_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "mean_loss", lambda *_: math.nan)
    events = run(tiny_model(12))
    assert events[-1].best_epoch == 0
