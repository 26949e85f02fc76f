"""Replay, DER, DER++, A-GEM, GDumb and LwF, with numbers worked out by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.continual.methods import STRATEGIES
from core.continual.strategies import Memory
from core.continual.strategies.agem import dot, project
from core.continual.strategies.der import DarkExperienceReplay, distance
from core.networks.architectures import MODELS
from core.networks.encoders.batches import make_batch
from core.tasks import DEFAULT, TASKS
from tests.core.continual.strategies.test_contract import SMALL, experience, learn, learner, make, story, strategy
from tests.core.continual.strategies.toy import ONE, TWO, ZERO, Line, rows, step
from tests.encoders import make_model

CPU = torch.device("cpu")


def sparse(rows: list[int], values: list[list[float]]) -> torch.Tensor:
    return torch.sparse_coo_tensor([rows], values, (5, 2), check_invariants=True)


# -- replay and joint


def test_replay_mixes_as_many_remembered_rows_as_asked() -> None:
    method = strategy("replay", replay_ratio=0.5)
    method.end_experience(make("ngrams"), experience(1))
    new = experience(2)
    mixed = method.training_set(new, 1)
    assert len(mixed) == 24 + 12
    assert mixed.texts[:24] == new.train.texts
    assert set(mixed.texts[24:]) <= set(method.memory.examples()[0])
    assert method.training_set(new, 2).texts != mixed.texts


def test_replay_chooses_its_epoch_on_new_rows_alone() -> None:
    # Remembered rows were learned before: they would score near 1 in every epoch.
    method = strategy("replay")
    method.end_experience(make("ngrams"), experience(1))
    new = experience(2)
    assert method.validation_set(new) is new.validation


@pytest.mark.parametrize("model", MODELS)
def test_frozen_layers_stay_in_an_update_and_can_move_afterwards(model: str) -> None:
    method = strategy("replay", frozen_layers=6)
    first = learn(make(model), method, experience(1))
    network = learner(model, first, method.declared)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = learn(network, method, experience(2))
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    assert moved == {"head.weight", "head.bias"}
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_part_of_the_layers_can_be_frozen() -> None:
    method = strategy("replay", frozen_layers=1)
    network = learner("bilstm", learn(make("bilstm"), method, experience(1)), method.declared)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = learn(network, method, experience(2))
    assert {name for name in after if torch.equal(after[name], before[name])} == {"embedding.weight"}


def test_joint_learns_from_everything() -> None:
    assert len(strategy("joint").training_set(experience(2, past=True), 1)) == 48


# -- dark experience replay


def test_answers_are_compared_over_the_labels_there_were() -> None:
    logits = torch.tensor([[1.0, 2.0, 9.0], [0.0, 4.0, 3.0]])
    answers = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    answered = torch.tensor([[True, True, False], [True, True, True]])
    # (1 + 4) + (0 + 9 + 4) over 5 entries; the 9 is a label that came later
    assert float(distance(logits, answers, answered)) == pytest.approx(18 / 5)
    assert float(distance(logits, answers, torch.zeros(2, 3, dtype=torch.bool))) == 0


def test_remembered_rows_get_the_parents_answers_once() -> None:
    method = DarkExperienceReplay(STRATEGIES["der"].config_class(), memory=Memory(10))
    method.end_experience(Line([1.0, -1.0]), step(1, rows(TWO, labels=[1])))
    assert method.memory.logits() == [None]
    parent = Line([1.0, -1.0, 7.0])  # with a new label, of which the parent knew nothing
    method.begin_experience(parent, step(2, rows(ONE), classes="abc", known=2))
    assert method.memory.logits() == [(2.0, -2.0)]
    assert method.answers.tolist() == [[2.0, -2.0, 0.0]]
    assert method.answered.tolist() == [[True, True, False]]

    method.end_experience(parent, step(2, rows(ONE, labels=[2]), classes="abc", known=2))
    method.restore(json.loads(json.dumps(method.state())))
    method.begin_experience(Line([5.0, 5.0, 5.0]), step(3, rows(ONE), classes="abc", known=3))
    assert sorted(zip(*method.memory.examples(), method.memory.logits(), strict=True)) == [
        (str(ONE), "c", (5.0, 5.0, 5.0)),
        (str(TWO), "b", (2.0, -2.0)),
    ]


def loss_of(name: str, **settings: Any) -> float:
    """After learning that x = 2 is the second label and answering (2, -2) for it, the loss at W = 0 of a new row."""
    method = STRATEGIES[name].strategy()(STRATEGIES[name].config_class(**settings), memory=Memory(10))
    method.end_experience(Line([1.0, -1.0]), step(1, rows(TWO, labels=[1])))
    method.begin_experience(Line([1.0, -1.0]), step(2, rows(ZERO), known=2))
    return method.loss(Line([0.0, 0.0]), make_batch(rows(ZERO), [0], CPU), nn.CrossEntropyLoss()).item()


def test_the_losses_of_der_and_derpp_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.continual.strategies.rehearsal.HIDDEN", 0.0)
    # New row: log 2. Remembered row: the answers (0, 0) are (4 + 4) / 2 away from (2, -2); its label costs log 2.
    assert loss_of("der", der_alpha=0.5) == pytest.approx(math.log(2) + 0.5 * 4)
    assert loss_of("derpp", der_alpha=0.5, der_beta=2.0) == pytest.approx(math.log(2) + 0.5 * 4 + 2 * math.log(2))
    assert loss_of("derpp", der_alpha=0.0, der_beta=2.0) == pytest.approx(3 * math.log(2))


# -- A-GEM


def test_a_gradient_against_the_past_loses_that_part() -> None:
    # g = (1, -2), r = (0, 1): g · r = -2 < 0, so g becomes (1, -2) + 2 (0, 1) = (1, 0).
    assert project([torch.tensor([1.0, -2.0])], [torch.tensor([0.0, 1.0])])[0].tolist() == [1.0, 0.0]  # type: ignore[union-attr]
    # g = (3, -1), r = (-1, 1): g · r = -4, r · r = 2; g + 2 r = (1, 1).
    assert project([torch.tensor([3.0, -1.0])], [torch.tensor([-1.0, 1.0])])[0].tolist() == [1.0, 1.0]  # type: ignore[union-attr]


def test_a_gradient_that_does_not_harm_the_past_stays() -> None:
    gradients = [torch.tensor([1.0, 2.0])]
    assert project(gradients, [torch.tensor([0.0, 1.0])]) is gradients
    assert project(gradients, [torch.tensor([0.0, 0.0])]) is gradients


def test_dense_and_sparse_parts_are_one_vector() -> None:
    dense, other = torch.tensor([1.0]), torch.tensor([1.0])
    gradient, reference = sparse([1, 3], [[1, 0], [0, 2]]), sparse([3, 4], [[0, -2], [1, 0]])
    assert dot(gradient, reference) == -4
    # Together 1 - 4 = -3; r · r = 1 + 4 + 1 = 6; both get + ½ r.
    projected = project([dense, gradient, None], [other, reference, None])
    assert projected[0].tolist() == [1.5]  # type: ignore[union-attr]
    assert projected[1].is_sparse  # type: ignore[union-attr]
    assert projected[1].to_dense().tolist() == [[0, 0], [1, 0], [0, 0], [0, 1], [0.5, 0]]  # type: ignore[union-attr]
    assert projected[2] is None


def test_sparse_parts_without_a_common_row_have_no_product() -> None:
    assert dot(sparse([1], [[1, 1]]), sparse([2], [[1, 1]])) == 0
    assert dot(sparse([4], [[1, 1]]), sparse([2], [[1, 1]])) == 0


# -- GDumb


def test_gdumb_learns_from_the_memory_as_it_will_be() -> None:
    method = strategy("gdumb", memory=20)
    method.end_experience(make("ngrams"), experience(1))
    learned, held_out = method.training_set(experience(2), 1), method.validation_set(experience(2))
    assert (len(learned), len(held_out)) == (18, 2)
    method.end_experience(make("ngrams", number=2), experience(2))
    assert sorted(learned.texts + held_out.texts) == sorted(method.memory.examples()[0])
    counts = np.bincount(learned.joined(held_out).targets)
    assert counts.max() - counts.min() <= 1


def test_gdumb_without_memory_is_fine_tuning() -> None:
    method, new = strategy("gdumb", memory=20), experience(2)
    assert method.training_set(new, 1) is new.train
    assert method.validation_set(new) is new.validation


def test_gdumb_with_herding_learns_from_a_memory_of_the_same_size() -> None:
    method = STRATEGIES["gdumb"].strategy()(STRATEGIES["gdumb"].config_class(), memory=Memory(20, selection="herding"))
    method.end_experience(make("ngrams"), experience(1))
    assert len(method.training_set(experience(2), 1)) == 18
    method.end_experience(make("ngrams", number=2), experience(2))
    assert len(method.memory) == 20


# -- learning without forgetting


def test_distillation_by_hand() -> None:
    # Old (1/2, 1/2), new (1/4, 3/4): ½ log 2 + ½ log ⅔ = ½ log 4/3; the third label is new and does not count.
    apart = TASKS[DEFAULT].apart
    old, new = torch.tensor([[0.0, 0.0, 5.0]]), torch.tensor([[0.0, math.log(3), -2.0]])
    assert float(apart(new, old, None, 2, 1.0)) == pytest.approx(0.5 * math.log(4 / 3))
    # At temperature 2, twice the logits give the same distributions, and T² = 4 times the value.
    assert float(apart(2 * new, 2 * old, None, 2, 2.0)) == pytest.approx(4 * 0.5 * math.log(4 / 3))
    assert float(apart(old, old, None, 2, 2.0)) == pytest.approx(0)
    rows = torch.cat([new, old])
    assert float(apart(rows, old.expand(2, 3), None, 2, 1.0)) == pytest.approx(0.25 * math.log(4 / 3))


def test_the_teacher_is_the_version_before_and_does_not_learn() -> None:
    method = STRATEGIES["lwf"].strategy()(STRATEGIES["lwf"].config_class(lwf_strength=2.0, lwf_temperature=1.0))
    model = Line([0.0, math.log(3)])
    method.begin_experience(model, step(2, rows(ONE), known=2))
    with torch.no_grad():
        model.head.weight.zero_()
    batch = make_batch(rows(ONE), [0], CPU)
    # -log ½ of the label, and twice KL((1/4, 3/4) ‖ (1/2, 1/2)) = ¼ log ½ + ¾ log 3/2
    expected = math.log(2) + 2 * (0.25 * math.log(0.5) + 0.75 * math.log(1.5))
    assert method.loss(model, batch, nn.CrossEntropyLoss()).item() == pytest.approx(expected)


# -- what all of them say


@pytest.mark.parametrize("name", [name for name, kind in STRATEGIES.items() if kind.rehearses])
def test_an_empty_memory_is_remarked_on(name: str) -> None:
    method = strategy(name)
    remark = method.remark()
    assert remark is not None
    assert remark.key == "strategy.memory_empty"
    method.restore(story(name, "ngrams").state)
    assert method.remark() is None


@pytest.mark.parametrize("model", MODELS)
def test_layers_are_listed_from_the_bottom_without_the_head(model: str) -> None:
    network = make_model(model, 40, 2, **{**SMALL.get(model, {}), **more(model)})
    layers = network.layers_from_bottom()
    listed = [id(parameter) for layer in layers for parameter in layer]
    head = {id(parameter) for parameter in network.head.parameters()}
    assert sorted(listed) == sorted({id(parameter) for parameter in network.parameters()} - head)
    assert len(layers) == {"bilstm": 3, "transformer": 3, "ngrams": 1, "hashed": 0, "linear": 1, "encoder": 3}[model]
    if layers:
        words = network.encoder.get_input_embeddings() if model == "encoder" else network.embedding
        assert any(parameter is words.weight for parameter in layers[0])


def more(model: str) -> dict[str, int]:
    return {"layers": 2} if model in ("bilstm", "transformer") else {}
