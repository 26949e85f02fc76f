"""EWC, MAS and SI on models small enough to compute by hand."""

from __future__ import annotations

import math

import pytest
import torch

from core.continual.methods.protecting import EwcConfig, MasConfig, SiConfig
from core.continual.strategies.ewc import ElasticWeightConsolidation
from core.continual.strategies.mas import MemoryAwareSynapses
from core.continual.strategies.si import DAMPING, SynapticIntelligence
from core.networks.architectures import MODELS
from core.networks.encoders.batches import make_batch
from core.tasks import DEFAULT, TASKS
from core.tasks import base as task_file
from tests.core.continual.strategies.toy import MINUS, ONE, TWO, ZERO, Line, rows, step

TASK = TASKS[DEFAULT]

CPU = torch.device("cpu")
LOG3 = math.log(3)  # logits (0, log 3) mean probabilities (1/4, 3/4)


def ewc(**settings: object) -> ElasticWeightConsolidation:
    return ElasticWeightConsolidation(EwcConfig(**settings), seed=0)


def test_the_fisher_information_of_a_logistic_model() -> None:
    # Closed form: F of W_c is the mean of p_c (1 - p_c) x², of b_c that of p_c (1 - p_c).
    # x = 1: p = (1/4, 3/4), p (1 - p) = 3/16. x = 0: p = (1/2, 1/2), p (1 - p) = 1/4.
    information = ewc().measure(Line([0, LOG3]), rows(ONE, ZERO), 2, TASK)
    assert information["head.weight"].flatten().tolist() == pytest.approx([3 / 32, 3 / 32])
    assert information["head.bias"].tolist() == pytest.approx([7 / 32, 7 / 32])


def test_the_fisher_information_is_of_each_row_and_not_of_their_mean() -> None:
    # The gradients of x = 1 and x = -1 cancel in a batch; each alone has p (1 - p) x² = 1/4.
    information = ewc().measure(Line([0.0, 0.0]), rows(ONE, MINUS), 2, TASK)
    assert information["head.weight"].flatten().tolist() == pytest.approx([1 / 4, 1 / 4])


def test_labels_drawn_from_the_model_give_the_same_information(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_file, "EXACT_OUTPUTS", 1)
    information = ewc(ewc_rows=1000).measure(Line([0, LOG3]), rows(*[ONE] * 1000), 2, TASK)
    # One row gives (3/4)² with probability 1/4 and (1/4)² with 3/4: mean 3/16, standard deviation 0.22; of 1,000: 0.007.
    assert float(information["head.bias"][0]) == pytest.approx(3 / 16, abs=4 * 0.007)


def test_labels_that_the_model_does_not_know_have_no_information() -> None:
    information = ewc().measure(Line([0, LOG3, 5]), rows(ONE), 2, TASK)
    assert information["head.bias"].tolist() == pytest.approx([3 / 16, 3 / 16, 0])


def test_no_more_rows_are_measured_than_asked() -> None:
    # All rows have x = 2 except the 50 with x = 0; a mean over all would lie between.
    many = rows(*[TWO] * 100, *[ZERO] * 50)
    whole, part = (ewc(ewc_rows=count).measure(Line([0.0, 0.0]), many, 2, TASK) for count in (5000, 50))
    assert float(whole["head.weight"][0]) == pytest.approx(4 * 100 / 150 / 4)
    assert float(part["head.weight"][0]) * 50 == pytest.approx(round(float(part["head.weight"][0]) * 50))


def penalised(method: ElasticWeightConsolidation, *, theta: float) -> float:
    """The gradient that the penalty adds to the first bias, standing at theta."""
    model = Line([0.0, 0.0], [theta, 0.0])
    model.head.bias.grad = torch.zeros(2)
    method.adjust_gradients(model, make_batch(rows(ONE), [0], CPU))
    return float(model.head.bias.grad[0])


