"""What every strategy must keep to, with every architecture; a new one is tested as soon as it is listed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.models import MODELS, TextClassifier
from core.strategies import STRATEGIES, Experience, Memory, Strategy
from core.text import Examples
from core.training import TrainingConfig, train

CLASSES = ("bad", "good")
CONFIG = TrainingConfig(epochs=2, batch_size=8, learning_rate=5e-3)
SMALL = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16, "layers": 1},
    "transformer": {"embedding_size": 16, "hidden_size": 32, "layers": 1},
    "ngrams": {"embedding_size": 8, "buckets": 1024},
}


def examples(seed: int, rows: int = 32) -> Examples:
    generator = np.random.default_rng(seed)
    ids = tuple(generator.integers(2, 40, size=generator.integers(2, 7)).tolist() for _ in range(rows))
    return Examples(tuple(" ".join(map(str, one)) for one in ids), generator.integers(0, 2, rows), ids)


def encode(texts: Sequence[str], labels: Sequence[str]) -> Examples:
    numbers = np.array([CLASSES.index(label) for label in labels], dtype=np.int64)
    return Examples(tuple(texts), numbers, tuple([int(part) for part in text.split()] for text in texts))


def experience(number: int, *, past: Sequence[int] = ()) -> Experience:
    nothing = examples(0, 0)
    earlier = nothing
    for one in past:
        earlier = earlier.joined(examples(one))
    return Experience(number, examples(number), examples(100 + number, 16), earlier, nothing, CLASSES, encode)


def make(name: str) -> TextClassifier:
    torch.manual_seed(0)
    return MODELS[name](MODELS[name].config_class(**SMALL.get(name, {})), 40, 2)


def strategy(name: str, *, memory: int = 20, **settings: Any) -> Strategy:
    return STRATEGIES[name](STRATEGIES[name].config_class(**settings), seed=3, memory=Memory(memory))


def learn(model: TextClassifier, method: Strategy, step: Experience) -> dict[str, Tensor]:
    def loop(model: TextClassifier, method: Strategy, step: Experience) -> Iterator[Any]:
        yield from train(model, method, step, CONFIG)

    for _ in method.learn(model, step, loop):
        pass
    method.end_experience(model, step)
    return copy.deepcopy(model.state_dict())


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


every_pair = pytest.mark.parametrize(("name", "model"), [(name, model) for name in STRATEGIES for model in MODELS])
every_strategy = pytest.mark.parametrize("name", list(STRATEGIES))


@every_pair
def test_a_first_experience_is_fine_tuning_bit_for_bit(name: str, model: str) -> None:
    assert same(
        learn(make(model), strategy(name), experience(1)), learn(make(model), strategy("finetune"), experience(1))
    )


@every_pair
def test_without_memory_and_past_the_second_experience_is_fine_tuning_too(name: str, model: str) -> None:
    weights = []
    for method in (strategy(name, memory=0), strategy("finetune", memory=0)):
        network = make(model)
        learn(network, method, experience(1))
        weights.append(learn(network, method, experience(2)))
    assert same(*weights)


@every_pair
def test_stored_and_restored_between_experiences_is_the_same_as_uninterrupted(name: str, model: str) -> None:
    network, method = make(model), strategy(name)
    learn(network, method, experience(1))
    stored, state = copy.deepcopy(network.state_dict()), json.dumps(method.state())
    uninterrupted = learn(network, method, experience(2, past=[1]))

    again, restored = make(model), strategy(name)
    again.load_state_dict(stored)
    restored.restore(json.loads(state))
    assert same(learn(again, restored, experience(2, past=[1])), uninterrupted)
    assert restored.state() == method.state()


@every_strategy
def test_the_same_seed_gives_the_same_run(name: str) -> None:
    runs = []
    for _ in range(2):
        network, method = make("ngrams"), strategy(name)
        learn(network, method, experience(1))
        runs.append(learn(network, method, experience(2, past=[1])))
    assert same(*runs)


@every_strategy
def test_the_experience_is_left_as_it_was(name: str) -> None:
    step = experience(2, past=[1])
    before = copy.deepcopy((step.train, step.validation, step.past))
    method = strategy(name)
    method.memory.observe(["3 4 5", "6 7"], ["good", "bad"], experience=1, seed=0)
    learn(make("ngrams"), method, step)
    for kept, now in zip(before, (step.train, step.validation, step.past), strict=True):
        assert kept.texts == now.texts
        assert kept.ids == now.ids
        assert np.array_equal(kept.labels, now.labels)


@every_strategy
def test_every_version_remembers_for_the_next(name: str) -> None:
    method = strategy(name, memory=20)
    learn(make("ngrams"), method, experience(1))
    learn(make("ngrams"), method, experience(2, past=[1]))
    assert len(method.memory) == 20
    assert {row.experience for rows in method.memory.rows.values() for row in rows} == {1, 2}


def test_replay_mixes_as_many_remembered_rows_as_asked() -> None:
    method = strategy("replay", memory=20, replay_ratio=0.5)
    method.end_experience(make("ngrams"), experience(1))
    step = experience(2)
    mixed = method.training_set(step, 1)
    assert len(mixed) == 32 + 16
    assert mixed.texts[:32] == step.train.texts
    assert set(mixed.texts[32:]) <= set(method.memory.examples()[0])
    assert method.training_set(step, 2).texts != mixed.texts


def test_replay_chooses_its_epoch_on_new_rows_alone() -> None:
    # Remembered rows were learned before: they would score near 1 in every epoch.
    method = strategy("replay", memory=20)
    method.end_experience(make("ngrams"), experience(1))
    step = experience(2)
    assert method.validation_set(step) is step.validation


def test_joint_learns_from_everything() -> None:
    step = experience(3, past=[1, 2])
    assert len(strategy("joint").training_set(step, 1)) == 96
