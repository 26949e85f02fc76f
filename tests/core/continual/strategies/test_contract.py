"""What every strategy must keep to, with every architecture; a new one is tested as soon as it is listed."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.base.events import CheckpointDue
from core.continual.methods import FINETUNE, STRATEGIES, Method
from core.continual.strategies import ClosedForm, Experience, Memory, Strategy
from core.continual.strategies.importance import Importance
from core.continual.strategies.lwf import LearningWithoutForgetting
from core.networks.architectures import MODELS
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.standalone.pipeline import UNKNOWN
from core.networks.text import Examples
from core.training import TrainingConfig, loop
from core.training.objectives.supervised import train
from core.workflows.versions.folder import VersionFolder
from tests.core.experiences import classified
from tests.encoders import make_model

CLASSES = ("bad", "good", "unsure")  # the third comes with the second experience
VOCABULARY = {1: 40, 2: 46}
CONFIG = TrainingConfig(epochs=2, batch_size=8, learning_rate=5e-3)
CHECKPOINT = 4  # of 6 steps and more, so in the second epoch
CPU = torch.device("cpu")
SMALL = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16, "layers": 1},
    "transformer": {"embedding_size": 16, "hidden_size": 32, "layers": 1},
    "ngrams": {"embedding_size": 8, "buckets": 1024},
}

# What switches a strategy off: with these settings, and the size of the memory, an update is fine-tuning.
OFF: dict[str, list[dict[str, Any]]] = {
    "finetune": [{}],
    "replay": [{"memory": 0}, {"replay_ratio": 0.0}],
    "self_training": [{"memory": 0}, {"replay_ratio": 0.0}],  # where targets leave nothing open
    "der": [{"memory": 0}, {"der_alpha": 0.0}],
    "derpp": [{"memory": 0}, {"der_alpha": 0.0, "der_beta": 0.0}],
    "agem": [{"memory": 0}],
    "ewc": [{"ewc_strength": 0.0}],
    "si": [{"si_strength": 0.0}],
    "mas": [{"mas_strength": 0.0}],
    "lwf": [{"lwf_strength": 0.0}],
    "gdumb": [{"memory": 0}],
}
NEVER_OFF = {
    "joint": "learns from all rows of all experiences; without them there is nothing left of it",
    **dict.fromkeys(
        ("ncm", "ridge", "slda"), "solves for the head from sums over all rows; there is no strength to turn down"
    ),
}


def examples(seed: int, rows: int = 24, *, classes: int = 2, vocabulary: int = 40, known: int = 46) -> Examples:
    """Texts whose words are their token numbers; those that the tokenizer does not know are token 1."""
    generator = np.random.default_rng(seed)
    words = [generator.integers(2, vocabulary, size=generator.integers(2, 7)).tolist() for _ in range(rows)]
    ids = tuple([word if word < known else UNKNOWN for word in text] for text in words)
    return Examples(tuple(" ".join(map(str, text)) for text in words), generator.integers(0, classes, rows), ids)


def encode(texts: Sequence[str], labels: Sequence[str]) -> Examples:
    numbers = np.array([CLASSES.index(label) for label in labels], dtype=np.int64)
    return Examples(tuple(texts), numbers, tuple([int(part) for part in text.split()] for text in texts))


def experience(number: int, *, past: bool = False, known: int = 46) -> Experience:
    """The first with two labels; the second with three, and with words that the first did not have."""
    nothing = examples(0, 0)
    classes = number + 1
    new = {"classes": classes, "vocabulary": VOCABULARY[number], "known": known}
    return classified(
        number=number,
        train=examples(number, **new),
        validation=examples(100 + number, 16, **new),
        past=examples(1) if past else nothing,
        past_validation=examples(101, 16) if past else nothing,
        outputs=CLASSES[:classes],
        encode=encode,
        known_outputs=0 if number == 1 else 2,
    )


def second(method: Strategy, *, past: bool = False) -> Experience:
    """The second experience as this strategy gets to see it."""
    known = VOCABULARY[1] if method.declared.freezes_encoder else VOCABULARY[2]
    return experience(2, past=past or method.needs_past(), known=known)


def make(model: str, *, number: int = 1) -> TextNetwork:
    torch.manual_seed(0)
    words = VOCABULARY[2 if model == "encoder" else number]  # it can read all of them from the beginning
    return make_model(model, words, number + 1, **SMALL.get(model, {}))


def strategy(name: str, *, memory: int = 20, **settings: Any) -> Strategy:
    return STRATEGIES[name].strategy()(STRATEGIES[name].config_class(**settings), seed=3, memory=Memory(memory))


def gradient_loop(model: TextNetwork, method: Strategy, step: Experience) -> Iterator[Any]:
    yield from train(model, method, step, CONFIG)


def learn(model: TextNetwork, method: Strategy, step: Experience) -> dict[str, Tensor]:
    for _ in method.learn(model, step, gradient_loop):
        pass
    method.end_experience(model, step)
    return copy.deepcopy(model.state_dict())


def learner(model: str, weights: dict[str, Tensor], kind: Method) -> TextNetwork:
    """Who learns the second experience, as in an update: the first one's weights with room for what is new."""
    if kind.starts_fresh:
        return make(model, number=2)
    network = make(model)
    network.load_state_dict(weights)
    torch.manual_seed(1)
    if not kind.freezes_encoder:
        network.grow_vocabulary(VOCABULARY[2])
    network.grow_outputs(3)
    return network