def merged(method: ElasticWeightConsolidation) -> ElasticWeightConsolidation:
    """Importance 1 at θ = 0, then importance 3 at θ = 1."""
    for importance, theta in ((1.0, 0.0), (3.0, 1.0)):
        model = Line([0.0, 0.0], [theta, 0.0])
        method._fit(model)
        method.merge(
            {name: torch.full_like(parameter, importance) for name, parameter in model.named_parameters()}, model
        )
    return method


def test_separate_experiences_pull_to_their_own_weights() -> None:
    # ½ λ [1 (θ - 0)² + 3 (θ - 1)²] has the gradient λ (4 θ - 3).
    method = merged(ewc(ewc_strength=10.0))
    assert penalised(method, theta=1.0) == pytest.approx(10 * 1.0)
    assert penalised(method, theta=0.75) == pytest.approx(0)


def test_online_pulls_to_the_last_weights_and_lets_the_past_fade() -> None:
    # A = ½ · 1 + 3 = 3.5, centred at 1: λ 3.5 (θ - 1).
    method = merged(ewc(ewc_strength=10.0, ewc_variant="online", ewc_decay=0.5))
    assert penalised(method, theta=1.0) == pytest.approx(0)
    assert penalised(method, theta=2.0) == pytest.approx(35)


def test_only_touched_rows_of_a_sparse_gradient_are_penalised() -> None:
    torch.manual_seed(0)
    model = MODELS["ngrams"].network()(
        MODELS["ngrams"].config_class(embedding_size=8, buckets=1024, longest_ngram=1), 10, 2
    )
    batch = make_batch(rows(3, 4), [0, 1], CPU)
    model(batch.tokens, batch.mask).sum().backward()
    plain = model.embedding.weight.grad.to_dense()
    method = ewc(ewc_strength=2.0)
    method._fit(model)
    for name in method.importance:
        method.importance[name] += 1.0  # pulls to 0: 2 · 1 · θ is added
    method.adjust_gradients(model, batch)
    expected = plain.clone()
    expected[3:5] += 2.0 * model.embedding.weight.detach()[3:5]
    assert model.embedding.weight.grad.is_sparse
    assert torch.equal(model.embedding.weight.grad.to_dense(), expected)


def test_what_has_grown_has_no_importance_yet() -> None:
    method = ewc()
    method.end_experience(Line([0, LOG3]), step(1, rows(ONE)))
    before = method.importance["head.bias"].clone()
    model = Line([0, LOG3])
    model.grow_outputs(4)
    method.begin_experience(model, step(2, rows(ONE), classes="abcd", known=2))
    assert method.importance["head.bias"].tolist() == [*before.tolist(), 0, 0]
    assert method.pull["head.weight"].shape == (4, 1)


def test_the_past_of_a_version_of_another_strategy_is_measured_afterwards() -> None:
    model, train = Line([0, LOG3]), rows(ONE, ZERO, TWO)
    watched, late = ewc(), ewc()
    assert late.needs_past()
    watched.end_experience(model, step(1, train))
    late.begin_experience(model, step(2, rows(MINUS), known=2, past=train))
    for name in watched.importance:
        assert torch.equal(late.importance[name], watched.importance[name])
        assert torch.equal(late.pull[name], watched.pull[name])
    late.end_experience(model, step(2, rows(MINUS), known=2))
    assert not late.needs_past()
    assert not ewc(ewc_strength=0.0).needs_past()


def test_three_past_experiences_count_three_times() -> None:
    model, train = Line([0, LOG3]), rows(ONE)
    once, thrice = ewc(), ewc()
    once.begin_experience(model, step(2, train, known=2, past=train))
    thrice.begin_experience(model, step(4, train, known=2, past=train))
    assert torch.allclose(thrice.importance["head.bias"], 3 * once.importance["head.bias"])


def test_one_strategy_does_not_take_the_importance_of_another() -> None:
    method = MemoryAwareSynapses(MasConfig(), seed=0)
    method.end_experience(Line([0, LOG3]), step(1, rows(ONE)))
    other = ewc()
    other.restore(method.state())
    assert other.needs_past()


