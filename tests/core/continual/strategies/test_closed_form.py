"""Closed-form strategies: an update equals a refit, and forgetting equals never having learned."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch import Tensor

from core.base.errors import DataError, ModelError
from core.base.events import EpochDone, Finished, StepDone
from core.continual.methods import STRATEGIES
from core.continual.strategies import ClosedForm, Experience, Memory, Strategy
from core.continual.strategies.linear_head import Coefficients
from core.continual.strategies.ridge import Ridge
from core.networks.architectures import MODELS
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.text import Examples
from core.workflows.versions.folder import VersionFolder
from tests.core.experiences import classified
from tests.encoders import make_model

CPU = torch.device("cpu")
CLASSES = ("a", "b", "c")
SMALL: dict[str, dict[str, Any]] = {
    "bilstm": {"embedding_size": 16, "hidden_size": 16, "layers": 1},
    "transformer": {"embedding_size": 16, "hidden_size": 32, "layers": 1},
    "ngrams": {"embedding_size": 16, "buckets": 1024},
    "hashed": {"hashed_features": 256},
}
METHODS = ("ncm", "ridge", "slda")
every_method = pytest.mark.parametrize("name", METHODS)
every_pair = pytest.mark.parametrize(("name", "model"), [(name, model) for name in METHODS for model in MODELS])


def rows(seed: int, count: int = 40, labels: Sequence[int] = (0, 1, 2)) -> Examples:
    """Texts of random tokens, of very different length; tokens of a label's own come more often."""
    generator = np.random.default_rng(seed)
    drawn = generator.choice(labels, count)
    ids = []
    for label in drawn:
        length = generator.integers(1, 25)
        own = generator.random(length) < 0.3
        tokens = np.where(own, 10 * label + generator.integers(2, 6, length), generator.integers(2, 40, length))
        ids.append(tokens.tolist())
    return Examples(tuple(" ".join(map(str, row)) for row in ids), drawn.astype(np.int64), tuple(ids))


def experience(number: int, train: Examples, *, past: Examples | None = None, classes: int = 3) -> Experience:
    nothing = rows(0, 0)
    validation = rows(100 + number, 12, labels=range(classes))
    return classified(
        number, train, validation, past or nothing, nothing, CLASSES[:classes], lambda *_: nothing, classes
    )


def make(model: str = "hashed", classes: int = 3) -> TextNetwork:
    torch.manual_seed(0)
    return make_model(model, 40, classes, **SMALL.get(model, {})).eval()


def strategy(name: str, **settings: Any) -> ClosedForm:
    method = STRATEGIES[name].strategy()(STRATEGIES[name].config_class(**settings), memory=Memory(0))
    assert isinstance(method, ClosedForm)
    return method


def no_steps(model: TextNetwork, method: Strategy, step: Experience) -> Iterator[Any]:
    """Instead of training: what the first experience leaves is not these tests' concern."""
    yield from ()


def learn(model: TextNetwork, method: Strategy, step: Experience) -> list[Any]:
    events = list(method.learn(model, step, no_steps))
    method.end_experience(model, step)
    return events


def stream(name: str, batches: Sequence[Examples], model: str = "hashed", **settings: Any) -> tuple[Any, ClosedForm]:
    network, method = make(model), strategy(name, **settings)
    for number, batch in enumerate(batches, start=1):
        learn(network, method, experience(number, batch))
    return network, method


def head(method: ClosedForm) -> Coefficients:
    return method.own_coefficients().for_all(method.learned().counts > 0)


def logits(model: TextNetwork, examples: Examples) -> Tensor:
    return predict_logits(model, examples, CPU)


@every_pair
def test_an_update_equals_a_refit_on_everything(name: str, model: str) -> None:
    batches = [rows(1), rows(2, 7), rows(3, 90), rows(4, 30)]
    network, method = stream(name, batches, model)
    everything = batches[2].joined(batches[0]).joined(batches[3]).joined(batches[1])
    assert method.refit_difference(network, everything) < 1e-6
    assert method.refit_difference(network, everything.take(np.arange(1, len(everything)))) > 1e-6


@every_method
def test_the_order_of_batches_does_not_matter(name: str) -> None:
    first, rest = rows(1), [rows(2, 7), rows(3, 90), rows(4, 30)]
    method, other = (stream(name, [first, *order])[1] for order in (rest, rest[::-1]))
    assert head(method).difference(head(other)) < 1e-9


@every_pair
def test_removing_rows_equals_never_having_learned_them(name: str, model: str) -> None:
    kept, gone = rows(2, 50), rows(3, 20)
    network, method = stream(name, [rows(1), kept, gone], model)
    without, other = stream(name, [rows(1), kept], model)
    before = head(method)
    method.scale = other.scale
    change = method.forget(network, gone.take(np.arange(20)[::-1]))
    assert head(method).difference(head(other)) < 1e-6
    assert change == pytest.approx(before.difference(head(other)), abs=1e-6)
    torch.testing.assert_close(logits(network, rows(9)), logits(without, rows(9)), rtol=1e-4, atol=1e-5)


