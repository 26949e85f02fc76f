"""The training loop with every architecture, on a few dozen made-up texts."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from core.base.events import CheckpointDue, EpochDone, Event, Finished, StepDone
from core.continual.methods import StrategyConfig
from core.continual.strategies import Experience, Strategy
from core.networks.architectures import MODELS
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.text import Examples
from core.tasks.text_classification.task import TextClassification
from core.training import TrainingConfig, loop
from core.training.objectives.supervised import train
from tests.core.experiences import classified
from tests.encoders import make_model

VOCABULARY = 30
SMALL = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16},
    "transformer": {"embedding_size": 16, "hidden_size": 32},
    "ngrams": {"embedding_size": 16, "buckets": 1024},
}
CONFIG = TrainingConfig(learning_rate=5e-3, batch_size=8, epochs=3, patience=20)
CPU = torch.device("cpu")

every_model = pytest.mark.parametrize("name", list(MODELS))


def rows(count: int, *, seed: int, classes: int = 2) -> Examples:
    """Texts of 2 to 9 tokens; the label's own token (2, 3, …) stands among random ones."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % classes
    ids = []
    for label in labels:
        others = generator.integers(10, VOCABULARY, generator.integers(1, 9)).tolist()
        others.insert(int(generator.integers(len(others) + 1)), 2 + int(label))
        ids.append(others)
    return Examples(tuple(f"text {number}" for number in range(count)), labels, tuple(ids))


def experience(train_rows: Examples | None = None, validation: Examples | None = None, **settings: Any) -> Experience:
    train_rows = train_rows if train_rows is not None else rows(44, seed=1)
    validation = validation if validation is not None else rows(12, seed=2)
    empty = train_rows.take([])
    return classified(1, train_rows, validation, empty, empty, ("bad", "good"), lambda texts, labels: empty, **settings)


def make(name: str) -> TextNetwork:
    torch.manual_seed(0)
    return make_model(name, VOCABULARY, 2, **SMALL.get(name, {}))


def start(model: TextNetwork, config: TrainingConfig = CONFIG, **others: Any) -> Iterator[Event]:
    strategy = others.pop("strategy", None) or Strategy(StrategyConfig())
    return train(model, strategy, others.pop("experience", None) or experience(), config, **others)


def figures(events: list[Event]) -> list[tuple[Any, ...]]:
    """Everything that must repeat; times do not."""
    kept: list[tuple[Any, ...]] = []
    for event in events:
        if isinstance(event, StepDone):
            kept.append((event.epoch, event.step, event.steps, event.loss))
        if isinstance(event, EpochDone):
            kept.append((event.epoch, event.training_loss, event.validation_loss, event.scores["macro_f1"], event.best))
        if isinstance(event, Finished):
            kept.append((event.best_epoch, event.epochs, event.reason))
    return kept


def same_weights(model: TextNetwork, other: TextNetwork) -> bool:
    pairs = zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