def test_memory_aware_synapses_by_hand() -> None:
    # f = (1 x, -2 x): d‖f‖² / dW_c = 2 f_c x. x = 1: 2, -4. x = 2: 2 · 2 · 2 = 8, -16. Mean of the sizes: 5 and 10.
    method = MemoryAwareSynapses(MasConfig(), seed=0)
    importance = method.measure(Line([1.0, -2.0]), rows(ONE, TWO), 2, TASK)
    assert importance["head.weight"].flatten().tolist() == pytest.approx([5, 10])
    # d‖f‖² / db_c = 2 f_c: 2 and 4, -4 and -8.
    assert importance["head.bias"].tolist() == pytest.approx([3, 6])


def test_synaptic_intelligence_adds_up_the_path_on_a_quadratic() -> None:
    # Loss ½ θ², steps of half the gradient: θ goes 1, 0.5, 0.25; ω = 1 · 0.5 + 0.5 · 0.25 = 0.625.
    method = SynapticIntelligence(SiConfig(), seed=0)
    model = Line([0.0, 0.0], [1.0, 0.0])
    method.begin_experience(model, step(1, rows(ONE)))
    batch = make_batch(rows(ONE), [0], CPU)
    for _ in range(2):
        model.head.bias.grad = model.head.bias.detach().clone()
        method.adjust_gradients(model, batch)
        with torch.no_grad():
            model.head.bias -= 0.5 * model.head.bias.grad
        method.after_step(model)
    path = method.running_state()["path.head.bias"]
    assert path.tolist() == pytest.approx([0.625, 0])
    method._best_path = method._path
    assert method.measure(model, rows(ONE), 2, TASK)["head.bias"].tolist() == pytest.approx(
        [0.625 / (0.75**2 + DAMPING), 0]
    )


def test_synaptic_intelligence_follows_sparse_gradients() -> None:
    torch.manual_seed(0)
    model = MODELS["ngrams"].network()(
        MODELS["ngrams"].config_class(embedding_size=8, buckets=1024, longest_ngram=1), 10, 2
    )
    method = SynapticIntelligence(SiConfig(), seed=0)
    method.begin_experience(model, step(1, rows(3)))
    batch = make_batch(rows(3, 3), [0, 1], CPU)
    model(batch.tokens, batch.mask)[:, 0].sum().backward()
    gradient = model.embedding.weight.grad.to_dense().clone()
    method.adjust_gradients(model, batch)
    with torch.no_grad():
        model.embedding.weight -= 0.1 * gradient
    method.after_step(model)
    torch.testing.assert_close(method.running_state()["path.embedding.weight"], 0.1 * gradient.square())
    assert float(gradient[3].abs().sum()) > 0


def test_the_penalty_is_no_part_of_the_path() -> None:
    method = SynapticIntelligence(SiConfig(si_strength=5.0), seed=0)
    model = Line([0.0, 0.0], [1.0, 0.0])
    method._fit(model)
    method.importance = {name: torch.ones_like(value) for name, value in method.importance.items()}
    method.begin_experience(model, step(2, rows(ONE)))
    model.head.bias.grad = torch.tensor([2.0, 0.0])
    method.adjust_gradients(model, make_batch(rows(ONE), [0], CPU))
    assert model.head.bias.grad.tolist() == pytest.approx([2 + 5 * 1, 0])
    with torch.no_grad():
        model.head.bias -= torch.tensor([0.1, 0.0])
    method.after_step(model)
    assert method.running_state()["path.head.bias"].tolist() == pytest.approx([2 * 0.1, 0])


def test_synaptic_intelligence_says_when_it_protects_nothing() -> None:
    method = SynapticIntelligence(SiConfig(), seed=0)
    assert not method.needs_past()
    remark = method.remark()
    assert remark is not None
    assert remark.key == "strategy.si_unprotected"
    model = Line([0.0, 0.0])
    method.begin_experience(model, step(1, rows(ONE)))
    method.end_experience(model, step(1, rows(ONE)))
    assert method.remark() is None
    assert SynapticIntelligence(SiConfig(si_strength=0.0), seed=0).remark() is None