@every_method
def test_removing_every_row_of_a_label_equals_never_having_had_it(name: str) -> None:
    gone = rows(2, 30, labels=[2])
    network, method = stream(name, [rows(1, labels=[0, 1]), gone])
    _, other = stream(name, [rows(1, labels=[0, 1])])
    method.forget(network, gone)
    assert method.learned().counts[2] == 0
    assert head(method).difference(head(other)) < 1e-6
    assert not (logits(network, rows(9, 200)).argmax(dim=1) == 2).any()


@every_method
def test_what_was_removed_can_be_learned_again(name: str) -> None:
    batches = [rows(1), rows(2)]
    network, method = stream(name, batches)
    before = head(method)
    method.forget(network, batches[1])
    learn(network, method, experience(3, batches[1]))
    assert head(method).difference(before) < 1e-9


@every_method
@pytest.mark.parametrize(
    ("foreign", "key"),
    [
        (rows(50, 1), "strategy.never_learned"),
        (rows(1, 1).joined(rows(1, 1)), "strategy.never_learned"),
        (rows(1).joined(rows(2)), "strategy.nothing_left"),
    ],
)
def test_rows_that_were_never_learned_are_not_removed_silently(name: str, foreign: Examples, key: str) -> None:
    network, method = stream(name, [rows(1), rows(2)])
    before, weights = head(method), copy.deepcopy(network.state_dict())
    with pytest.raises(DataError) as caught:
        method.forget(network, foreign)
    assert caught.value.message.key == key
    assert head(method).difference(before) == 0
    assert all(torch.equal(value, weights[key]) for key, value in network.state_dict().items())


@every_method
def test_rows_that_are_encoded_again_in_another_batch_can_be_removed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Fewer rows than features, so that no sum of squares is to spare.
    network, method = stream(name, [rows(1, 6), rows(2, 6)], "transformer")
    exact = network.features
    monkeypatch.setattr(network, "features", lambda *read: exact(*read) * (1 + 1e-6))
    method.forget(network, rows(2, 6).take(np.arange(3)))
    assert method.learned().rows == 9
    with pytest.raises(DataError, match="never learned"):
        method.forget(network, rows(50, 1))


def test_only_what_was_counted_can_be_removed() -> None:
    with pytest.raises(ModelError, match="not learned by 'ridge'"):
        strategy("ridge").forget(make(), rows(1))


@every_method
def test_a_label_that_comes_later_is_learned_as_if_it_had_been_there_from_the_start(name: str) -> None:
    early, late = rows(1, 60, labels=[0, 1]), rows(2, 60, labels=[1, 2])
    network, method = make(classes=2), strategy(name)
    learn(network, method, experience(1, early, classes=2))
    network.grow_outputs(3)
    learn(network, method, experience(2, late))
    assert head(method).difference(head(stream(name, [early, late])[1])) < 1e-12
    answers = logits(network, late).argmax(dim=1).numpy()
    assert (answers == late.targets).mean() > 0.9


@pytest.mark.parametrize("before", METHODS)
@every_method
def test_changing_the_method_loses_nothing(before: str, name: str) -> None:
    network, method = stream(before, [rows(1), rows(2)])
    other = strategy(name)
    other.restore(method.state())
    assert not other.needs_past()
    learn(network, other, experience(3, rows(3)))
    assert head(other).difference(head(stream(name, [rows(1), rows(2), rows(3)])[1])) < 1e-9


@every_method
def test_an_update_of_another_kind_drops_the_sums_and_the_next_reads_the_past(name: str) -> None:
    network, method = stream(name, [rows(1), rows(2)])
    replay = STRATEGIES["replay"].strategy()(STRATEGIES["replay"].config_class(), memory=Memory(0))
    replay.restore(method.state())
    with torch.no_grad():
        network.head.weight.add_(0.1)  # as a gradient would
    again = strategy(name)
    again.restore(replay.state())
    assert again.needs_past()
    past = rows(1).joined(rows(2))
    step = experience(4, rows(3), past=past)
    assert len(again.training_set(step, 1)) == len(past) + len(rows(3))
    learn(network, again, step)
    assert again.learned().rows == len(past) + len(rows(3))
    assert again.refit_difference(network, past.joined(rows(3))) < 1e-9


@every_method
def test_no_text_is_kept(name: str, tmp_path: Path) -> None:
    _, method = stream(name, [rows(1), rows(2)])
    VersionFolder(tmp_path).save_state(method.state())
    assert not any(method.state()["memory"]["rows"].values())
    restored = strategy(name)
    restored.restore(VersionFolder(tmp_path).load_state())
    assert not restored.needs_past()
    assert len(json.dumps(VersionFolder(tmp_path)._read("state.json"))) < 500