def same(first: dict[str, Any], second: dict[str, Any], *, rounding: float = 0.0) -> bool:
    """Whether all values agree, tensors bit for bit or up to a relative rounding."""

    def agree(left: Any, other: Any) -> bool:
        if not isinstance(left, Tensor):
            return bool(left == other)
        if not rounding:
            return torch.equal(left, other)
        return left.shape == other.shape and torch.allclose(left, other, rtol=rounding, atol=rounding)

    return first.keys() == second.keys() and all(agree(first[name], second[name]) for name in first)


@dataclass(frozen=True)
class Story:
    """Two experiences, learned without interruption."""

    first: dict[str, Tensor]
    state: dict[str, Any]  # between them
    checkpoint: bytes  # of the second
    second: dict[str, Tensor]
    end: dict[str, Any]


@cache
def story(name: str, model: str) -> Story:
    method = strategy(name)
    first = learn(make(model), method, experience(1))
    state = copy.deepcopy(method.state())
    network = learner(model, first, STRATEGIES[name])
    step = second(method)
    checkpoints = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0)
        patch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
        for event in method.learn(network, step, gradient_loop):
            if isinstance(event, CheckpointDue):
                checkpoints.append(event.state)
    method.end_experience(network, step)
    file = io.BytesIO()
    if checkpoints:
        torch.save(checkpoints[CHECKPOINT - 1], file)
    return Story(first, state, file.getvalue(), copy.deepcopy(network.state_dict()), copy.deepcopy(method.state()))


pairs = [(name, model) for name in STRATEGIES for model in MODELS]
every_pair = pytest.mark.parametrize(("name", "model"), pairs)
every_strategy = pytest.mark.parametrize("name", list(STRATEGIES))


@every_pair
def test_a_first_experience_is_fine_tuning_bit_for_bit(name: str, model: str) -> None:
    assert same(story(name, model).first, story("finetune", model).first)


@every_strategy
def test_a_strategy_is_what_its_declaration_says(name: str) -> None:
    assert STRATEGIES[name].name == name
    assert STRATEGIES[name].strategy().declared is STRATEGIES[name]
    assert STRATEGIES[name].freezes_encoder == isinstance(strategy(name), ClosedForm)
    assert STRATEGIES[name].protects == isinstance(strategy(name), (Importance, LearningWithoutForgetting))


def test_it_is_known_of_every_strategy_what_switches_it_off() -> None:
    assert STRATEGIES.keys() <= OFF.keys() | NEVER_OFF.keys()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("name", "off"), [(name, settings) for name in OFF for settings in OFF[name]])
def test_switched_off_the_second_experience_is_fine_tuning_bit_for_bit(
    name: str, off: dict[str, Any], model: str
) -> None:
    method = strategy(name, **off)
    method.restore(story(name, model).state)
    assert not method.needs_past()
    network = learner(model, story("finetune", model).first, FINETUNE)
    assert same(learn(network, method, experience(2)), story("finetune", model).second)


@every_pair
def test_the_second_experience_is_not_fine_tuning_otherwise(name: str, model: str) -> None:
    if name != "finetune":
        assert not same(story(name, model).second, story("finetune", model).second)