@every_model
def test_events_come_in_order(name: str) -> None:
    events = list(start(make(name)))
    steps = 6  # 44 rows in batches of 8
    expected = ([StepDone] * steps + [EpochDone]) * CONFIG.epochs + [Finished]
    assert [type(event) for event in events] == expected
    assert [(event.epoch, event.step) for event in events if isinstance(event, StepDone)] == list(
        itertools.product(range(1, CONFIG.epochs + 1), range(1, steps + 1))
    )
    assert {(event.epochs, event.steps) for event in events if isinstance(event, StepDone)} == {(CONFIG.epochs, steps)}
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.epochs == CONFIG.epochs
    best_at_the_end = finished.best_epoch == CONFIG.epochs
    assert finished.reason.key == f"training.{'best_at_the_end' if best_at_the_end else 'epochs_used_up'}"


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((0.5, 0.6, 0.7), "best_at_the_end"),
        ((0.5, 0.7, 0.6), "epochs_used_up"),
        ((0.5,), "epochs_used_up"),  # nothing was there to be better than
    ],
)
def test_a_run_that_was_best_at_its_end_says_so(
    scores: tuple[float, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = iter(scores)
    monkeypatch.setattr(TextClassification, "measure", lambda *_: {"macro_f1": next(measured), "accuracy": 0.5})
    finished = list(start(make("ngrams"), CONFIG.model_copy(update={"epochs": len(scores)})))[-1]
    assert isinstance(finished, Finished)
    assert finished.reason.key == f"training.{reason}"


@every_model
def test_same_seed_same_run(name: str) -> None:
    first, second = make(name), make(name)
    events = list(start(first))
    torch.rand(5)  # what the surrounding program draws has no influence
    assert figures(list(start(second))) == figures(events)
    assert same_weights(first, second)


@every_model
def test_another_seed_is_another_run(name: str) -> None:
    first, second = make(name), make(name)
    events = list(start(first))
    assert figures(list(start(second, CONFIG.model_copy(update={"seed": 1})))) != figures(events)


@every_model
def test_a_run_leaves_the_programs_random_numbers_alone(name: str) -> None:
    model = make(name)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    list(start(model))
    assert torch.equal(torch.rand(3), expected)


@every_model
@pytest.mark.parametrize("checkpoint", [1, 8])  # early in the first epoch, and after a best epoch was kept
def test_a_resumed_run_goes_on_bit_for_bit(name: str, checkpoint: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(name)
    uninterrupted = figures(list(start(whole)))

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    seen: list[Event] = []
    run = start(make(name))
    for _ in range(checkpoint):
        seen += itertools.takewhile(lambda event: not isinstance(event, CheckpointDue), run)
    # As a process does that ends here: what is left is the last checkpoint, on disk.
    state = next(event for event in run if isinstance(event, CheckpointDue)).state
    seen_before = [event for event in figures(seen) if event in uninterrupted]
    assert seen_before == uninterrupted[: len(seen_before)]
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)

    fresh = make(name)
    with torch.no_grad():
        fresh.head.weight.add_(1)  # whatever it held before, the checkpoint decides
    rest = figures(list(start(fresh, resume=state)))
    assert 0 < len(rest) < len(uninterrupted)
    assert rest == uninterrupted[-len(rest) :]
    assert same_weights(fresh, whole)


@every_model
def test_a_checkpoint_is_not_changed_by_the_steps_after_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    run = start(make(name))
    state = next(event for event in run if isinstance(event, CheckpointDue)).state
    before = io.BytesIO()
    torch.save(state, before)
    list(run)
    after = io.BytesIO()
    torch.save(state, after)
    assert before.getvalue() == after.getvalue()


@every_model
def test_the_loss_goes_down_and_the_labels_are_learned(name: str) -> None:
    model = make(name)
    rate = 0.2 if name == "linear" else 2e-2  # its weights are single numbers, and start far off here
    config = CONFIG.model_copy(update={"epochs": 20, "learning_rate": rate})
    epochs = [event for event in start(model, config) if isinstance(event, EpochDone)]
    assert epochs[-1].training_loss < 0.7 * epochs[0].training_loss
    assert max(event.scores["accuracy"] for event in epochs) >= 0.9


@every_model
def test_early_stopping_restores_the_best_epoch(name: str) -> None:
    # The validation rows carry the wrong labels: the better the model learns, the worse they score.
    validation = rows(24, seed=2)
    validation = Examples(validation.texts, 1 - validation.targets, validation.ids)
    config = CONFIG.model_copy(update={"epochs": 30, "patience": 2, "learning_rate": 2e-2})
    model = make(name)
    events = list(start(model, config, experience=experience(validation=validation)))
    epochs = [event for event in events if isinstance(event, EpochDone)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.reason.key == "training.stopped_early"
    assert finished.epochs == len(epochs) == finished.best_epoch + config.patience
    best = max(epochs, key=lambda event: (event.scores["macro_f1"], -event.validation_loss))
    assert best.epoch == finished.best_epoch == max(event.epoch for event in epochs if event.best)
    predicted = predict_logits(model, validation, CPU).argmax(dim=1).numpy()
    assert float((predicted == validation.targets).mean()) == best.scores["accuracy"]
    assert not model.training


def test_with_no_patience_all_epochs_are_run_and_the_last_one_is_kept() -> None:
    # The validation rows carry the wrong labels, so the first epoch scores best.
    validation = rows(24, seed=2)
    validation = Examples(validation.texts, 1 - validation.targets, validation.ids)
    config = CONFIG.model_copy(update={"epochs": 8, "patience": 0, "learning_rate": 2e-2})
    model = make("ngrams")
    events = list(start(model, config, experience=experience(validation=validation)))
    epochs = [event for event in events if isinstance(event, EpochDone)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert (finished.best_epoch, finished.epochs, finished.reason.key) == (8, 8, "training.epochs_used_up")
    assert epochs[0].scores["macro_f1"] > epochs[-1].scores["macro_f1"]
    predicted = predict_logits(model, validation, CPU).argmax(dim=1).numpy()
    assert float((predicted == validation.targets).mean()) == epochs[-1].scores["accuracy"]


@every_model
def test_stopping_by_hand_keeps_the_best_epoch_so_far(name: str) -> None:
    model, full = make(name), make(name)
    asked = itertools.count(1)
    # Asked after each of the 6 steps and after the epoch: the 10th time is in the middle of the second epoch.
    events = list(start(model, should_stop=lambda: next(asked) >= 10))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.reason.key == "training.stopped_by_hand"
    assert (finished.best_epoch, finished.epochs) == (1, 1)
    run = start(full)
    next(event for event in run if isinstance(event, EpochDone))
    torch.testing.assert_close(
        predict_logits(model, rows(12, seed=2), CPU), predict_logits(full, rows(12, seed=2), CPU)
    )


def test_stopping_before_the_first_epoch_ends_says_so() -> None:
    events = list(start(make("ngrams"), should_stop=lambda: True))
    assert [type(event) for event in events] == [StepDone, Finished]
    assert (events[-1].best_epoch, events[-1].epochs) == (0, 0)


def test_balanced_class_weights_find_the_rare_label() -> None:
    train_rows = rows(80, seed=1)
    kept = [number for number in range(80) if train_rows.targets[number] == 0 or number < 8]  # 40 rows and 4 rows
    recall = {}
    for weights in ("none", "balanced"):
        config = CONFIG.model_copy(update={"epochs": 10, "learning_rate": 2e-2})
        model = make("ngrams")
        validation = rows(40, seed=3)
        list(start(model, config, experience=experience(train_rows.take(kept), validation, class_weights=weights)))
        probabilities = torch.softmax(predict_logits(model, validation, CPU), dim=1)
        recall[weights] = float(probabilities[validation.targets == 1, 1].mean())
    assert recall["balanced"] > recall["none"] + 0.1


def test_a_strategy_sees_every_step() -> None:
    class Watching(Strategy):
        def __init__(self) -> None:
            super().__init__(StrategyConfig())
            self.epochs: list[int] = []
            self.gradients: list[bool] = []

        def training_set(self, experience: Experience, epoch: int) -> Examples:
            self.epochs.append(epoch)
            return experience.train

        def adjust_gradients(self, model: TextNetwork, batch: Any) -> None:
            self.gradients.append(model.head.weight.grad is not None)

    strategy = Watching()
    list(start(make("bilstm"), strategy=strategy))
    assert strategy.epochs == [1, 1, 2, 3]  # the first call only measures the size of the run
    assert strategy.gradients == [True] * 18


def test_inputs_are_left_as_they_were() -> None:
    given = experience()
    before = ([list(ids) for ids in given.train.ids], given.train.targets.copy())
    list(start(make("ngrams"), experience=given))
    assert [list(ids) for ids in given.train.ids] == before[0]
    assert np.array_equal(given.train.targets, before[1])