@every_method
@pytest.mark.parametrize("kind", ["relu", "fourier"])
def test_random_features_are_kept_from_version_to_version(name: str, kind: str) -> None:
    batches = [rows(1), rows(2)]
    network, method = stream(name, batches, "ngrams", random_features=kind, feature_count=128)
    assert network.head.in_features == 128
    following = strategy(name)
    following.restore(method.state())
    assert not following.needs_past()
    learn(network, following, experience(3, rows(3)))
    assert following.refit_difference(network, batches[0].joined(batches[1]).joined(rows(3))) < 1e-6
    assert following.feature_map is not None
    assert following.feature_map.kind == kind


def test_random_features_outlive_an_update_of_another_kind() -> None:
    network, _ = stream("ridge", [rows(1), rows(2)], "ngrams", random_features="relu", feature_count=256)
    following = strategy("slda")  # nothing to restore: the update between has dropped the sums
    learn(network, following, experience(4, rows(4), past=rows(1).joined(rows(2)).joined(rows(3))))
    assert following.feature_map is not None
    assert (following.feature_map.kind, following.feature_map.width) == ("relu", 256)


def test_other_random_features_than_the_versions_need_the_past() -> None:
    _, method = stream("ridge", [rows(1), rows(2)], "ngrams", random_features="relu", feature_count=128)
    for settings, needed in (
        ({}, False),
        ({"random_features": "relu", "feature_count": 128}, False),
        ({"random_features": "relu", "feature_count": 256}, True),
        ({"random_features": "fourier", "feature_count": 128}, True),
        ({"random_features": "none"}, True),
    ):
        following = strategy("ridge", **settings)
        following.restore(method.state())
        assert following.needs_past() == needed
    network = make("ngrams")
    learn(network, following, experience(3, rows(3), past=rows(1).joined(rows(2))))
    assert following.learned().rows == 120
    assert network.head.in_features == 16


@every_method
def test_the_scale_makes_probabilities_and_changes_no_label(name: str) -> None:
    network, method = stream(name, [rows(1, 100), rows(2, 100)])
    assert method.scale > 0
    assert method.scale != 1.0
    scaled = logits(network, rows(9))
    method.scale = 1.0
    method._write(network, head(method))
    assert torch.equal(logits(network, rows(9)).argmax(dim=1), scaled.argmax(dim=1))


def test_the_figures_told_are_those_of_the_validation_rows() -> None:
    network, method = make(), strategy("ridge")
    learn(network, method, experience(1, rows(1)))
    before = copy.deepcopy(network)
    step = experience(2, rows(2, 1100))
    first, second, epoch, finished = learn(network, method, step)
    assert isinstance(first, StepDone)
    assert isinstance(second, StepDone)
    assert (first.step, first.steps, second.step, second.steps) == (1, 2, 2, 2)
    truth = torch.from_numpy(step.train.targets)
    loss = torch.nn.functional.cross_entropy(logits(before, step.train), truth)
    assert second.loss == pytest.approx(float(loss), rel=1e-5)
    assert isinstance(epoch, EpochDone)
    right = logits(network, step.validation).argmax(dim=1).numpy() == step.validation.targets
    assert epoch.scores["accuracy"] == pytest.approx(right.mean())
    predicted, there = logits(network, step.validation).argmax(dim=1).numpy(), step.validation.targets
    expected = f1_score(there, predicted, labels=np.unique(there), average="macro", zero_division=0)
    assert epoch.scores["macro_f1"] == pytest.approx(expected)
    assert isinstance(finished, Finished)
    assert (finished.best_epoch, str(finished.reason)) == (1, "Solved from sums over 1,140 rows.")


def test_few_new_rows_are_solved_with_the_old_factor_and_many_without() -> None:
    network, method = stream("ridge", [rows(1, 200)])
    assert isinstance(method, Ridge)
    for number, (count, since) in enumerate(((30, 30), (20, 50), (30, 0), (300, 0), (1, 1)), start=2):
        restored = strategy("ridge")  # 256 features: the factor serves for 64 rows
        restored.restore(method.state())
        method = restored
        learn(network, method, experience(number, rows(number, count)))
        assert method.factor is not None
        assert len(method.factor.since) == since
        assert head(method).difference(method.coefficients(method.learned())) < 1e-12


def test_another_penalty_is_solved_with_a_new_factor() -> None:
    network, method = stream("ridge", [rows(1), rows(2)])
    other = strategy("ridge", ridge_penalty=1.0)
    other.restore(method.state())
    learn(network, other, experience(3, rows(3, 5)))
    assert head(other).difference(other.coefficients(other.learned())) < 1e-12