@every_pair
def test_stored_and_restored_between_experiences_is_the_same_as_uninterrupted(
    name: str, model: str, tmp_path: Path
) -> None:
    whole = story(name, model)
    VersionFolder(tmp_path).save_state(whole.state)
    restored = strategy(name)
    restored.restore(VersionFolder(tmp_path).load_state())
    network = learner(model, whole.first, restored.declared)
    assert same(learn(network, restored, second(restored)), whole.second)
    # Of a symmetric matrix of sums only one half is stored; the other may differ in the last of its 15 digits.
    assert same(restored.state(), whole.end, rounding=1e-12 if restored.declared.freezes_encoder else 0.0)


@every_pair
def test_interrupted_within_an_experience_and_resumed_is_the_same_as_uninterrupted(name: str, model: str) -> None:
    whole = story(name, model)
    if not whole.checkpoint:
        pytest.skip("learns without the gradient loop: nothing to resume")
    state = torch.load(io.BytesIO(whole.checkpoint), weights_only=True)
    method = strategy(name)
    method.restore(copy.deepcopy(whole.state))
    network, step = learner(model, whole.first, method.declared), second(method)

    def rest(model: TextNetwork, method: Strategy, step: Experience) -> Iterator[Any]:
        yield from train(model, method, step, CONFIG, resume=state)

    for _ in method.learn(network, step, rest):
        pass
    method.end_experience(network, step)
    assert same(network.state_dict(), whole.second)
    assert same(method.state(), whole.end)


@every_strategy
def test_the_same_seed_gives_the_same_run(name: str) -> None:
    method = strategy(name)
    first = learn(make("ngrams"), method, experience(1))
    network = learner("ngrams", first, method.declared)
    torch.rand(5)  # what the surrounding program draws has no influence
    assert same(learn(network, method, second(method)), story(name, "ngrams").second)


@every_strategy
def test_the_programs_random_numbers_are_left_alone(name: str) -> None:
    method = strategy(name)
    method.restore(copy.deepcopy(story(name, "ngrams").state))
    network, step = learner("ngrams", story(name, "ngrams").first, method.declared), second(method, past=True)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    learn(network, method, step)
    assert torch.equal(torch.get_rng_state(), before)


@every_strategy
def test_the_experience_is_left_as_it_was(name: str) -> None:
    method = strategy(name)
    method.restore(copy.deepcopy(story(name, "ngrams").state))
    step = second(method, past=True)
    before = copy.deepcopy((step.train, step.validation, step.past, step.past_validation))
    learn(learner("ngrams", story(name, "ngrams").first, method.declared), method, step)
    for kept, now in zip(before, (step.train, step.validation, step.past, step.past_validation), strict=True):
        assert kept.texts == now.texts
        assert kept.ids == now.ids
        assert np.array_equal(kept.targets, now.targets)


@every_pair
def test_new_labels_keep_the_old_logits_until_something_is_learned(name: str, model: str) -> None:
    kind = STRATEGIES[name]
    if kind.starts_fresh:
        pytest.skip("starts from random weights")
    before = make(model)
    before.load_state_dict(story(name, model).first)
    grown, method = learner(model, story(name, model).first, kind), strategy(name)
    method.restore(copy.deepcopy(story(name, model).state))
    method.begin_experience(grown, second(method))
    old, new = (predict_logits(network, examples(1), CPU) for network in (before, grown))
    torch.testing.assert_close(new[:, :2], old, rtol=0, atol=1e-6)  # a wider product may round otherwise


@every_pair
def test_new_labels_and_words_are_learned(name: str, model: str) -> None:
    whole = story(name, model)
    untouched = learner(model, whole.first, STRATEGIES[name])
    if not STRATEGIES[name].freezes_encoder:  # it may put fixed features between encoder and head
        assert all(whole.second[key].shape == value.shape for key, value in untouched.state_dict().items())
    assert not torch.equal(whole.second["head.weight"][2], untouched.head.weight[2])
    assert all(torch.isfinite(value).all() for value in whole.second.values())


@every_strategy
def test_a_version_of_another_strategy_can_be_the_base(name: str) -> None:
    method = strategy(name)
    method.restore(copy.deepcopy(story("finetune", "ngrams").state))
    network = learner("ngrams", story("finetune", "ngrams").first, method.declared)
    learned = learn(network, method, second(method))
    assert all(torch.isfinite(value).all() for value in learned.values())


@every_strategy
def test_every_version_remembers_for_the_next(name: str) -> None:
    memory = Memory.from_dict(story(name, "ngrams").end["memory"])
    assert len(memory) == 20
    assert {row.experience for rows in memory.rows.values() for row in rows} == {1, 2}
